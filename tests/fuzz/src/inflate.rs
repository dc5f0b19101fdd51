//! Coded bodies, whole, cut, changed, and any bytes: what is decoded is what a known decoder makes of it, within its bounds.

use crate::input::Input;
use flate2::{
    Compression, Decompress, FlushDecompress, Status,
    read::MultiGzDecoder,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use http_trace_filter::capture::{
    bounded::Bounded,
    inflate::{Coding, decode},
};
use std::io::{Read, Write};

/// More than any input can become: a byte of deflate gives at most 1,032.
const ENOUGH: usize = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Gzip,
    Zlib,
    Raw,
}

pub(crate) fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let kind = input.choose(&[Kind::Gzip, Kind::Zlib, Kind::Raw]);
    let made = input.flag();
    let cut = input.byte();
    let limit = usize::from(input.byte()) * usize::from(input.byte());
    let change = input.flag().then(|| (input.byte(), input.byte()));
    let level = u32::from(input.byte() % 10);
    let repeat = 1 + input.below(8);
    let rest = input.rest().repeat(repeat);
    let mut body = rest.clone();
    if made {
        // Two members of gzip are one body.
        let halves = rest.split_at(if kind == Kind::Gzip { rest.len() / 2 } else { rest.len() });
        body = encode(kind, halves.0, level);
        if !halves.1.is_empty() {
            body.extend(encode(kind, halves.1, level));
        }
        if cut == 0 && change.is_none() {
            let decoded = decode(kind.coding(), &body, ENOUGH);
            assert!(decoded.whole && decoded.bytes == rest, "{kind:?} of {} bytes", rest.len());
        }
        if cut > 0 && change.is_none() {
            let left = body.len().saturating_sub(usize::from(cut));
            let decoded = decode(kind.coding(), &body[..left], ENOUGH);
            assert!(rest.starts_with(&decoded.bytes), "{kind:?} cut by {cut}");
        }
    }
    body.truncate(body.len().saturating_sub(usize::from(cut)));
    if let Some((place, value)) = change {
        let place = usize::from(place);
        if let Some(byte) = body.get_mut(place) {
            *byte = value;
        }
    }
    bounds(kind.coding(), &body, limit);
    compare(kind, &body);
}

/// What a bound leaves is the beginning of what there is without.
fn bounds(coding: Coding, body: &[u8], limit: usize) {
    let all = decode(coding, body, ENOUGH);
    let some = decode(coding, body, limit);
    assert!(all.bytes.len() < ENOUGH && some.bytes.capacity() <= limit);
    assert_eq!(some.bytes, all.bytes[..all.bytes.len().min(limit)]);
    assert_eq!(some.whole, all.whole && all.bytes.len() <= limit);
}

fn compare(kind: Kind, body: &[u8]) {
    let Bounded { bytes, whole, .. } = decode(kind.coding(), body, ENOUGH);
    let mut known = Vec::with_capacity(ENOUGH);
    let read = match kind {
        Kind::Gzip => MultiGzDecoder::new(body).read_to_end(&mut known).map_err(|error| error.to_string()).map(|_| ()),
        // As readers these take the end of the input for the end of the stream.
        _ => match Decompress::new(is_zlib(body)).decompress_vec(body, &mut known, FlushDecompress::Finish) {
            Ok(Status::StreamEnd) => Ok(()),
            other => Err(format!("{other:?}")),
        },
    };
    if body.is_empty() {
        assert!(whole && bytes.is_empty());
    } else if read.is_ok() {
        // Before the beginning nothing stands: zlib refuses it too.
        assert!(whole || reads_before_the_beginning(kind, &bytes, &known), "the known decoder takes it");
        assert!(!whole || bytes == known, "{} bytes, the known decoder has {}", bytes.len(), known.len());
    } else if whole {
        // The known decoder is strict on what follows the last member, and on the checksum of a header.
        assert!(kind == Kind::Gzip, "the known decoder refuses it: {read:?}");
        assert!(bytes.starts_with(&known), "{read:?}");
    } else {
        assert!(bytes.starts_with(&known) || known.starts_with(&bytes), "{read:?}");
    }
}

/// Whether the known decoder may have copied from before the beginning of a member, where ours stopped. It finds zeros there; its
/// other ways of decoding refuse such a distance, as zlib does.
fn reads_before_the_beginning(kind: Kind, bytes: &[u8], known: &[u8]) -> bool {
    kind == Kind::Gzip && known.starts_with(bytes) && known.get(bytes.len()) == Some(&0)
}

fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [first, second, ..] if first & 0x8f == 8 && u16::from_be_bytes([*first, *second]) % 31 == 0)
}

fn encode(kind: Kind, bytes: &[u8], level: u32) -> Vec<u8> {
    let level = Compression::new(level);
    let made = match kind {
        Kind::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).and_then(|()| encoder.finish())
        }
        Kind::Zlib => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).and_then(|()| encoder.finish())
        }
        Kind::Raw => {
            let mut encoder = DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).and_then(|()| encoder.finish())
        }
    };
    made.expect("in memory")
}

// === impl Kind ===

impl Kind {
    fn coding(self) -> Coding {
        match self {
            Self::Gzip => Coding::Gzip,
            Self::Zlib | Self::Raw => Coding::Deflate,
        }
    }
}
