//! Reading JSON, against serde_json.

use http_trace_filter::json::{Json, reader::parse};
use serde_json::{Number, Value};

/// Panics unless both say the same of a text.
pub(crate) fn agree(text: &[u8]) {
    match (parse(text), serde_json::from_slice::<Value>(text)) {
        (Ok(ours), Ok(theirs)) => assert!(same(&ours, &theirs), "{ours:?} {theirs:?}"),
        (Err(_), Err(_)) => {}
        // A number that no float can hold is JSON too.
        (Ok(_), Err(theirs)) if theirs.to_string().starts_with("number out of range") => {}
        (ours, theirs) => panic!("{}: {ours:?}, {theirs:?}", String::from_utf8_lossy(text)),
    }
}

fn same(ours: &Json, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Json::Null, Value::Null) => true,
        (Json::Bool(ours), Value::Bool(theirs)) => ours == theirs,
        (Json::Whole(ours), Value::Number(theirs)) => match theirs.as_u64() {
            Some(theirs) => *ours == theirs,
            None => is_near(*ours as f64, theirs),
        },
        (Json::Fraction(ours), Value::Number(theirs)) => is_near(*ours, theirs),
        // What is too near to zero for a float still has its sign.
        (Json::Negative, Value::Number(theirs)) => theirs.as_f64().is_some_and(f64::is_sign_negative),
        (Json::Text(ours), Value::String(theirs)) => ours == theirs,
        (Json::List(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        // The last of two members of one name is serde_json's.
        (Json::Object(ours), Value::Object(theirs)) => theirs.iter().all(|(name, value)| {
            ours.iter().rev().find(|(other, _)| other == name).is_some_and(|(_, ours)| same(ours, value))
        }),
        _ => false,
    }
}

/// Whether both are the same but for rounding, which serde_json does by less than it could. What is nearer to zero than any limit of a
/// field may be zero.
fn is_near(ours: f64, theirs: &Number) -> bool {
    theirs.as_f64().is_some_and(|theirs| (ours - theirs).abs() <= theirs.abs() * 1e-14 + 1e-280)
}
