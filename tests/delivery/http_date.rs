//! The three forms of a date in HTTP, and what is none.

use http_trace_filter::delivery::http_date;

/// In November 2026.
const NOW: u64 = 1_795_000_000;

fn parse(text: &str, now: u64) -> Option<u64> {
    http_date::parse(text.as_bytes(), now)
}

/// The example of RFC 9110, section 5.6.7.
const EXAMPLE: u64 = 784_111_777;

#[test]
fn the_three_forms_are_one_date() {
    for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
        assert_eq!(parse(text, NOW), Some(EXAMPLE), "{text}");
    }
    assert_eq!(parse("Wed Nov 16 08:49:37 1994", NOW), Some(EXAMPLE + 10 * 86_400));
}

/// Against a calendar that counts day by day.
#[test]
fn every_day_of_five_centuries() {
    const MONTHS: [(&str, u32); 12] = [
        ("Jan", 31),
        ("Feb", 28),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ];
    let mut seconds = 0;
    for year in 1970..2470 {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for (month, days) in MONTHS {
            let last = if month == "Feb" && leap { 29 } else { days };
            for day in 1..=last {
                assert_eq!(parse(&format!("Day, {day:02} {month} {year} 00:00:00 GMT"), NOW), Some(seconds));
                seconds += 86_400;
            }
            for day in [0, last + 1, 99] {
                let text = format!("Day, {day:02} {month} {year} 00:00:00 GMT");
                assert_eq!(parse(&text, NOW), None, "{text}");
            }
        }
    }
}

#[test]
fn two_digits_are_a_year_at_most_fifty_years_from_now() {
    let year = |digits: u32, now| parse(&format!("Sunday, 01-Jan-{digits:02} 00:00:00 GMT"), now);
    let alone = |year: u32| parse(&format!("Day, 01 Jan {year} 00:00:00 GMT"), NOW);
    for (digits, expected) in [(26, 2026), (27, 2027), (76, 2076), (77, 1977), (94, 1994), (70, 2070)] {
        assert_eq!(year(digits, NOW), alone(expected), "{digits}");
    }
    assert_eq!(year(0, 1_795_000_000 - 86_400 * 365 * 26), alone(2000), "in 2000");
    assert_eq!(year(51, 946_771_200), None, "1951, before the epoch");
}

#[test]
fn times_of_the_day_and_leap_seconds() {
    let time = |time: &str| parse(&format!("Thu, 01 Jan 1970 {time} GMT"), NOW);
    assert_eq!((time("00:00:00"), time("23:59:59"), time("23:59:60")), (Some(0), Some(86_399), Some(86_400)));
    for impossible in
        ["24:00:00", "00:60:00", "00:00:61", "0:00:00", "00:0:00", "00:00", "00:00:00:00", "+1:00:00", "-1:00:00"]
    {
        assert_eq!(time(impossible), None, "{impossible}");
    }
}

#[test]
fn what_is_no_date_is_refused() {
    for text in [
        "",
        " ",
        "7",
        "soon",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 November 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 19941 08:49:37 GMT",
        "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sunday, 06-Nov 08:49:37 GMT",
        "Sunday, 06-Nov-94-1 08:49:37 GMT",
        "Sun Nov 006 08:49:37 1994",
        "Sun Nov 31 08:49:37 1994",
        "Sun Nov  6 08:49:37 94",
        "Sun Nov  6 08:49:37 1994 GMT GMT",
        "1994-11-06T08:49:37Z",
    ] {
        assert_eq!(parse(text, NOW), None, "{text:?}");
    }
}
