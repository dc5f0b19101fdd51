//! Standard base64 with padding (RFC 4648, section 4). Of a record with large bodies it is most of the work, so it takes 12 bytes at
//! once where the filter runs: every proxy with V8 has the 128-bit instructions of WebAssembly.

use crate::capture::body::Body;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// How many groups of 3 bytes are encoded at a time.
const GROUPS: usize = 256;

/// Appends a body, whose groups of 3 bytes may go over from one chunk to the next.
pub(super) fn push_base64(out: &mut Vec<u8>, body: &Body) {
    // Up to two bytes whose group goes on in the next chunk.
    let mut carried = Vec::with_capacity(3);
    for chunk in body.chunks() {
        let missing = if carried.is_empty() { 0 } else { 3_usize.saturating_sub(carried.len()) };
        let (head, rest) = chunk.split_at(chunk.len().min(missing));
        carried.extend_from_slice(head);
        if carried.len() == 3 {
            push_groups(out, &carried);
            carried.clear();
        }
        let (groups, tail) = rest.split_at(rest.len().saturating_sub(rest.len() % 3));
        push_groups(out, groups);
        carried.extend_from_slice(tail);
    }
    let (a, b) = match *carried.as_slice() {
        [a, b] => (a, Some(b)),
        [a] => (a, None),
        _ => return,
    };
    let bits = (u32::from(a) << 16) | (u32::from(b.unwrap_or(0)) << 8);
    out.extend_from_slice(&[digit(bits >> 18), digit(bits >> 12), b.map_or(b'=', |_| digit(bits >> 6)), b'=']);
}

/// Appends whole groups of 3 bytes.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
#[inline(never)]
fn push_groups(out: &mut Vec<u8>, groups: &[u8]) {
    for some in groups.chunks(GROUPS.saturating_mul(3)) {
        let mut encoded = [0; GROUPS.saturating_mul(4)];
        let (mut rest, mut room) = (some, encoded.as_mut_slice());
        while let Some(sixteen) = rest.first_chunk() {
            let Some((digits, more)) = std::mem::take(&mut room).split_first_chunk_mut() else { break };
            *digits = twelve(sixteen);
            (rest, room) = (rest.get(12..).unwrap_or_default(), more);
        }
        for (group, digits) in rest.chunks_exact(3).zip(room.chunks_exact_mut(4)) {
            let ([a, b, c], [w, x, y, z]) = (group, digits) else { continue };
            let bits = (u32::from(*a) << 16) | (u32::from(*b) << 8) | u32::from(*c);
            (*w, *x, *y, *z) = (digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits));
        }
        let length = (some.len() / 3).saturating_mul(4);
        out.extend_from_slice(encoded.get(..length).unwrap_or_default());
    }
}

/// The digits of the first 12 of these bytes.
#[cfg(target_arch = "wasm32")]
#[target_feature(enable = "simd128")]
#[inline]
fn twelve(bytes: &[u8; 16]) -> [u8; 16] {
    use std::arch::wasm32::*;
    let bytes = u128::from_le_bytes(*bytes);
    // A group in each lane, its first byte highest; no byte has the index 16.
    let first_highest = u8x16(2, 1, 0, 16, 5, 4, 3, 16, 8, 7, 6, 16, 11, 10, 9, 16);
    let groups = u8x16_swizzle(u64x2(bytes as u64, (bytes >> 64) as u64), first_highest);
    let first = v128_or(u32x4_shr(groups, 18), v128_and(u32x4_shr(groups, 4), u32x4_splat(0x3f << 8)));
    let second = v128_and(u32x4_shl(groups, 10), u32x4_splat(0x3f << 16));
    let third = v128_and(u32x4_shl(groups, 24), u32x4_splat(0x3f << 24));
    let sixes = v128_or(first, v128_or(second, third));
    // What is added to make the digit: 0 for a letter in lower case, 1 to 10 for a number, 11, 12, and 13 for a capital.
    let class =
        v128_or(u8x16_sub_sat(sixes, u8x16_splat(51)), v128_and(u8x16_lt(sixes, u8x16_splat(26)), u8x16_splat(13)));
    let added = i8x16(71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 65, 0, 0);
    let digits = u8x16_add(sixes, u8x16_swizzle(added, class));
    let [low, high] = [u64x2_extract_lane::<0>(digits), u64x2_extract_lane::<1>(digits)].map(u128::from);
    (low | (high << 64)).to_le_bytes()
}

/// The same where there are no such instructions: in native tests.
#[cfg(not(target_arch = "wasm32"))]
fn twelve(bytes: &[u8; 16]) -> [u8; 16] {
    let bytes = u128::from_be_bytes(*bytes);
    std::array::from_fn(|index| digit((bytes >> (122 - 6 * index)) as u32))
}

/// The base64 digit of the lowest six bits.
fn digit(bits: u32) -> u8 {
    ALPHABET.get((bits & 63) as usize).copied().unwrap_or(b'=')
}
