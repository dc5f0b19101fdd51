//! Reading JSON, against serde_json: what is taken, and what of it.

use crate::agreement::agree;
use http_trace_filter::json::{Json, reader::parse};

#[test]
fn texts_are_taken_as_serde_json_takes_them() {
    const TEXTS: &[&str] = &[
        "",
        " ",
        "null",
        "nul",
        "nullx",
        "true",
        "false",
        " true\n",
        "{}",
        "[]",
        "[,]",
        "[1,]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1}{",
        "[1]]",
        "[[[]]]",
        "{\"a\":{\"b\":[1,2,{\"c\":null}]}}",
        "\"",
        "\"\\",
        "\"\\u\"",
        "\"\\u00e\"",
        "\"\\u00e9\"",
        "\"\\u00E9x\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"\\ude00\"",
        "\"\\ud83d\\u0041\"",
        "\"\\ud83d\\ud83d\"",
        "\"\\udbff\\udfff\"",
        "\"\\ud800\\udc00\"",
        "\"\\ud840\\udc00\"",
        "\"\\u+123\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\x\"",
        "\"\n\"",
        "\"\u{7f}\"",
        "\"é€😀\"",
        "\u{feff}{}",
        "// a\n{}",
        "/**/1",
        "NaN",
        "Infinity",
        "-",
        "+1",
        ".5",
        "5.",
        "5.e1",
        "5e",
        "5e+",
        "5e-1",
        "0",
        "-0",
        "00",
        "01",
        "-01",
        "0.0",
        "0e9",
        "0.10",
        "64.0",
        "6.4e1",
        "640e-1",
        "1e3",
        "1E+3",
        "1e19",
        "1e20",
        "1.5e300",
        "1e-300",
        "18446744073709551615",
        "18446744073709551616",
        "123456789012345678901234567890",
        "0.1",
        "0.25",
        "0.333333333333333333333",
        "-7",
        "-0.5",
        "1.0000000000000000000000001",
        "0.000000000000000000000000000001",
        "1e-400",
        "-1e-400",
        "-2e-0555",
        "6e-316",
        "888888888888888887.0000000000296643484",
    ];
    for text in TEXTS {
        agree(text.as_bytes());
        for cut in 0..text.len() {
            agree(&text.as_bytes()[..cut]);
        }
        for around in ["[", "{\"a\":", "[0,"] {
            agree(format!("{around}{text}{}", if around.starts_with('[') { "]" } else { "}" }).as_bytes());
        }
    }
    for bytes in [&b"\"\xff\""[..], b"\"\xe2\x82\"", b"\xff", b"\"a\xc3\xa9\"", b"[\"\xed\xa0\x80\"]", b"\0", b"[1]\0"]
    {
        agree(bytes);
    }
}

#[test]
fn exponents_of_every_size() {
    for digits in
        ["0", "1", "6", "25", "123456", "0.000001", "9.99999999999999999999999", "18446744073709551616", "0.1"]
    {
        for exponent in -400..=400 {
            agree(format!("{digits}e{exponent}").as_bytes());
            agree(format!("-{digits}e{exponent}").as_bytes());
        }
    }
    let zeros = "0".repeat(400);
    for text in
        [format!("0.{zeros}1e400"), format!("0.{zeros}1e401"), format!("1{zeros}e-400"), format!("1{zeros}e-401")]
    {
        agree(text.as_bytes());
    }
}

#[test]
fn depth_is_bounded_where_serde_json_bounds_it() {
    for depth in [1, 126, 127, 128, 129, 100_000] {
        agree(&[vec![b'['; depth], vec![b']'; depth]].concat());
        agree(["{\"a\":".repeat(depth), "1".to_owned(), "}".repeat(depth)].concat().as_bytes());
    }
}

#[test]
fn whole_numbers_are_so_in_any_spelling() {
    for text in ["64", "64.0", "6.4e1", "640e-1", "0.64E+2", "64000000000000000000000e-21"] {
        assert_eq!(parse(text.as_bytes()), Ok(Json::Whole(64)), "{text}");
    }
}

#[test]
fn a_problem_names_its_place_what_stands_there_and_what_could() {
    for (text, problem) in [
        ("{\"a\":1,\n 'b':2}", "line 2, column 2: got \"'\", takes a name in double quotes"),
        ("{\"a\" 1}", "line 1, column 6: got \"1\", takes a colon"),
        ("[1,", "line 1, column 4: got the end of the text, takes a JSON value"),
        ("[1 é", "line 1, column 4: got \"é\", takes a comma or ]"),
        ("{\"a\":1,}", "line 1, column 8: got \"}\", takes a name in double quotes"),
        ("{\"a\":1", "line 1, column 7: got the end of the text, takes a comma or }"),
        ("{} x", "line 1, column 4: got \"x\", takes the end of the text"),
        ("01", "line 1, column 3: got the end of the text, takes a number of JSON: 10, 0.5, 1e3"),
        (
            "\"a\nb\"",
            "line 1, column 3: got \"\\n\", takes a string that ends with a double quote, without control characters",
        ),
        ("\"\\x\"", "line 1, column 2: got \"\\\\\", takes an escape of JSON: \\n, \\\\, \\u00e9 …"),
    ] {
        assert_eq!(parse(text.as_bytes()), Err(problem.to_owned()), "{text}");
    }
}
