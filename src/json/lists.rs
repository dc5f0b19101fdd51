//! Fields that are lists of strings, or objects of them.
#![cfg_attr(target_arch = "wasm32", allow(unused_variables, reason = "some are only for the reference"))]

#[cfg(not(target_arch = "wasm32"))]
use super::reference::Takes;
use super::{
    Json, cut, joined,
    section::{Section, note},
    values::is_header_value,
};

/// What the filter or Envoy sets in a request to a cluster: the mark of the filter's own requests, what names the receiver
/// and delimits the request, and what is about one connection (RFC 9110, section 7.6.1).
const NOT_SETTABLE: [&str; 10] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
    "x-http-trace-filter-export",
];

/// What an object of names and strings takes, and what its problems say.
struct Pairs {
    headers: bool,
    object: &'static str,
    names: &'static str,
    once: &'static str,
    values: &'static str,
}

static HEADERS: Pairs = Pairs {
    headers: true,
    object: "an object of header names and values",
    names: "header names",
    once: "each header once, and none that the filter or Envoy sets itself",
    values: "a string of printable ASCII",
};

const EACH_NAME_ONCE: &str = "each name once, and none empty";

static ATTRIBUTES: Pairs = Pairs {
    headers: false,
    object: "an object of names and strings",
    names: EACH_NAME_ONCE,
    once: EACH_NAME_ONCE,
    values: "a string",
};

impl Section {
    /// Header names, made lower case.
    pub(crate) fn names(&mut self, name: &'static str, meaning: &'static str) -> Vec<String> {
        note!(self, name, meaning, "[]", Takes::Names);
        lower_case(self.list(name, "a list of header names", is_header_name))
    }

    /// Strings.
    pub(crate) fn texts(&mut self, name: &'static str, meaning: &'static str) -> Vec<String> {
        note!(self, name, meaning, "[]", Takes::Texts);
        self.list(name, "a list of strings that are not empty", |s| !s.is_empty())
    }

    /// Media-type patterns, made lower case.
    pub(crate) fn media_types(&mut self, name: &'static str, meaning: &'static str) -> Vec<String> {
        note!(self, name, meaning, "every type", Takes::MediaTypes);
        let takes = "a list of type/subtype, type/*, type/*+suffix or */*, without parameters";
        let list = self.list(name, takes, |s| match cut(s, b'/') {
            ("*", Some(subtype)) => subtype == "*",
            (kind, Some(subtype)) => {
                let plain = |text: &str| is_header_name(text) && cut(text, b'*').1.is_none();
                plain(kind) && (subtype == "*" || plain(subtype.strip_prefix("*+").unwrap_or(subtype)))
            }
            (_, None) => false,
        });
        lower_case(list)
    }

    fn list(&mut self, name: &'static str, takes: &str, valid: fn(&str) -> bool) -> Vec<String> {
        let list = match self.take(name) {
            None => return Vec::new(),
            Some(Json::List(list)) => list,
            Some(other) => {
                self.problem(name, &other, takes);
                return Vec::new();
            }
        };
        let mut texts = Vec::new();
        for entry in list {
            match entry {
                Json::Text(text) if valid(&text) => texts.push(text),
                other => self.problem(name, &other, takes),
            }
        }
        texts
    }

    /// An object of header names and values. The values are not shown in errors: they may be secrets.
    pub(crate) fn headers(&mut self, name: &'static str, meaning: &'static str) -> Vec<(String, String)> {
        note!(self, name, meaning, "{}", Takes::Headers);
        self.pairs(name, &HEADERS)
    }

    /// An object of attributes' names and values.
    pub(crate) fn attributes(&mut self, name: &'static str, meaning: &'static str) -> Vec<(String, String)> {
        note!(self, name, meaning, "{}", Takes::Attributes);
        self.pairs(name, &ATTRIBUTES)
    }

    #[inline(never)]
    fn pairs(&mut self, name: &'static str, takes: &'static Pairs) -> Vec<(String, String)> {
        let members = match self.take(name) {
            None => return Vec::new(),
            Some(Json::Object(members)) => members,
            Some(other) => {
                self.problem(name, &hidden(other), takes.object);
                return Vec::new();
            }
        };
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (mut key, value) in members {
            if takes.headers {
                key.make_ascii_lowercase();
            }
            let is_name = if takes.headers { is_header_name(&key) } else { !key.is_empty() };
            let is_ours = takes.headers && NOT_SETTABLE.contains(&key.as_str());
            let mut problem = |takes| self.problem(name, &Json::Text(key.clone()), takes);
            if !is_name {
                problem(takes.names);
            } else if is_ours || pairs.iter().any(|(other, _)| *other == key) {
                problem(takes.once);
            } else {
                match value {
                    Json::Text(value) if !takes.headers || is_header_value(&value) => pairs.push((key, value)),
                    other => self.problem(&joined(&[name, ".", &key], ""), &hidden(other), takes.values),
                }
            }
        }
        pairs
    }

    /// HTTP statuses; `3xx`, `4xx` and `5xx` become 3, 4 and 5.
    pub(crate) fn statuses(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        default_in_words: &'static str,
        default: &[u16],
    ) -> Vec<u16> {
        note!(self, name, meaning, default_in_words, Takes::Statuses);
        let takes = "a list of statuses from 300 to 599, 3xx, 4xx or 5xx";
        let list = match self.take(name) {
            None => return default.to_vec(),
            Some(Json::List(list)) => list,
            Some(other) => vec![other],
        };
        let mut statuses = Vec::new();
        for entry in list {
            match &entry {
                Json::Whole(status @ 300..=599) => statuses.push(*status as u16),
                Json::Text(class) if matches!(class.as_bytes(), [b'3'..=b'5', b'x', b'x']) => {
                    statuses.extend(class.bytes().next().map(|digit| u16::from(digit & 15)));
                }
                _ => self.problem(name, &entry, takes),
            }
        }
        statuses
    }
}

/// A value as errors may show it.
fn hidden(mut value: Json) -> Json {
    if let Json::Text(secret) = &mut value {
        "…".clone_into(secret);
    }
    value
}

fn lower_case(mut texts: Vec<String>) -> Vec<String> {
    texts.iter_mut().for_each(|text| text.make_ascii_lowercase());
    texts
}

/// RFC 9110, section 5.6.2: a token. Upper case is allowed here and made lower case.
fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
