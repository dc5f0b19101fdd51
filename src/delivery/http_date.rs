//! Dates as HTTP writes them (RFC 9110, section 5.6.7).

/// The three forms that recipients must take: `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` (here without
/// its name of the day, which has no fixed length) and `Sun Nov  6 08:49:37 1994`. A digit stands for one of the number of
/// this index: day, year, hour, minute, second; `b` for a letter of the month, `?` for any byte, `_` for a space or a
/// digit of the day.
const FORMS: [&[u8]; 3] = [b"???, 00 bbb 1111 22:33:44 GMT", b", 00-bbb-11 22:33:44 GMT", b"??? bbb _0 22:33:44 1111"];

const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

/// The seconds from the epoch to a date. `None`: it has none of the three forms, is no day of the calendar, or before the
/// epoch. The name of the day is not looked at. `now`, in seconds since the epoch, decides the century of two digits: what
/// would be more than 50 years from now is in the past.
pub fn parse(text: &[u8], now: u64) -> Option<u64> {
    let comma = text.iter().position(|byte| *byte == b',').unwrap_or_default();
    let [fixed, after_the_name, unix] = FORMS;
    let rest = text.get(comma..).unwrap_or_default();
    let (short, scanned) = match scan(text, fixed).or_else(|| scan(text, unix)) {
        Some(scanned) => (false, scanned),
        None => (true, scan(rest, after_the_name)?),
    };
    let (month, [day, year, hour, minute, second]) = scanned;
    let year = if short { century(year, now) } else { year };
    // 60: a leap second.
    if hour > 23 || minute > 59 || second > 60 || year < 1970 || day < 1 || day > length(month, year) {
        return None;
    }
    // Years begin in March: leap days are at their end. No number has more than four digits, so nothing overflows.
    // https://howardhinnant.github.io/date_algorithms.html#days_from_civil
    let (year, month) =
        if month < 3 { (year.wrapping_sub(1), month.wrapping_add(9)) } else { (year, month.wrapping_sub(3)) };
    let leaps = (year / 4).wrapping_sub(year / 100).wrapping_add(year / 400);
    let before = (month.wrapping_mul(153).wrapping_add(2) / 5).wrapping_add(day);
    let days = year.wrapping_mul(365).wrapping_add(leaps).wrapping_add(before).wrapping_sub(719_469);
    let hours = days.wrapping_mul(24).wrapping_add(hour);
    Some(hours.wrapping_mul(60).wrapping_add(minute).wrapping_mul(60).wrapping_add(second))
}

/// The month, from 1 on, and the numbers of a text of this form.
fn scan(text: &[u8], form: &[u8]) -> Option<(u64, [u64; 5])> {
    let mut numbers = [0_u64; 5];
    let mut month = None;
    if text.len() != form.len() {
        return None;
    }
    for (at, (byte, sign)) in text.iter().zip(form).enumerate() {
        let digit = match sign {
            b'?' => continue,
            b'_' if *byte == b' ' => continue,
            b'_' => b'0',
            b'b' => {
                let name = text.get(at..at.saturating_add(3));
                month = month.or_else(|| MONTHS.chunks(3).zip(1..).find(|(known, _)| Some(*known) == name));
                continue;
            }
            digit => *digit,
        };
        match numbers.get_mut(usize::from(digit.wrapping_sub(b'0'))) {
            Some(number) if byte.is_ascii_digit() => {
                *number = number.wrapping_mul(10).wrapping_add(u64::from(byte.wrapping_sub(b'0')));
            }
            None if byte == sign => {}
            _ => return None,
        }
    }
    Some((month?.1, numbers))
}

/// The days of a month.
fn length(month: u64, year: u64) -> u64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 | u64::from(leap),
        // From August on it is the even ones that are long.
        _ => 30 | (month ^ (month >> 3)) & 1,
    }
}

/// The year that ends in these two digits and is not more than 50 years from now.
fn century(digits: u64, now: u64) -> u64 {
    const YEAR: u64 = 31_556_952;
    let this = (now / YEAR).wrapping_add(1970);
    let year = this.wrapping_sub(this % 100).wrapping_add(digits);
    if year > this.wrapping_add(50) { year.wrapping_sub(100) } else { year }
}
