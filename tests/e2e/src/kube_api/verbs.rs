//! The verbs: which there are, and GET and DELETE.

use std::sync::Arc;
use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::call::Call;
use super::change;
use super::selector::Selector;
use super::state::State;
use super::status::{Answer, Failure, answer};
use super::watch::Watch;

/// Answers a call; nothing when it is not known.
pub(crate) fn handle(state: &Arc<State>, call: &Call<'_>) -> Option<Answer> {
    if !call.is_known() {
        return None;
    }
    let result = match (call.method, &call.target.name) {
        (&Method::GET, None) if call.parameter("watch") == "true" => Ok(watch(state, call)),
        (&Method::GET, None) => Ok(list(state, call)),
        (&Method::GET, Some(name)) => get(state, call, name),
        (&Method::POST, None) => change::create(state, call),
        (&Method::PATCH, Some(name)) => change::patch(state, call, name),
        (&Method::PUT, Some(name)) => change::replace(state, call, name),
        (&Method::DELETE, Some(name)) => delete(state, call, name),
        _ => return None,
    };
    Some(result.unwrap_or_else(Answer::from))
}

fn selector(call: &Call<'_>) -> Selector {
    let text = |name: &str| call.parameter(name).to_owned();
    Selector { labels: text("labelSelector"), fields: text("fieldSelector") }
}

fn watch(state: &Arc<State>, call: &Call<'_>) -> Answer {
    let initial = call.parameter("sendInitialEvents") == "true";
    let after = call.parameter("resourceVersion").parse().ok().filter(|version| *version > 0 && !initial);
    let timeout = Duration::from_secs(call.parameter("timeoutSeconds").parse().unwrap_or(600));
    let (resource, namespace) = (call.target.resource, call.target.namespace.clone());
    Watch { resource, namespace, selector: selector(call), after, initial, timeout }.start(Arc::clone(state))
}

fn list(state: &State, call: &Call<'_>) -> Answer {
    let (store, selector) = (state.store(), selector(call));
    let (resource, namespace) = (call.target.resource, call.target.namespace.as_deref());
    let items: Vec<&Value> = store.list(resource, namespace).filter(|object| selector.fits(object)).collect();
    let body = json!({
        "apiVersion": resource.api_version(), "kind": format!("{}List", resource.kind),
        "metadata": { "resourceVersion": store.version().to_string() }, "items": items,
    });
    answer(StatusCode::OK, &body)
}

fn get(state: &State, call: &Call<'_>, name: &str) -> Result<Answer, Failure> {
    let (store, resource) = (state.store(), call.target.resource);
    let object = store.get(resource, call.namespace(), name).ok_or_else(|| Failure::not_found(resource, name))?;
    Ok(answer(StatusCode::OK, object))
}

fn delete(state: &State, call: &Call<'_>, name: &str) -> Result<Answer, Failure> {
    let resource = call.target.resource;
    let mut store = state.store();
    let object = store.get(resource, call.namespace(), name).cloned();
    let object = object.ok_or_else(|| Failure::not_found(resource, name))?;
    let options = if call.body.is_empty() { Value::Null } else { call.json()? };
    if !call.is_dry() && options["dryRun"].is_null() {
        state.changed(call, name);
        store.remove(resource, &object);
    }
    let details =
        json!({ "name": name, "group": resource.group, "kind": resource.plural, "uid": object["metadata"]["uid"] });
    let status =
        json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details });
    Ok(answer(StatusCode::OK, &status))
}
