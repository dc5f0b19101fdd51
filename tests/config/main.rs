//! The configuration: what each field takes, what becomes of it, and how anything else is refused.

mod agreement;
mod fields;
mod reader;
mod refusals;
mod values;

use http_trace_filter::config::Config;

/// `a.b` and 1 are `{"a":{"b":1}}`.
fn at(path: &str, value: &str) -> String {
    path.rsplit('.').fold(value.to_owned(), |inner, name| format!(r#"{{"{name}":{inner}}}"#))
}

fn parse(json: &str) -> Config {
    Config::parse(json.as_bytes()).unwrap_or_else(|error| panic!("{json} was refused: {error}"))
}
