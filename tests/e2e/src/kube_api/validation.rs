//! What the API server refuses: the checks that deploying the filter can run into.

use serde_json::{Map, Value};

use super::resources::Resource;
use super::status::{Cause, Failure};

/// The most bytes all annotations of an object may have, names included.
pub(crate) const ANNOTATIONS_LIMIT: usize = 256 * 1024;
/// The most bytes a ConfigMap may hold.
const CONFIG_MAP_LIMIT: usize = 1024 * 1024;

/// Checks an object that shall take the place of `old`.
///
/// # Errors
/// Naming each field that is wrong.
pub(crate) fn check(resource: &Resource, old: Option<&Value>, new: &Value) -> Result<(), Failure> {
    let name = new["metadata"]["name"].as_str().unwrap_or_default();
    let mut causes = Vec::new();
    if name.is_empty() {
        causes.push(required("metadata.name", "name or generateName is required"));
    }
    metadata(&new["metadata"], "metadata", &mut causes)?;
    if resource.kind == "ConfigMap" {
        config_map(old, new, &mut causes);
    }
    if resource.is_workload() {
        metadata(&new["spec"]["template"]["metadata"], "spec.template.metadata", &mut causes)?;
        workload(old, new, &mut causes);
    }
    if causes.is_empty() { Ok(()) } else { Err(Failure::invalid(resource, name, &causes)) }
}

fn metadata(metadata: &Value, at: &str, causes: &mut Vec<Cause>) -> Result<(), Failure> {
    let mut size = 0;
    for (name, value) in fields(&metadata["annotations"]) {
        size += name.len() + string(value, &format!("{at}.annotations[{name}]"))?.len();
    }
    if size > ANNOTATIONS_LIMIT {
        causes.push(too_long(&format!("{at}.annotations"), ANNOTATIONS_LIMIT));
    }
    for (name, value) in fields(&metadata["labels"]) {
        let value = string(value, &format!("{at}.labels[{name}]"))?;
        let is_plain = |c: char| c.is_ascii_alphanumeric();
        if value.len() > 63
            || !value.chars().all(|c| is_plain(c) || "-_.".contains(c))
            || !(value.starts_with(is_plain) && value.ends_with(is_plain) || value.is_empty())
        {
            let rule =
                "must be no more than 63 bytes; alphanumeric characters, '-', '_' or '.', alphanumeric at both ends";
            let message = format!("Invalid value: \"{value}\": {rule}");
            causes.push(Cause { reason: "FieldValueInvalid", field: format!("{at}.labels"), message });
        }
    }
    Ok(())
}

fn config_map(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    if let Some(old) = old.filter(|old| old["immutable"] == true) {
        for field in ["immutable", "data", "binaryData"].into_iter().filter(|field| old[*field] != new[*field]) {
            causes.push(forbidden(field, "field is immutable when `immutable` is set"));
        }
    }
    let length = |value: &Value| value.as_str().unwrap_or_default().len();
    let text: usize = fields(&new["data"]).map(|(_, value)| length(value)).sum();
    let binary: usize = fields(&new["binaryData"]).map(|(_, value)| length(value) / 4 * 3).sum();
    if text + binary > CONFIG_MAP_LIMIT {
        causes.push(too_long("", CONFIG_MAP_LIMIT));
    }
}

fn workload(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    let selector = &new["spec"]["selector"];
    if fields(&selector["matchLabels"]).next().is_none() {
        causes.push(required("spec.selector", "Required value"));
    }
    if old.is_some_and(|old| old["spec"]["selector"] != *selector) {
        let message = format!("Invalid value: {selector}: field is immutable");
        causes.push(Cause { reason: "FieldValueInvalid", field: "spec.selector".to_owned(), message });
    }
    let labels = &new["spec"]["template"]["metadata"]["labels"];
    if fields(&selector["matchLabels"]).any(|(name, value)| labels[name] != *value) {
        let message = format!("Invalid value: {labels}: `selector` does not match template `labels`");
        causes.push(Cause { reason: "FieldValueInvalid", field: "spec.template.metadata.labels".to_owned(), message });
    }
    if new["spec"]["template"]["spec"]["containers"].as_array().is_none_or(Vec::is_empty) {
        causes.push(required("spec.template.spec.containers", "Required value"));
    }
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn string<'a>(value: &'a Value, at: &str) -> Result<&'a str, Failure> {
    let wrong = || Failure::bad_request(format!("json: cannot unmarshal {value} into {at}, which is a string"));
    value.as_str().ok_or_else(wrong)
}

fn required(field: &str, message: &str) -> Cause {
    Cause { reason: "FieldValueRequired", field: field.to_owned(), message: message.to_owned() }
}

fn forbidden(field: &str, why: &str) -> Cause {
    Cause { reason: "FieldValueForbidden", field: field.to_owned(), message: format!("Forbidden: {why}") }
}

fn too_long(field: &str, limit: usize) -> Cause {
    let message = format!("Too long: may not be more than {limit} bytes");
    Cause { reason: "FieldValueTooLong", field: field.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::super::resources;
    use super::*;
    use serde_json::json;

    #[test]
    fn annotations_have_a_limit_of_size() {
        let resource = resources::named("configmaps");
        let object = |size: usize| json!({ "metadata": { "name": "a", "annotations": { "four": "x".repeat(size) } } });
        assert_eq!(check(resource, None, &object(ANNOTATIONS_LIMIT - 4)), Ok(()));
        check(resource, None, &object(ANNOTATIONS_LIMIT - 3)).expect_err("one byte too many");
        check(resource, None, &json!({ "metadata": { "name": "a", "annotations": { "n": 1 } } }))
            .expect_err("a number");
    }

    #[test]
    fn a_selector_stays_and_fits_its_template() {
        let resource = resources::named("deployments");
        let object = |selector: &str, label: &str| {
            let template = json!({ "metadata": { "labels": { "app": label } }, "spec": { "containers": [{}] } });
            let spec = json!({ "selector": { "matchLabels": { "app": selector } }, "template": template });
            json!({ "metadata": { "name": "a" }, "spec": spec })
        };
        assert_eq!(check(resource, Some(&object("a", "a")), &object("a", "a")), Ok(()));
        check(resource, Some(&object("a", "a")), &object("b", "b")).expect_err("another selector");
        check(resource, None, &object("a", "b")).expect_err("a selector that does not fit");
        check(resource, None, &object("a", "no space")).expect_err("a label with a space");
    }
}
