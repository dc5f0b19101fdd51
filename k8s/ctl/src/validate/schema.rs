//! `validate --schema`: a JSON Schema of the configuration for editors, made of the rows that the filter's parser reads. What several
//! fields must be together it cannot say, and header names that differ in case only it takes for two.

use http_trace_filter::config::{Config, Field, Takes};
use serde_json::{Map, Value, json};

/// Characters of a header's name (RFC 9110, section 5.6.2), in a class of a regular expression.
const TOKEN: &str = r"A-Za-z0-9!#$%&'*+.^_`|~\-";

/// The schema (draft 2020-12).
pub(crate) fn schema() -> Value {
    let mut root = object();
    root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    root.insert("title".to_owned(), json!("Configuration of http-trace-filter"));
    for field in Config::reference() {
        let (sections, name) =
            field.path.rsplit_once('.').map_or((None, &*field.path), |(sections, name)| (Some(sections), name));
        let mut place = &mut root;
        for section in sections.iter().flat_map(|sections| sections.split('.')) {
            place = members(properties(place).entry(section).or_insert_with(|| Value::Object(object())));
        }
        properties(place).insert(name.to_owned(), of(&field));
    }
    Value::Object(root)
}

/// The schema of an object with nothing in it so far.
fn object() -> Map<String, Value> {
    let schema = json!({ "type": "object", "properties": {}, "additionalProperties": false });
    schema.as_object().expect("an object").clone()
}

fn members(schema: &mut Value) -> &mut Map<String, Value> {
    schema.as_object_mut().expect("schemas are objects here")
}

/// The properties of an object's schema; an object that may also be `true` or `false` is the last of both.
fn properties(schema: &mut Map<String, Value>) -> &mut Map<String, Value> {
    if schema.contains_key("anyOf") {
        let both = schema.get_mut("anyOf").and_then(Value::as_array_mut).expect("two schemas");
        return properties(members(both.last_mut().expect("two schemas")));
    }
    members(schema.get_mut("properties").expect("an object's schema"))
}

fn of(field: &Field) -> Value {
    let list = |items: Value| json!({ "type": "array", "items": items });
    let matching = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    let token = || matching(&format!("^[{TOKEN}]+$"));
    let mut schema = match &field.takes {
        Takes::Whole(range) => json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() }),
        Takes::Share => json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        Takes::Bool => json!({ "type": "boolean" }),
        Takes::Flag => json!({ "enum": [true, false, "true", "false"] }),
        Takes::Word(words) => json!({ "enum": words }),
        Takes::Text => matching(r"^[\t -~]+$"),
        Takes::Path => matching("^/[!-~]*$"),
        Takes::Names => list(token()),
        Takes::Texts => list(json!({ "type": "string", "minLength": 1 })),
        Takes::MediaTypes => {
            let plain = TOKEN.replace('*', "");
            list(matching(&format!(r"^(\*/\*|[{plain}]+/(\*|(\*\+)?[{plain}]+))$")))
        }
        Takes::Headers => json!({
            "type": "object",
            "propertyNames": token(),
            "additionalProperties": matching(r"^[\t -~]*$")
        }),
        Takes::Attributes => json!({
            "type": "object",
            "propertyNames": { "minLength": 1 },
            "additionalProperties": { "type": "string" }
        }),
        Takes::Statuses => {
            let status = json!({ "type": "integer", "minimum": 300, "maximum": 599 });
            let one = json!({ "anyOf": [status, { "enum": ["3xx", "4xx", "5xx"] }] });
            json!({ "anyOf": [one, list(one.clone())] })
        }
        Takes::Section => json!({ "anyOf": [{ "type": "boolean" }, object()] }),
    };
    members(&mut schema).insert("description".to_owned(), json!(field.meaning));
    // Some defaults are told in words.
    if let Ok(default) = serde_json::from_str::<Value>(&field.default) {
        members(&mut schema).insert("default".to_owned(), default);
    }
    schema
}
