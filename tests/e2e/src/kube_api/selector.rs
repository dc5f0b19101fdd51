//! Label selectors and the field selectors kubectl uses.

use serde_json::Value;

/// The two together.
pub(crate) struct Selector {
    pub(crate) labels: String,
    pub(crate) fields: String,
}

impl Selector {
    pub(crate) fn fits(&self, object: &Value) -> bool {
        labels(&self.labels, object) && fields(&self.fields, object)
    }
}

/// Whether an object's labels fit: `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas.
fn labels(selector: &str, object: &Value) -> bool {
    let label = |key: &str| object["metadata"]["labels"][key.trim()].as_str();
    let is_in = |key: &str, set: &str| {
        let mut values = set.trim().trim_matches(['(', ')']).split(',');
        label(key).is_some_and(|label| values.any(|value| value.trim() == label))
    };
    terms(selector).into_iter().all(|term| {
        if let Some((key, set)) = term.split_once(" notin ") {
            !is_in(key, set)
        } else if let Some((key, set)) = term.split_once(" in ") {
            is_in(key, set)
        } else if let Some((key, value)) = term.split_once("!=") {
            label(key) != Some(value.trim())
        } else if let Some((key, value)) = term.split_once('=') {
            label(key) == Some(value.trim_start_matches('=').trim())
        } else if let Some(key) = term.strip_prefix('!') {
            label(key).is_none()
        } else {
            label(term).is_some()
        }
    })
}

/// What the commas outside of parentheses part.
fn terms(selector: &str) -> Vec<&str> {
    let mut depth = 0;
    let is_end = |c: char| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    };
    selector.split(is_end).map(str::trim).filter(|term| !term.is_empty()).collect()
}

/// Whether an object's fields fit: `metadata.name=web`.
fn fields(selector: &str, object: &Value) -> bool {
    selector.split(',').filter(|term| !term.is_empty()).all(|term| {
        let (path, value) = term.split_once('=').unwrap_or((term, ""));
        object.pointer(&format!("/{}", path.replace('.', "/"))).and_then(Value::as_str) == Some(value)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn each_form_of_a_label_selector() {
        let object = json!({ "metadata": { "name": "web", "labels": { "a/b": "c" } } });
        for (selector, fits) in [
            ("a/b=c", true),
            ("a/b!=c", false),
            ("a/b,x!=y", true),
            ("!a/b", false),
            ("x", false),
            ("a/b in (b, c),!x", true),
            ("a/b notin (b,c)", false),
            ("x notin (b)", true),
        ] {
            assert_eq!(super::labels(selector, &object), fits, "{selector}");
        }
        assert!(super::fields("metadata.name=web", &object) && !super::fields("metadata.name=other", &object));
    }
}
