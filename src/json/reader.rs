//! Reads JSON (RFC 8259) into a [`Json`]. serde_json would be 17 kB of the wasm, a ninth of it, for a configuration that is read once
//! and a list of names; `tests/fuzz` compares both.

use super::{Json, Quoted};
use std::fmt::Write;

/// How deep lists and objects may stand in each other: as deep as serde_json takes them.
const DEEPEST: usize = 127;

/// What would be right in the place where the text is wrong.
type Read<T> = Result<T, &'static str>;

/// The value that a text is.
///
/// # Errors
/// Where the text is no JSON, what stands there and what could.
pub fn parse(text: &[u8]) -> Result<Json, String> {
    let mut reader = Reader { text, at: 0 };
    let mut read = reader.value(0);
    if read.is_ok() {
        reader.peek();
        if !reader.rest().is_empty() {
            read = Err("the end of the text");
        }
    }
    read.map_err(|takes| reader.problem(takes))
}

struct Reader<'a> {
    text: &'a [u8],
    /// How many bytes are read.
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    /// The next byte; 0, which JSON has nowhere, at the end.
    // Not inlined here and below for the wasm's size.
    #[inline(never)]
    fn byte(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    /// The next byte that is no white space.
    #[inline(never)]
    fn peek(&mut self) -> u8 {
        while let b' ' | b'\t' | b'\n' | b'\r' = self.byte() {
            self.skip(1);
        }
        self.byte()
    }

    /// Whether this byte is next; then it is read.
    #[inline(never)]
    fn has(&mut self, byte: u8) -> bool {
        let is_next = self.byte() == byte;
        self.skip(is_next.into());
        is_next
    }

    /// Whether this byte is next, after white space; then it is read.
    fn takes(&mut self, byte: u8) -> bool {
        self.peek();
        self.has(byte)
    }

    fn value(&mut self, depth: usize) -> Read<Json> {
        let depth = depth.saturating_add(1);
        match self.peek() {
            b'{' | b'[' if depth > DEEPEST => Err("no more than 127 lists and objects in each other"),
            b'{' => self.object(depth),
            b'[' => self.list(depth),
            b'"' => Ok(Json::Text(self.string()?)),
            b'-' | b'0'..=b'9' => self.number(),
            _ => {
                let words = [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))];
                let word = words.into_iter().find(|(word, _)| self.rest().starts_with(word.as_bytes()));
                let (word, value) = word.ok_or("a JSON value")?;
                self.skip(word.len());
                Ok(value)
            }
        }
    }

    fn object(&mut self, depth: usize) -> Read<Json> {
        self.skip(1);
        let mut members = Vec::new();
        if self.takes(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            if self.peek() != b'"' {
                return Err("a name in double quotes");
            }
            let name = self.string()?;
            if !self.takes(b':') {
                return Err("a colon");
            }
            members.push((name, self.value(depth)?));
            if self.takes(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.takes(b',') {
                return Err("a comma or }");
            }
        }
    }

    fn list(&mut self, depth: usize) -> Read<Json> {
        self.skip(1);
        let mut list = Vec::new();
        if self.takes(b']') {
            return Ok(Json::List(list));
        }
        loop {
            list.push(self.value(depth)?);
            if self.takes(b']') {
                return Ok(Json::List(list));
            }
            if !self.takes(b',') {
                return Err("a comma or ]");
            }
        }
    }

    /// A string, of which the first quote is next.
    fn string(&mut self) -> Read<String> {
        self.skip(1);
        let mut bytes = Vec::new();
        loop {
            match self.byte() {
                b'"' => break,
                b'\\' => self.escape(&mut bytes)?,
                byte @ b' '..=0xff => {
                    bytes.push(byte);
                    self.skip(1);
                }
                _ => return Err("a string that ends with a double quote, without control characters"),
            }
        }
        let text = String::from_utf8(bytes).map_err(|_| "strings of UTF-8")?;
        self.skip(1);
        Ok(text)
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Read<()> {
        const TAKES: &str = "an escape of JSON: \\n, \\\\, \\u00e9 …";
        let kind = self.rest().get(1).copied();
        let plain = match kind.unwrap_or(0) {
            kind @ (b'"' | b'\\' | b'/') => kind,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let character = self.character().ok_or(TAKES)?;
                bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => return Err(TAKES),
        };
        bytes.push(plain);
        self.skip(2);
        Ok(())
    }

    /// A character by its number, or by those of two surrogates.
    fn character(&mut self) -> Option<char> {
        let mut code = self.code_unit()?;
        self.skip(6);
        if let 0xd800..0xdc00 = code {
            let low = self.code_unit().and_then(|low| low.checked_sub(0xdc00)).filter(|low| *low < 0x400)?;
            self.skip(6);
            code = 0x1_0000_u32.wrapping_add((code & 0x3ff) << 10).wrapping_add(low);
        }
        char::from_u32(code)
    }

    /// The number in `\u00e9`.
    fn code_unit(&self) -> Option<u32> {
        let digits = self.rest().strip_prefix(b"\\u")?.get(..4)?;
        let mut code = 0;
        for digit in digits {
            code = (code << 4) | char::from(*digit).to_digit(16)?;
        }
        Some(code)
    }

    /// A number. One that is whole is so in any spelling: `64`, `64.0`, `6.4e1`.
    fn number(&mut self) -> Read<Json> {
        const TAKES: &str = "a number of JSON: 10, 0.5, 1e3";
        let negative = self.has(b'-');
        let mut number = Number::default();
        let zero = self.byte() == b'0';
        if self.digits(&mut number, false) == 0 || zero && number.digits > 1 {
            return Err(TAKES);
        }
        if self.has(b'.') && self.digits(&mut number, true) == 0 {
            return Err(TAKES);
        }
        if self.has(b'e') || self.has(b'E') {
            let down = self.has(b'-');
            if !down {
                self.has(b'+');
            }
            let mut exponent = Number::default();
            if self.digits(&mut exponent, false) == 0 {
                return Err(TAKES);
            }
            let by = exponent.mantissa.min(FARTHEST) as i32;
            number.exponent = number.exponent.saturating_add(if down { by.wrapping_neg() } else { by });
        }
        Ok(number.value(negative))
    }

    /// Reads digits and returns how many there were.
    #[inline(never)]
    fn digits(&mut self, number: &mut Number, fraction: bool) -> usize {
        let from = self.at;
        while let digit @ b'0'..=b'9' = self.byte() {
            number.push(digit & 15, fraction);
            self.skip(1);
        }
        self.at.saturating_sub(from)
    }

    fn problem(&self, takes: &str) -> String {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count().saturating_add(1);
        let mut problem = format!("line {line}, column {column}: got ");
        let near = self.rest();
        let near = String::from_utf8_lossy(near.get(..4).unwrap_or(near));
        // A String takes all that is written.
        let _ = match near.chars().next() {
            Some(character) => write!(problem, "{}", Quoted(character.encode_utf8(&mut [0; 4]))),
            None => problem.write_str("the end of the text"),
        };
        problem.push_str(", takes ");
        problem.push_str(takes);
        problem
    }
}

/// Larger exponents change nothing: no number has so many digits that matter.
const FARTHEST: u64 = 9999;

/// A number as it is read: `mantissa * 10^exponent`.
#[derive(Default)]
struct Number {
    mantissa: u64,
    exponent: i32,
    digits: usize,
}

impl Number {
    fn push(&mut self, digit: u8, fraction: bool) {
        self.digits = self.digits.saturating_add(1);
        let longer = self.mantissa.checked_mul(10).and_then(|longer| longer.checked_add(digit.into()));
        match longer {
            Some(longer) => {
                self.mantissa = longer;
                self.exponent = self.exponent.saturating_sub(fraction.into());
            }
            // Such digits do not matter, but their place does.
            None => self.exponent = self.exponent.saturating_add((!fraction).into()),
        }
    }

    fn value(mut self, negative: bool) -> Json {
        if self.mantissa == 0 {
            return Json::Whole(0);
        }
        if negative {
            return Json::Negative;
        }
        while self.exponent < 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.exponent = self.exponent.saturating_add(1);
        }
        while self.exponent > 0 {
            let Some(longer) = self.mantissa.checked_mul(10) else { break };
            self.mantissa = longer;
            self.exponent = self.exponent.saturating_sub(1);
        }
        if self.exponent == 0 {
            return Json::Whole(self.mantissa);
        }
        // Powers of ten are exact up to 10^22, and so is the quotient's nearest number then. Larger ones become infinite.
        let mut power = 1.0_f64;
        for _ in 0..self.exponent.unsigned_abs() {
            power *= 10.0;
        }
        let mantissa = self.mantissa as f64;
        Json::Fraction(if self.exponent < 0 { mantissa / power } else { mantissa * power })
    }
}
