//! Small steps of reading, each once in the wasm: the compiler would write them out at each place.

/// What stands before the first of these bytes, and what after it, if there is one.
#[inline(never)]
pub fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    let place = text.iter().position(|byte| *byte == at);
    match place.and_then(|place| text.split_at_checked(place)) {
        Some((before, rest)) => (before, rest.get(1..)),
        None => (text, None),
    }
}

/// Whether both are the same word, in any case of ASCII letters.
#[inline(never)]
pub fn same(text: &[u8], word: &[u8]) -> bool {
    text.eq_ignore_ascii_case(word)
}

/// Whether the text begins with these bytes, in any case of ASCII letters.
pub fn begins(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len()).is_some_and(|found| same(found, start))
}

/// Without the white space around it.
#[inline(never)]
pub fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

/// Whether the word stands anywhere in the text, in any case of ASCII letters.
#[inline(never)]
pub fn contains(text: &[u8], word: &[u8]) -> bool {
    let Some(first) = word.first() else { return true };
    // Nearly everywhere already the first byte is another one.
    let may = |part: &[u8]| part.first().is_some_and(|byte| byte.eq_ignore_ascii_case(first));
    text.windows(word.len()).any(|part| may(part) && same(part, word))
}

/// The number that these digits are; `None`: it is none, or has more than 18 digits.
#[inline(never)]
pub fn number(digits: &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit & 15));
    }
    (1..=18).contains(&digits.len()).then_some(number)
}
