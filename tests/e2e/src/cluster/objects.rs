//! What tests, and the cluster itself, put into the API server.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{Client, JSON};
use super::kinds::Kind;
use super::{injector, programs};

/// How often what is not there yet is looked for again.
const PAUSE: Duration = Duration::from_millis(10);
/// How long it may take until it is there.
const PATIENCE: Duration = Duration::from_secs(120);

/// Installs CustomResourceDefinitions and the injection of sidecars by the node at this address; returns once they work.
///
/// # Errors
/// When the API server refuses one of them.
pub(crate) async fn install(owner: &Client, definitions: &[Value], node: SocketAddr) -> io::Result<()> {
    for definition in definitions {
        put(owner, definition).await?;
    }
    for definition in definitions {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (group, version) = (text(&definition["spec"]["group"]), text(&definition["spec"]["versions"][0]["name"]));
        let path = format!("/apis/{group}/{version}/{}", text(&definition["spec"]["names"]["plural"]));
        until(&path, || async { Ok(owner.find(&path).await?.is_some()) }).await?;
    }
    injector::install(owner, node).await
}

/// Waits until pods can start in a namespace.
///
/// # Errors
/// When its service account does not come.
pub(crate) async fn populated(owner: &Client, namespace: &str) -> io::Result<()> {
    for (resource, name) in [("serviceaccounts", "default"), ("configmaps", "kube-root-ca.crt")] {
        let path = Kind::named(resource).path(namespace, name);
        until(&path, || async { Ok(owner.find(&path).await?.is_some()) }).await?;
    }
    Ok(())
}

/// Creates an object. A workload is waited for.
///
/// # Errors
/// What the API server has against it, or that pods do not become ready.
pub(crate) async fn put(owner: &Client, object: &Value) -> io::Result<()> {
    let kind = Kind::of(object).ok_or_else(|| io::Error::other(format!("no such kind in kinds.rs: {object}")))?;
    let (namespace, name) = (&object["metadata"]["namespace"], &object["metadata"]["name"]);
    let namespace = namespace.as_str().unwrap_or_default();
    let path = format!("{}?fieldManager={}&fieldValidation=Strict", kind.path(namespace, ""), programs::OWNER);
    owner.ok(Method::POST, &path, JSON, Some(object)).await?;
    if object["spec"]["template"].is_null() {
        return Ok(());
    }
    let path = kind.path(namespace, name.as_str().unwrap_or_default());
    until(&path, || async { Ok(owner.find(&path).await?.is_some_and(|workload| is_rolled_out(&workload))) }).await
}

/// Changes an object, again if another writer came before.
///
/// # Errors
/// When there is no such object, or what the API server has against the change.
pub(crate) async fn edit(owner: &Client, path: &str, edit: impl Fn(&mut Value)) -> io::Result<()> {
    let put = format!("{path}?fieldManager={}&fieldValidation=Strict", programs::OWNER);
    loop {
        let mut object = owner.ok(Method::GET, path, JSON, None).await?;
        edit(&mut object);
        match owner.call(Method::PUT, &put, JSON, Some(&object)).await? {
            (status, _) if status.is_success() => return Ok(()),
            (StatusCode::CONFLICT, _) => {}
            (status, answer) => return Err(io::Error::other(format!("PUT {path}: {status}: {}", answer["message"]))),
        }
    }
}

/// Whether all pods of a workload are ready, and of its template as it is.
fn is_rolled_out(workload: &Value) -> bool {
    let (status, number) = (&workload["status"], |value: &Value| value.as_u64().unwrap_or(0));
    let (wanted, updated, ready) = if workload["kind"] == "DaemonSet" {
        ("desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable")
    } else {
        ("replicas", "updatedReplicas", "availableReplicas")
    };
    let wanted = number(if workload["kind"] == "DaemonSet" { &status[wanted] } else { &workload["spec"][wanted] });
    status["observedGeneration"] == workload["metadata"]["generation"]
        && number(&status[updated]) == wanted
        && number(&status[ready]) == wanted
}

/// Waits until this holds.
///
/// # Errors
/// When it does not in time, or cannot be told.
pub(crate) async fn until<F>(what: &str, holds: impl Fn() -> F) -> io::Result<()>
where
    F: Future<Output = io::Result<bool>>,
{
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds().await? {
        if tokio::time::Instant::now() > deadline {
            let message = format!("waited {} s in vain for {what}", PATIENCE.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// The labels of a namespace that a test asks for.
pub(crate) fn namespace(name: &str, labels: &Value) -> Value {
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels } })
}
