//! JSON strings of any bytes, against `from_utf8_lossy` and serde_json.

use http_trace_filter::{
    capture::{Capture, Facts, redact::RedactConfig},
    format::publish,
};

/// Where a string, its escapes and UTF-8 may go wrong: the bounds of each class of bytes.
const BYTES: [u8; 17] =
    [0x08, 0x1f, b'"', b'\\', 0x7f, 0x80, 0x90, 0xa0, 0xbf, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5];

/// The JSON of a record whose id is these bytes, from the id to what follows it.
fn id(bytes: Vec<u8>) -> String {
    let facts = Facts { request_id: bytes, ..Facts::default() };
    let record = publish::SPEC.encode(&Capture::default().record(&facts, &RedactConfig::default()));
    let json = String::from_utf8(record).expect("UTF-8");
    let id = json.strip_prefix(r#"{"request_id":"#).and_then(|rest| rest.split_once(r#","scheme""#));
    id.unwrap_or_else(|| panic!("{json}")).0.to_owned()
}

fn expected(bytes: &[u8]) -> String {
    serde_json::to_string(&String::from_utf8_lossy(bytes)).expect("a string")
}

#[test]
fn strings_are_as_serde_json_writes_them() {
    let mut texts = vec![Vec::new()];
    for _ in 0..3 {
        let longer: Vec<_> =
            texts.iter().flat_map(|text| BYTES.map(|byte| [text.as_slice(), &[byte]].concat())).collect();
        for text in &longer {
            assert_eq!(id(text.clone()), expected(text), "{text:x?}");
        }
        texts = longer;
    }
}

#[test]
fn characters_of_each_length_stand_in_a_row() {
    for text in ["aé€😀\"€é\\😀\u{7f}\u{80}", "\u{10ffff}\u{d7ff}\u{e000}\0"] {
        assert_eq!(id(text.into()), expected(text.as_bytes()));
        for cut in 1..text.len() {
            assert_eq!(id(text.as_bytes()[..cut].to_vec()), expected(&text.as_bytes()[..cut]));
            assert_eq!(id(text.as_bytes()[cut..].to_vec()), expected(&text.as_bytes()[cut..]));
        }
    }
}
