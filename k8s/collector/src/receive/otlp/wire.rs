//! Protobuf, field by field and without a copy: a tree of messages can take thirty times the memory of what was sent.

use prost::encoding::{WireType, decode_key, decode_varint};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    /// A string, bytes, or a message.
    Bytes(&'a [u8]),
}

/// The fields of a message with their numbers, in their order.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Wire<'a>), String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            // What follows has no meaning.
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u32, Wire<'a>), String> {
        let (number, of) = decode_key(&mut self.0).map_err(|error| error.to_string())?;
        let wire = match of {
            WireType::Varint => Wire::Varint(self.varint()?),
            WireType::SixtyFourBit => Wire::Fixed64(u64::from_le_bytes(self.array()?)),
            WireType::ThirtyTwoBit => Wire::Fixed32(u32::from_le_bytes(self.array()?)),
            WireType::LengthDelimited => {
                let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
                Wire::Bytes(self.take(length)?)
            }
            WireType::StartGroup | WireType::EndGroup => {
                return Err("a group, which no message of these has".to_owned());
            }
        };
        Ok((number, wire))
    }

    fn varint(&mut self) -> Result<u64, String> {
        decode_varint(&mut self.0).map_err(|error| error.to_string())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| "a number is not whole".to_owned())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let left = self.0.len();
        let Some((taken, rest)) = self.0.split_at_checked(length) else {
            return Err(format!("a field has {length} bytes, of which {left} are there"));
        };
        self.0 = rest;
        Ok(taken)
    }
}

/// The messages in a message's field.
pub(super) fn messages(of: &[u8], number: u32) -> impl Iterator<Item = Result<&[u8], String>> {
    Fields(of).filter_map(move |field| match field {
        Ok((found, Wire::Bytes(message))) if found == number => Some(Ok(message)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    })
}

pub(super) fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|error| format!("a string is no UTF-8: {error}"))
}
