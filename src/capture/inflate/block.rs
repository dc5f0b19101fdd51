//! Streams of deflate blocks (RFC 1951).

use super::{bits::Bits, huffman::Huffman};
use crate::capture::bounded::Bounded;

/// Input and output.
pub(super) struct Inflater<'a> {
    pub(super) bits: Bits<'a>,
    pub(super) out: Bounded,
    literals: Huffman,
    distances: Huffman,
    /// Whether the codes are the fixed ones, which many small blocks share.
    fixed: bool,
}

impl<'a> Inflater<'a> {
    pub(super) fn new(bytes: &'a [u8], limit: usize) -> Self {
        Self {
            bits: Bits::new(bytes),
            out: Bounded::new(limit),
            literals: Huffman::new(),
            distances: Huffman::new(),
            fixed: false,
        }
    }

    /// Decodes the blocks to the last one, and gives what came of them.
    pub(super) fn stream(&mut self) -> Option<&[u8]> {
        // What was there before is another stream's.
        let start = self.out.bytes.len();
        loop {
            let last = self.bits.take(1)?;
            match self.bits.take(2)? {
                0 => self.stored()?,
                1 => {
                    self.fixed_codes()?;
                    self.block(start)?;
                }
                2 => {
                    self.dynamic_codes()?;
                    self.block(start)?;
                }
                _ => return None,
            }
            if last == 1 {
                self.bits.align();
                return self.out.bytes.get(start..);
            }
        }
    }

    fn stored(&mut self) -> Option<()> {
        self.bits.align();
        let length = self.bits.take(16)?;
        if self.bits.take(16)? != !length & 0xffff {
            return None;
        }
        for _ in 0..length {
            let byte = self.bits.take(8)?;
            self.out.push(byte as u8)?;
        }
        Some(())
    }

    /// Section 3.2.6.
    fn fixed_codes(&mut self) -> Option<()> {
        if !self.fixed {
            let lengths: [u8; 288] = std::array::from_fn(|symbol| match symbol {
                144..256 => 9,
                256..280 => 7,
                _ => 8,
            });
            self.literals.set(&lengths)?;
            self.distances.set(&[5; 32])?;
            self.fixed = true;
        }
        Some(())
    }

    /// Section 3.2.7.
    fn dynamic_codes(&mut self) -> Option<()> {
        const ORDER: [u8; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        self.fixed = false;
        let literals = self.bits.take(5)? as usize + 257;
        let distances = self.bits.take(5)? as usize + 1;
        let codes = self.bits.take(4)? as usize + 4;
        if literals > 286 || distances > 30 {
            return None;
        }
        let mut lengths = [0_u8; 19];
        for symbol in ORDER.iter().take(codes) {
            *lengths.get_mut(usize::from(*symbol))? = self.bits.take(3)? as u8;
        }
        // Until the lengths are read this is the code of the lengths.
        self.literals.set(&lengths)?;
        let total = literals + distances;
        let mut lengths = Bounded::new(total);
        while lengths.bytes.len() < total {
            let (length, times) = match self.literals.symbol(&mut self.bits)? {
                16 => (*lengths.bytes.last()?, self.bits.take(2)? + 3),
                17 => (0, self.bits.take(3)? + 3),
                18 => (0, self.bits.take(7)? + 11),
                length => (length as u8, 1),
            };
            for _ in 0..times {
                lengths.push(length)?;
            }
        }
        let (literals, distances) = lengths.bytes.split_at_checked(literals)?;
        self.literals.set(literals)?;
        self.distances.set(distances)
    }

    /// Section 3.2.3, to the end of the block. `start` is where the stream began in the output.
    fn block(&mut self, start: usize) -> Option<()> {
        loop {
            let length = match self.literals.symbol(&mut self.bits)? {
                byte @ ..256 => {
                    self.out.push(byte as u8)?;
                    continue;
                }
                256 => return Some(()),
                short @ ..265 => short - 254,
                285 => 258,
                long @ ..285 => self.spread(long - 257, 4)? + 3,
                _ => return None,
            };
            let distance = match self.distances.symbol(&mut self.bits)? {
                near @ ..4 => near + 1,
                far @ ..30 => self.spread(far, 2)? + 1,
                _ => return None,
            };
            // It may repeat what it writes itself.
            let from = self.out.bytes.len().checked_sub(distance as usize).filter(|from| *from >= start)?;
            self.out.repeat(from, length as usize)?;
        }
    }

    /// What a symbol with further bits stands for, where `steps` symbols in a row have as many of them (section 3.2.5).
    fn spread(&mut self, symbol: u32, steps: u32) -> Option<u32> {
        let count = symbol / steps - 1;
        let further = self.bits.take(count)?;
        Some(((steps + symbol % steps) << count) + further)
    }
}
