//! Content codings: what a body looks like without them.

use std::borrow::Cow;
use std::io::{ErrorKind, Read};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// A small body can be made of a great many zeros. What is longer is cut.
const MAX_BYTES: u64 = 8 << 20;

/// A body without its content coding.
#[derive(Debug, PartialEq, Eq)]
pub struct Content<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// What is wrong with it, if it is not all that the body held.
    pub fault: Option<String>,
}

/// Removes the codings that a `content-encoding` names.
#[must_use]
pub fn decode<'a>(codings: &str, body: &'a [u8]) -> Content<'a> {
    let mut content = Content { bytes: Cow::Borrowed(body), fault: None };
    if body.is_empty() {
        return content;
    }
    // The one applied last comes last. Nobody applies more than two.
    for coding in codings.rsplit(',').map(str::trim).take(4) {
        let (bytes, fault) = match coding.to_ascii_lowercase().as_str() {
            "" | "identity" => continue,
            "gzip" | "x-gzip" => read(MultiGzDecoder::new(&*content.bytes)),
            "deflate" => inflate(&content.bytes),
            _ => {
                content.fault = Some(format!("the content coding {coding:?} is not removed: gzip and deflate can be"));
                return content;
            }
        };
        if bytes.is_empty() && fault.is_some() {
            content.fault = fault.map(|fault| format!("no {coding}: {fault}"));
            return content;
        }
        content = Content { bytes: Cow::Owned(bytes), fault: content.fault.or(fault) };
    }
    content
}

/// With zlib's header, as the standard wants it, or without, as many send it.
fn inflate(body: &[u8]) -> (Vec<u8>, Option<String>) {
    match read(ZlibDecoder::new(body)) {
        (bytes, Some(_)) if bytes.is_empty() => read(DeflateDecoder::new(body)),
        result => result,
    }
}

fn read(decoder: impl Read) -> (Vec<u8>, Option<String>) {
    let mut bytes = Vec::new();
    let fault = match decoder.take(MAX_BYTES + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > MAX_BYTES => {
            bytes.truncate(MAX_BYTES as usize);
            Some(format!("only the first {} MiB are decoded", MAX_BYTES >> 20))
        }
        Ok(_) => None,
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Some("the coded body is not whole".to_owned()),
        Err(error) => Some(error.to_string()),
    };
    (bytes, fault)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::{MAX_BYTES, decode};

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn removes_what_it_knows() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(b"hello").expect("memory");
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(b"hello").expect("memory");
        let cases = [
            ("GZIP", gzip(b"hello")),
            ("gzip, gzip", gzip(&gzip(b"hello"))),
            ("deflate", zlib.finish().expect("memory")),
            ("deflate", raw.finish().expect("memory")),
            ("identity", b"hello".to_vec()),
        ];
        for (coding, body) in cases {
            let content = decode(coding, &body);
            assert_eq!((&*content.bytes, content.fault), (&b"hello"[..], None), "{coding}");
        }
    }

    #[test]
    fn says_what_is_wrong_and_shows_what_there_is() {
        let body = gzip(&b"hello ".repeat(1000));
        let cut = decode("gzip", &body[..body.len() - 10]);
        assert!(cut.bytes.starts_with(b"hello hello"));
        assert_eq!(cut.fault.as_deref(), Some("the coded body is not whole"));
        let other = decode("gzip", b"no gzip");
        assert_eq!(&*other.bytes, b"no gzip");
        assert!(other.fault.is_some_and(|fault| fault.starts_with("no gzip: ")));
        let unknown = decode("br", b"\x0b\x02\x80");
        assert_eq!(&*unknown.bytes, b"\x0b\x02\x80");
        assert!(unknown.fault.is_some_and(|fault| fault.contains("\"br\"")));
    }

    #[test]
    fn is_no_bomb() {
        let body = gzip(&vec![0; MAX_BYTES as usize * 2]);
        let content = decode("gzip", &body);
        assert_eq!((content.bytes.len() as u64, content.fault.is_some()), (MAX_BYTES, true));
    }
}
