//! What the collector says of a request that it took: `ExportLogsServiceResponse`.

use std::slice::Iter;

/// The most bytes of an answer that are read.
pub const MAX_ANSWER_BYTES: usize = 4096;

/// How many records it did not take, and why. What is no such answer says nothing.
pub fn partial_success(answer: &[u8]) -> (u64, &[u8]) {
    let (mut rejected, mut message) = (0, &[][..]);
    let mut rest = answer.iter();
    while let (Some(tag), Some(number)) = (rest.next(), varint(&mut rest)) {
        match tag {
            // The message inside, whose fields follow. The answer has no other.
            0x0a => {}
            // A negative number is none.
            0x08 if number >> 63 == 0 => rejected = number,
            _ if tag & 7 == 0 => {}
            _ if tag & 7 == 2 => {
                let Some((text, after)) = rest.as_slice().split_at_checked(number as usize) else { break };
                rest = after.iter();
                if *tag == 0x12 {
                    message = text;
                }
            }
            _ => break,
        }
    }
    (rejected, message)
}

fn varint(bytes: &mut Iter<'_, u8>) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes.next()?;
        number |= u64::from(byte & 127).wrapping_shl(shift);
        if *byte < 128 {
            return Some(number);
        }
        shift += 7;
    }
}
