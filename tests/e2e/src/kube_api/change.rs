//! POST, PUT, and PATCH in its four forms.

use hyper::StatusCode;
use serde_json::Value;

use super::call::Call;
use super::resources;
use super::state::State;
use super::status::{Answer, Failure, answer};
use super::store::Store;
use super::{managed, merge, validation};

const JSON_PATCH: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

/// Answers a PATCH.
pub(crate) fn patch(state: &State, call: &Call<'_>, name: &str) -> Result<Answer, Failure> {
    let (resource, mut store) = (call.target.resource, state.store());
    let old = store.get(resource, call.namespace(), name).cloned();
    if call.content_type == APPLY {
        let is_forced = call.parameter("force") == "true";
        let object = managed::apply(resource, call.manager(), old.as_ref(), &call.object()?, is_forced)?;
        return write(state, &mut store, call, old, object);
    }
    let old = old.ok_or_else(|| Failure::not_found(resource, name))?;
    let (mut object, patch) = (old.clone(), call.json()?);
    match call.content_type {
        MERGE => json_patch::merge(&mut object, &patch),
        STRATEGIC if !resource.is_custom() => merge::strategic(&mut object, &patch)?,
        JSON_PATCH => {
            let wrong = |error: &dyn std::fmt::Display| Failure::bad_request(format!("the JSON patch: {error}"));
            let patch: json_patch::Patch = serde_json::from_value(patch).map_err(|error| wrong(&error))?;
            json_patch::patch(&mut object, &patch).map_err(|error| wrong(&error))?;
        }
        other => {
            let right = [JSON_PATCH, MERGE, APPLY].join(", ");
            return Err(Failure::unsupported_media_type(other, &right));
        }
    }
    write(state, &mut store, call, Some(old), object)
}

/// Answers a PUT.
pub(crate) fn replace(state: &State, call: &Call<'_>, name: &str) -> Result<Answer, Failure> {
    let mut store = state.store();
    let old = store.get(call.target.resource, call.namespace(), name).cloned();
    let old = old.ok_or_else(|| Failure::not_found(call.target.resource, name))?;
    write(state, &mut store, call, Some(old), call.object()?)
}

/// Answers a POST.
pub(crate) fn create(state: &State, call: &Call<'_>) -> Result<Answer, Failure> {
    let (object, mut store) = (call.object()?, state.store());
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    if store.get(call.target.resource, call.namespace(), name).is_some() {
        return Err(Failure::already_exists(call.target.resource, name));
    }
    write(state, &mut store, call, None, object)
}

/// Checks and stores what a call made of `old`, unless it is only to be tried.
fn write(
    state: &State,
    store: &mut Store,
    call: &Call<'_>,
    old: Option<Value>,
    mut object: Value,
) -> Result<Answer, Failure> {
    let resource = call.target.resource;
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let namespaces = resources::named("namespaces");
    if let Some(wanted) = call.target.name.as_ref().filter(|wanted| **wanted != name) {
        let message = format!("the name of the object ({name}) does not match the name on the URL ({wanted})");
        return Err(Failure::bad_request(message));
    }
    if resource.namespaced && old.is_none() && store.get(namespaces, "", call.namespace()).is_none() {
        return Err(Failure::not_found(namespaces, call.namespace()));
    }
    // who names a version means that one
    let version = &object["metadata"]["resourceVersion"];
    if old.as_ref().is_some_and(|old| !version.is_null() && *version != old["metadata"]["resourceVersion"]) {
        return Err(Failure::conflict(resource, &name));
    }
    // only controllers write the status
    if let Some(object) = object.as_object_mut() {
        object.remove("status");
        let status = old.as_ref().and_then(|old| old.get("status"));
        object.extend(status.map(|status| ("status".to_owned(), status.clone())));
    }
    if call.content_type != APPLY {
        managed::update(resource, call.manager(), old.as_ref(), &mut object);
    }
    validation::check(resource, old.as_ref(), &object)?;
    let code = if old.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    if call.is_dry() {
        return Ok(answer(code, &store.prepared(resource, object)));
    }
    let object = store.put(resource, object);
    if old.as_ref() != Some(&object) {
        state.changed(call, &name);
    }
    Ok(answer(code, &object))
}
