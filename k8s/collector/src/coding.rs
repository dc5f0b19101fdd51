//! Content codings: what a body looks like without them.

use std::borrow::Cow;
use std::io::{ErrorKind, Read};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// A small body can be made of a great many zeros. What is longer is cut.
const MAX_BYTES: u64 = 8 << 20;

/// A body without its content coding.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Content<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// What is wrong with it, if it is not all that the body held.
    pub fault: Option<String>,
    /// The body has no coding, though one is named: as the filter leaves it with `capture.content_encoding: decode`.
    pub is_uncoded: bool,
}

/// A content coding, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Other,
}

impl Coding {
    /// What a name says, if that is not nothing.
    fn of(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "" | "identity" => None,
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Deflate),
            _ => Some(Self::Other),
        }
    }
}

/// The codings that a `content-encoding` names, the one applied last first. Nobody applies more than two.
fn codings(named: &str) -> impl Iterator<Item = (&str, Coding)> {
    let names = named.rsplit(',').map(str::trim);
    names.filter_map(|name| Some((name, Coding::of(name)?))).take(4)
}

/// Whether a body is as long as it was on the wire, by its first bytes: false, if nobody can tell.
#[must_use]
pub fn is_as_sent(named: &str, body: &[u8]) -> bool {
    match codings(named).next().filter(|_| !body.is_empty()) {
        // The filter takes no other one away.
        None | Some((_, Coding::Other)) => true,
        Some((_, Coding::Gzip)) => is_gzip(body),
        Some((_, Coding::Deflate)) => is_zlib(body),
    }
}

fn is_gzip(body: &[u8]) -> bool {
    body.starts_with(b"\x1f\x8b")
}

fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [method, flags, ..] if method & 15 == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0)
}

/// Removes the codings that a `content-encoding` names, as far as the body has them.
#[must_use]
pub fn decode<'a>(named: &str, body: &'a [u8]) -> Content<'a> {
    let mut content = Content { bytes: Cow::Borrowed(body), ..Content::default() };
    if body.is_empty() {
        return content;
    }
    for (name, coding) in codings(named) {
        let decoded = match coding {
            Coding::Gzip if is_gzip(&content.bytes) => Some(read(MultiGzDecoder::new(&*content.bytes))),
            Coding::Gzip => None,
            Coding::Deflate => inflate(&content.bytes),
            Coding::Other => {
                content.fault = Some(format!("the content coding {name:?} is not removed: gzip and deflate can be"));
                return content;
            }
        };
        match decoded {
            None => return Content { is_uncoded: true, ..content },
            Some((bytes, fault)) if bytes.is_empty() && fault.is_some() => {
                content.fault = fault.map(|fault| format!("no {name}: {fault}"));
                return content;
            }
            Some((bytes, fault)) => {
                content = Content { bytes: Cow::Owned(bytes), fault: content.fault.or(fault), is_uncoded: false };
            }
        }
    }
    content
}

/// With zlib's header, as the standard wants it, or without, as many send it. What has none and is not that as a whole is
/// something else.
fn inflate(body: &[u8]) -> Option<(Vec<u8>, Option<String>)> {
    if is_zlib(body) {
        return Some(read(ZlibDecoder::new(body)));
    }
    let mut decoder = DeflateDecoder::new(body);
    let (bytes, fault) = read(&mut decoder);
    (fault.is_none() && decoder.total_in() == body.len() as u64).then_some((bytes, None))
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

    use super::{MAX_BYTES, decode, is_as_sent};

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
            assert_eq!((&*content.bytes, content.fault, content.is_uncoded), (&b"hello"[..], None, false), "{coding}");
        }
    }

    /// With `capture.content_encoding: decode` the filter leaves the header, and takes the coding away.
    #[test]
    fn leaves_what_is_not_coded() {
        for body in ["hello", "{\"a\":1}", "[1,2]", "x", "<p>é</p>", "key=value&key=value"] {
            for coding in ["gzip", "x-gzip", "deflate", "gzip, identity"] {
                let content = decode(coding, body.as_bytes());
                let expected = (body.as_bytes(), None, true);
                assert_eq!((&*content.bytes, content.fault, content.is_uncoded), expected, "{coding} {body}");
                assert!(!is_as_sent(coding, body.as_bytes()), "{coding} {body}");
            }
            assert!(is_as_sent("", body.as_bytes()) && is_as_sent("br", body.as_bytes()));
        }
        assert!(is_as_sent("gzip", &gzip(b"hello")));
    }

    #[test]
    fn says_what_is_wrong_and_shows_what_there_is() {
        let body = gzip(&b"hello ".repeat(1000));
        let cut = decode("gzip", &body[..body.len() - 10]);
        assert!(cut.bytes.starts_with(b"hello hello"));
        assert_eq!(cut.fault.as_deref(), Some("the coded body is not whole"));
        let other = decode("gzip", b"\x1f\x8b no gzip");
        assert_eq!(&*other.bytes, b"\x1f\x8b no gzip");
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
