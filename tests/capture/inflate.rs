//! Decoding of gzip and deflate bodies, against a known encoder.

use flate2::{
    Compression, Decompress, FlushDecompress, GzBuilder, Status,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use http_trace_filter::capture::{
    bounded::Bounded,
    inflate::{Coding, decode},
};
use std::io::Write;

const ALL: usize = usize::MAX;
const LEVELS: [u32; 4] = [0, 1, 6, 9];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

fn zlib(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

fn raw(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

#[derive(Debug, Default, PartialEq)]
struct Decoded {
    bytes: Vec<u8>,
    whole: bool,
}

fn decoded(coding: Coding, body: &[u8], limit: usize) -> Decoded {
    let Bounded { bytes, whole, .. } = decode(coding, body, limit);
    assert!(bytes.capacity() <= limit, "more memory than asked for");
    Decoded { bytes, whole }
}

fn whole(bytes: &[u8]) -> Decoded {
    Decoded { bytes: bytes.to_vec(), whole: true }
}

/// Bytes of every kind: none, one, text, zeros, noise, and a repetition at the longest distance.
fn samples() -> Vec<Vec<u8>> {
    let members: Vec<String> = (0..2000).map(|n| format!("{{\"id\":{n},\"name\":\"n{}\"}},", n % 37)).collect();
    let text = members.concat().into_bytes();
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(40_000)
    .collect();
    let far = [&noise[..32_768], &noise[..300]].concat();
    vec![Vec::new(), vec![7], b"hello, hello, hello".to_vec(), text, vec![0; 100_000], noise, far]
}

#[test]
fn every_level() {
    for sample in samples() {
        for level in LEVELS {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::new(level));
            gzip.write_all(&sample).expect("in memory");
            let bodies = [
                (Coding::Gzip, gzip.finish().expect("in memory")),
                (Coding::Deflate, zlib(&sample, level)),
                (Coding::Deflate, raw(&sample, level)),
            ];
            for (coding, body) in bodies {
                assert!(
                    decoded(coding, &body, ALL) == whole(&sample),
                    "{coding:?}, level {level}, {} bytes",
                    sample.len()
                );
            }
        }
    }
}

#[test]
fn no_body_is_whole() {
    for coding in [Coding::Gzip, Coding::Deflate] {
        assert_eq!(decoded(coding, b"", ALL), whole(b""));
    }
}

#[test]
fn a_bound_keeps_the_first_bytes() {
    let sample = samples().swap_remove(3);
    for body in [gzip(&sample), [gzip(&sample[..100]), gzip(&sample[100..])].concat()] {
        for limit in [0, 1, 99, 100, 101, 4095, 4096, 4097, sample.len() - 1] {
            let got = decoded(Coding::Gzip, &body, limit);
            assert_eq!((got.bytes.as_slice(), got.whole), (&sample[..limit], false), "{limit}");
        }
        assert_eq!(decoded(Coding::Gzip, &body, sample.len()), whole(&sample), "a bound of exactly its length");
    }
    assert_eq!(decoded(Coding::Gzip, &gzip(b""), 0), whole(b""));
}

/// A gigabyte of zeros. What is never asked for must not be allocated.
#[test]
fn a_bomb_costs_no_more_than_its_bound() {
    let bomb = gzip(&vec![0; 16 << 20]).repeat(64);
    let started = std::time::Instant::now();
    let got = decoded(Coding::Gzip, &bomb, 1_000_000);
    assert!(started.elapsed().as_millis() < 1000, "{:?}", started.elapsed());
    assert!(!got.whole && got.bytes.len() == 1_000_000 && got.bytes.capacity() == 1_000_000);
}

#[test]
fn a_cut_stream_is_decoded_as_far_as_it_goes() {
    let sample = &samples()[3][..6000];
    for (coding, body, trailer) in
        [(Coding::Gzip, gzip(sample), 8), (Coding::Deflate, zlib(sample, 6), 4), (Coding::Deflate, raw(sample, 6), 0)]
    {
        let mut longest = 0;
        for end in 1..body.len() {
            let got = decoded(coding, &body[..end], ALL);
            assert!(!got.whole && sample.starts_with(&got.bytes), "{coding:?} cut at {end}");
            assert!(got.bytes.len() >= longest);
            longest = got.bytes.len();
            if end + trailer >= body.len() {
                assert!(longest + 260 > sample.len(), "{coding:?}: {longest} bytes of {} at {end}", sample.len());
            }
        }
    }
}

#[test]
fn concatenated_members_are_one_body() {
    let parts: Vec<Vec<u8>> = [&b"one "[..], b"", b"two ", b"three"].iter().map(|part| gzip(part)).collect();
    let body = parts.concat();
    assert_eq!(decoded(Coding::Gzip, &body, ALL), whole(b"one two three"));
    let cut = decoded(Coding::Gzip, &body[..body.len() - 1], ALL);
    assert_eq!((cut.bytes.as_slice(), cut.whole), (&b"one two three"[..], false));
    // A member that repeats three bytes which only the one before it has; in a stream of its own they are there.
    let repetition = &[3, 2, 0];
    let stored = [&[0, 4, 0, 0xfb, 0xff][..], b"aaaa", repetition].concat();
    assert_eq!(decoded(Coding::Deflate, &stored, ALL), whole(b"aaaaaaa"));
    let member = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255][..], repetition].concat();
    let got = decoded(Coding::Gzip, &[gzip(b"aaaa"), member].concat(), ALL);
    assert_eq!((got.bytes.as_slice(), got.whole), (&b"aaaa"[..], false));
}

#[test]
fn what_follows_is_ignored() {
    let sample = b"a body".as_slice();
    for rest in [&b"\0"[..], b"\0\0\0\0", b"\x1f", b"garbage\x1f\x8b\x08", b"\x1f\x00\x8b"] {
        assert_eq!(decoded(Coding::Gzip, &[&gzip(sample), rest].concat(), ALL), whole(sample), "{rest:?}");
        assert_eq!(decoded(Coding::Deflate, &[&zlib(sample, 6), rest].concat(), ALL), whole(sample), "{rest:?}");
        assert_eq!(decoded(Coding::Deflate, &[&raw(sample, 6), rest].concat(), ALL), whole(sample), "{rest:?}");
    }
    // A member that is none.
    for rest in [&b"\x1f\x8b"[..], b"\x1f\x8b\x07\0\0\0\0\0\0\0"] {
        let got = decoded(Coding::Gzip, &[&gzip(sample), rest].concat(), ALL);
        assert_eq!((got.bytes.as_slice(), got.whole), (sample, false), "{rest:?}");
    }
}

#[test]
fn every_field_of_a_header() {
    let sample = b"a body".as_slice();
    let builder = GzBuilder::new().extra([0, 1, 2].repeat(100)).filename("n\u{e4}me").comment("a comment").mtime(1234);
    let mut encoder = builder.write(Vec::new(), Compression::default());
    encoder.write_all(sample).expect("in memory");
    let body = encoder.finish().expect("in memory");
    assert_eq!(decoded(Coding::Gzip, &body, ALL), whole(sample));
    // Its checksum, which flate2 writes none of.
    let at = 10 + 2 + 300 + 6 + 10;
    let mut head = body[..at].to_vec();
    head[3] |= 2;
    let mut crc = flate2::Crc::new();
    crc.update(&head);
    let body = [&head[..], &(crc.sum() as u16).to_le_bytes(), &body[at..]].concat();
    assert_eq!(decoded(Coding::Gzip, &body, ALL), whole(sample));
    for bit in [0x20, 0x40, 0x80] {
        let mut body = gzip(sample);
        body[3] |= bit;
        assert_eq!(decoded(Coding::Gzip, &body, ALL), Decoded::default(), "a flag that nobody knows");
    }
}

#[test]
fn a_wrong_checksum_or_length_is_not_whole() {
    let sample = b"a body".as_slice();
    for (coding, body, trailer) in [(Coding::Gzip, gzip(sample), 8), (Coding::Deflate, zlib(sample, 6), 4)] {
        for at in body.len() - trailer..body.len() {
            let mut body = body.clone();
            body[at] ^= 1;
            let got = decoded(coding, &body, ALL);
            assert_eq!((got.bytes.as_slice(), got.whole), (sample, false), "{coding:?}, byte {at}");
        }
    }
}

#[test]
fn what_is_no_such_stream_is_empty() {
    assert_eq!(decoded(Coding::Gzip, b"{\"a\":1}", ALL), Decoded::default());
    for body in [&b"\0"[..], b"\x1f\x8b", b"\x78\xbb\0\0\0\x01", b"\xff\xff\xff\xff", b"\x06\0\0\0"] {
        for coding in [Coding::Gzip, Coding::Deflate] {
            assert_eq!(decoded(coding, body, ALL), Decoded::default(), "{coding:?} {body:?}");
        }
    }
}

/// Blocks that are small and many give no output: the time must not be more than a few microseconds each.
#[test]
fn empty_blocks_are_cheap() {
    // A fixed block of ten bits, `01 0` and `0000000`: five bytes hold four of them.
    let fixed = [0b0000_0010, 0b0000_1000, 0b0010_0000, 0b1000_0000, 0].repeat(200_000);
    let stored = [0, 0, 0, 0xff, 0xff].repeat(200_000);
    for body in [fixed, stored, gzip(b"").repeat(50_000)] {
        let coding = if body.starts_with(b"\x1f") { Coding::Gzip } else { Coding::Deflate };
        let started = std::time::Instant::now();
        assert!(decoded(coding, &body, 1000).bytes.is_empty());
        assert!(started.elapsed().as_millis() < 2000, "{:?}", started.elapsed());
    }
}

/// Bits, the first in the lowest place of a byte.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    /// A number, its lowest bit first.
    fn number(&mut self, number: u32, count: u32) {
        self.0.extend((0..count).map(|bit| (number >> bit) & 1 == 1));
    }

    /// A code of a canonical Huffman code, its highest bit first.
    fn code(&mut self, code: u32, count: u32) {
        self.0.extend((0..count).rev().map(|bit| (code >> bit) & 1 == 1));
    }

    fn bytes(&self) -> Vec<u8> {
        let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| (byte << 1) | u8::from(*bit));
        self.0.chunks(8).map(byte).collect()
    }
}

/// A block whose codes have these lengths and no others, as symbol and length. It holds one byte and its end, of two codes of one bit
/// each, or where the end has the only code, of no byte.
fn block(of_lengths: &[u32], literals: &[(usize, u32)], distances: &[(usize, u32)]) -> Vec<u8> {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let mut bits = Bits::default();
    bits.number(0b101, 3);
    bits.number(0, 5);
    bits.number(29, 5);
    bits.number(15, 4);
    for symbol in ORDER {
        bits.number(u32::from(of_lengths.contains(&(symbol as u32))) * 4, 3);
    }
    for (codes, symbols) in [(literals, 257), (distances, 30)] {
        for symbol in 0..symbols {
            let length = codes.iter().find(|(found, _)| *found == symbol).map_or(0, |(_, length)| *length);
            bits.code(of_lengths.iter().position(|found| *found == length).expect("a code for it") as u32, 4);
        }
    }
    for code in 0..literals.len() as u32 {
        bits.code(code, literals.first().map_or(1, |(_, length)| *length));
    }
    bits.bytes()
}

#[test]
fn codes_with_bits_that_stand_for_nothing_are_refused() {
    let all: Vec<u32> = (0..16).collect();
    let (byte, end) = ([(97, 1), (256, 1)], [(256, 1)]);
    let mut blocks = vec![
        (true, block(&all, &byte, &[])),
        (true, block(&all, &end, &[])),
        (true, block(&all, &byte, &[(0, 1), (29, 1)])),
        (false, block(&all, &byte, &[(0, 1), (29, 2)])),
        (false, block(&all, &byte, &[(0, 1), (1, 1), (2, 1)])),
        (false, block(&all, &[(97, 2), (256, 2)], &[])),
        (false, block(&all, &[], &[])),
        (false, block(&all[..15], &byte, &[])),
        (false, block(&all[..2], &byte, &[])),
    ];
    // One distance alone may have a code of one bit, and no longer one. So may the end.
    for length in 1..16 {
        blocks.extend([0, 3, 29].map(|symbol| (length == 1, block(&all, &byte, &[(symbol, length)]))));
        blocks.push((length == 1, block(&all, &[(256, length)], &[])));
    }
    for (at, (taken, body)) in blocks.iter().enumerate() {
        let mut known = Vec::with_capacity(100);
        let read = Decompress::new(false).decompress_vec(body, &mut known, FlushDecompress::Finish);
        assert_eq!(matches!(read, Ok(Status::StreamEnd)), *taken, "the known decoder, block {at}: {read:?}");
        let got = decoded(Coding::Deflate, body, ALL);
        assert_eq!(got.whole, *taken, "block {at}");
        assert!(!taken || got == whole(&known), "block {at}");
    }
}
