//! Bodies in HAR: without their content coding, as text if they are text, else in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::exchange::Message;

/// The body of a request, which HAR knows as a text only.
pub(super) fn post_data(message: &Message) -> Value {
    let (text, is_base64, mut comments, _) = parts(message);
    let mut data = json!({"mimeType": mime_type(message, "application/octet-stream"), "params": [], "text": text});
    if is_base64 {
        data["_encoding"] = json!("base64");
        comments.push("text is base64".to_owned());
    }
    comment(&mut data, &comments);
    data
}

/// The body of a response.
pub(super) fn content(message: &Message) -> Value {
    let (text, is_base64, comments, size) = parts(message);
    let mut content = json!({"size": size, "mimeType": mime_type(message, "x-unknown"), "text": text});
    if is_base64 {
        content["encoding"] = json!("base64");
    }
    comment(&mut content, &comments);
    content
}

fn mime_type<'a>(message: &'a Message, unknown: &'a str) -> &'a str {
    match message.content_type() {
        "" => unknown,
        known => known,
    }
}

/// The body as a string, whether that is base64, what there is to say of it, and its length.
fn parts(message: &Message) -> (String, bool, Vec<String>, usize) {
    let content = message.content();
    let mut comments = Vec::new();
    if message.truncated {
        comments.push("truncated".to_owned());
    }
    comments.extend(content.fault);
    let bytes = content.bytes;
    match std::str::from_utf8(&bytes) {
        Ok(text) => (text.to_owned(), false, comments, bytes.len()),
        Err(_) => (STANDARD.encode(&bytes), true, comments, bytes.len()),
    }
}

fn comment(to: &mut Value, comments: &[String]) {
    if !comments.is_empty() {
        to["comment"] = json!(comments.join("; "));
    }
}
