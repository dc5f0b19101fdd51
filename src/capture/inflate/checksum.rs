//! The checksums of gzip (CRC-32) and zlib (Adler-32).

/// CRC-32 by half bytes: a table of 64 bytes instead of 1,024.
const CRC_TABLE: [u32; 16] = [
    0x0000_0000,
    0x1db7_1064,
    0x3b6e_20c8,
    0x26d9_30ac,
    0x76dc_4190,
    0x6b6b_51f4,
    0x4db2_6158,
    0x5005_713c,
    0xedb8_8320,
    0xf00f_9344,
    0xd6d6_a3e8,
    0xcb61_b38c,
    0x9b64_c2b0,
    0x86d3_d2d4,
    0xa00a_e278,
    0xbdbd_f21c,
];

/// The CRC-32 of bytes (RFC 1952, section 8).
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let half = |crc: u32| CRC_TABLE.get((crc & 15) as usize).unwrap_or(&0) ^ (crc >> 4);
    !bytes.iter().fold(!0, |crc, byte| half(half(crc ^ u32::from(*byte))))
}

/// The Adler-32 of bytes (RFC 1950, section 8.2).
pub(super) fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    /// So many bytes cannot overflow the sums.
    const ROUND: usize = 5_552;
    let (mut a, mut b) = (1, 0);
    for round in bytes.chunks(ROUND) {
        for byte in round {
            a += u32::from(*byte);
            b += a;
        }
        (a, b) = (a % MODULUS, b % MODULUS);
    }
    (b << 16) | a
}
