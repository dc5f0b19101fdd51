//! Header maps as Envoy serializes them: walked without a panic, whatever the bytes.

use http_trace_filter::capture::headers::Headers;

fn exported(serialized: &[u8]) -> Vec<(String, Vec<u8>)> {
    let headers = Headers::new(serialized.to_vec());
    headers.exported().map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.to_vec())).collect()
}

fn pair(name: &str, value: &[u8]) -> (String, Vec<u8>) {
    (name.to_owned(), value.to_vec())
}

/// Two pairs, by the ABI's layout: the count, the lengths, the texts each with a NUL.
const TWO: &[u8] = b"\x02\0\0\0\x02\0\0\0\x03\0\0\0\x03\0\0\0\0\0\0\0ab\x00123\0x\xe9y\0\0";

#[test]
fn order_and_bytes_are_kept() {
    assert_eq!(exported(TWO), [pair("ab", b"123"), pair("x\u{fffd}y", b"")]);
    let headers = Headers::new(TWO.to_vec());
    assert_eq!((headers.get("ab"), headers.get("a"), headers.is_empty()), (Some(&b"123"[..]), None, false));
}

#[test]
fn what_is_made_by_hand_is_laid_out_alike() {
    let pairs = vec![pair(":path", b"/"), pair("a", b"1"), pair("x-envoy-b", b"2"), pair("a", b"\0"), pair("", b"")];
    let headers = Headers::from(pairs);
    let shown: Vec<_> =
        headers.exported().map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.to_vec())).collect();
    assert_eq!(shown, [pair("a", b"1"), pair("a", b"\0"), pair("", b"")]);
    assert_eq!(headers.get(":path"), Some(&b"/"[..]));
    assert_eq!(
        Headers::from(vec![pair("ab", b"123")]),
        Headers::new(b"\x01\0\0\0\x02\0\0\0\x03\0\0\0ab\x00123\0".to_vec())
    );
}

/// Cut anywhere, and with any byte replaced: what does not follow the layout is left out, and no more than that.
#[test]
fn no_bytes_make_it_panic() {
    for end in 0..TWO.len() {
        let cut = exported(&TWO[..end]);
        assert!(cut.iter().zip(exported(TWO)).all(|(cut, whole)| *cut == whole), "{end}: {cut:?}");
    }
    for at in 0..TWO.len() {
        for byte in [0, 1, 2, 0x7f, 0x80, 0xff] {
            let mut other = TWO.to_vec();
            other[at] = byte;
            assert!(exported(&other).len() <= TWO.len() / 2);
        }
    }
    assert!(Headers::default().is_empty() && Headers::new(vec![0xff; 40]).is_empty());
    assert_eq!(Headers::default().held(), 0);
}
