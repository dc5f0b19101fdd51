//! `reference`: what each field of the configuration means, from the code that reads it.

use http_trace_filter::config::Config;

/// A Markdown table of all fields.
pub(crate) fn table() -> String {
    let mut table = "| field | default | takes | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for field in Config::reference() {
        table += &format!("| `{}` | {} | {} | {} |\n", field.path, field.default, field.takes, field.meaning);
    }
    table
}
