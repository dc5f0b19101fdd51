//! Fields that are lists of strings, or objects of them.

use super::{Section, is_header_value};
use crate::json::Json;

impl Section {
    /// Header names, made lower case.
    pub(in crate::config) fn names(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        default: &[&str],
    ) -> Vec<String> {
        self.note(name, meaning, || (default.join(", "), "a list of header names"));
        let Some(list) = self.list(name, "a list of header names", is_header_name) else {
            return default.iter().map(|&s| s.to_owned()).collect();
        };
        list.into_iter().map(|name| name.to_ascii_lowercase()).collect()
    }

    /// Strings.
    pub(in crate::config) fn texts(&mut self, name: &'static str, meaning: &'static str) -> Vec<String> {
        self.note(name, meaning, || ("[]", "a list of strings"));
        self.list(name, "a list of strings that are not empty", |s| !s.is_empty()).unwrap_or_default()
    }

    /// Media-type patterns, made lower case.
    pub(in crate::config) fn media_types(&mut self, name: &'static str, meaning: &'static str) -> Vec<String> {
        self.note(name, meaning, || ("every type", "a list of `type/subtype`, `type/*` or `*/*`"));
        let takes = "a list of type/subtype, type/* or */*, without parameters";
        let list = self.list(name, takes, |s| match s.split_once('/') {
            Some(("*", subtype)) => subtype == "*",
            Some((kind, subtype)) => is_header_name(kind) && is_header_name(subtype),
            None => false,
        });
        list.unwrap_or_default().into_iter().map(|pattern| pattern.to_ascii_lowercase()).collect()
    }

    fn list(&mut self, name: &'static str, takes: &str, valid: fn(&str) -> bool) -> Option<Vec<String>> {
        let list = match self.take(name)? {
            Json::List(list) => list,
            other => {
                self.problem(name, &other, takes);
                return None;
            }
        };
        let mut texts = Vec::new();
        for entry in list {
            match entry {
                Json::Text(text) if valid(&text) => texts.push(text),
                other => self.problem(name, &other, takes),
            }
        }
        Some(texts)
    }

    /// An object of header names and values. The values are not shown in errors: they may be secrets.
    pub(in crate::config) fn headers(&mut self, name: &'static str, meaning: &'static str) -> Vec<(String, String)> {
        self.note(name, meaning, || ("{}", "an object of header names and values"));
        let members = match self.take(name) {
            None => return Vec::new(),
            Some(Json::Object(members)) => members,
            Some(mut other) => {
                if let Json::Text(secret) = &mut other {
                    "…".clone_into(secret);
                }
                self.problem(name, &other, "an object of header names and values");
                return Vec::new();
            }
        };
        let mut headers = Vec::new();
        for (header, value) in members {
            match value {
                Json::Text(value) if is_header_name(&header) && is_header_value(&value) => {
                    headers.push((header.to_ascii_lowercase(), value));
                }
                _ => self.problem(name, &Json::Text(header), "header names with string values, without line breaks"),
            }
        }
        headers
    }
}

/// RFC 9110, section 5.6.2: a token. Upper case is allowed here and made lower case.
fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
