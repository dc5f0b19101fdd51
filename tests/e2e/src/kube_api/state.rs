//! What the calls share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::Request;

use super::call::Call;
use super::exec::{Exec, Output};
use super::store::Store;

/// Answers `kubectl exec`.
pub(crate) type Program = Arc<dyn Fn(&Exec) -> Output + Send + Sync>;

/// A call, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    /// `GET`, `PATCH` …
    pub method: String,
    /// `/api/v1/namespaces/shop/configmaps/rules`
    pub path: String,
    /// `dryRun=All&fieldManager=kubectl`, encoded.
    pub query: String,
}

/// The objects, and what was called.
#[derive(Default)]
pub(crate) struct State {
    store: Mutex<Store>,
    requests: Mutex<Vec<Requested>>,
    refused: Mutex<Vec<String>>,
    changes: Mutex<Vec<String>>,
    program: Mutex<Option<Program>>,
}

impl State {
    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    pub(crate) fn program(&self) -> Option<Program> {
        lock(&self.program).clone()
    }

    pub(crate) fn set_program(&self, program: Program) {
        *lock(&self.program) = Some(program);
    }

    pub(crate) fn requested<T>(&self, request: &Request<T>) {
        let (method, uri) = (request.method().to_string(), request.uri());
        let (path, query) = (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
        lock(&self.requests).push(Requested { method, path, query });
    }

    pub(crate) fn requests(&self) -> Vec<Requested> {
        lock(&self.requests).clone()
    }

    pub(crate) fn refuse(&self, call: String) {
        lock(&self.refused).push(call);
    }

    pub(crate) fn refused(&self) -> Vec<String> {
        lock(&self.refused).clone()
    }

    pub(crate) fn changed(&self, call: &Call<'_>, name: &str) {
        let slash = if call.target.resource.namespaced { "/" } else { "" };
        let change = format!("{} {} {}{slash}{name}", call.method, call.target.resource.plural, call.namespace());
        lock(&self.changes).push(change);
    }

    pub(crate) fn changes(&self) -> Vec<String> {
        lock(&self.changes).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
