//! Decodes `gzip` and `deflate` bodies (RFC 1950 to 1952), cut and broken ones as far as they go. The decoder is our own:
//! the filter has no other dependencies than the SDK, serde and log.

mod bits;
mod block;
mod checksum;
mod huffman;

use super::bounded::Bounded;
use bits::Bits;
use block::Inflater;

/// A content coding that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952; also called `x-gzip`.
    Gzip,
    /// RFC 1950 (zlib) as HTTP has it, or RFC 1951 alone, as some servers send it.
    Deflate,
}

/// Decodes a body, to at most `limit` bytes. Decoding ends where the bound is reached, or the input ends or is wrong:
/// what was decoded so far is kept, and is not whole. It takes time for each byte of input and of output, and memory
/// for the output only. No input at all is an empty body, and whole.
pub fn decode(coding: Coding, bytes: &[u8], limit: usize) -> Bounded {
    let mut inflater = Inflater::new(bytes, limit);
    let read = match coding {
        _ if bytes.is_empty() => Some(()),
        Coding::Gzip => gzip(&mut inflater),
        Coding::Deflate => deflate(&mut inflater),
    };
    inflater.out.whole = read.is_some();
    inflater.out
}

/// The first bytes of a gzip member, lowest first.
const MAGIC: u32 = 0x8b1f;

/// One member after another (RFC 1952, section 2.2). What follows and is none is ignored, as `gunzip` does it.
fn gzip(inflater: &mut Inflater<'_>) -> Option<()> {
    loop {
        header(&mut inflater.bits)?;
        let member = inflater.stream()?;
        let expected = [checksum::crc32(member), member.len() as u32];
        for word in expected {
            if inflater.bits.take(32)? != word {
                return None;
            }
        }
        if inflater.bits.held() as u32 & 0xffff != MAGIC {
            return Some(());
        }
    }
}

/// Reads over a member's header (RFC 1952, section 2.3). The checksum that it may have is not looked at: the one of the
/// member counts.
fn header(bits: &mut Bits<'_>) -> Option<()> {
    const DEFLATE: u32 = 8 << 16;
    let [checksum, extra, name, comment, reserved] = [2, 4, 8, 16, 0xe0];
    let start = bits.take(32)?;
    let flags = start >> 24;
    if start & 0xff_ffff != MAGIC | DEFLATE || flags & reserved != 0 {
        return None;
    }
    let _time = bits.take(32)?;
    let _how_and_where = bits.take(16)?;
    let further = if flags & extra != 0 { bits.take(16)? } else { 0 };
    bits.skip_bytes(further)?;
    for text in [name, comment] {
        while flags & text != 0 && bits.take(8)? != 0 {}
    }
    bits.skip_bytes(flags & checksum)
}

/// zlib's two bytes are a multiple of 31, and as the start of a bare stream they would be a stored block with a bit set
/// where all encoders leave none. One with a preset dictionary cannot be decoded.
fn deflate(inflater: &mut Inflater<'_>) -> Option<()> {
    const DICTIONARY: u32 = 0x2000;
    let start = inflater.bits.held() as u32 & 0xffff;
    let is_multiple = (((start & 0xff) << 8) | (start >> 8)) % 31 == 0;
    if start & 0x8f != 8 || !is_multiple {
        return inflater.stream().map(|_| ());
    }
    inflater.bits.take(16)?;
    if start & DICTIONARY != 0 {
        return None;
    }
    let sum = checksum::adler32(inflater.stream()?);
    (inflater.bits.take(32)?.swap_bytes() == sum).then_some(())
}
