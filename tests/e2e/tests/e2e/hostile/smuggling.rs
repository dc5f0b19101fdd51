//! Shapes by which a request hides in another, where two parsers disagree about the end of the first. The filter must not
//! be a third opinion: what Envoy takes for one request, it records as one.

use crate::hostile::siege::Siege;

/// Follows each shape on the same connection. Envoy answers it and closes, unless it has closed after the shape.
const NEXT: &str = "GET /next HTTP/1.1\r\nhost: next\r\nconnection: close\r\n\r\n";

/// Sends each shape, followed by another request.
async fn each(shapes: &[(&str, &str)]) {
    let siege = Siege::start(|_| {}).await;
    for (name, shape) in shapes {
        let answer = siege.same(name, format!("{shape}{NEXT}").as_bytes()).await;
        assert!(answer.starts_with(b"HTTP/1.1 "), "{name}: {}", answer.escape_ascii());
        println!("{name}: {}", statuses(&answer));
    }
    siege.finish().await;
}

/// The status of each answer.
fn statuses(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let status = |line: &str| line.strip_prefix("HTTP/1.1 ").map(|rest| rest.chars().take(3).collect::<String>());
    text.lines().filter_map(status).collect::<Vec<_>>().join(" ")
}

/// A POST with these header lines and this body.
macro_rules! post {
    ($lines:literal, $body:literal) => {
        concat!("POST /shape HTTP/1.1\r\nhost: shape\r\n", $lines, "\r\n", $body)
    };
}

#[tokio::test]
async fn by_length() {
    each(&[
        ("the same length twice", post!("content-length: 5\r\ncontent-length: 5\r\n", "hello")),
        ("two lengths", post!("content-length: 5\r\ncontent-length: 6\r\n", "hello")),
        ("a list of lengths", post!("content-length: 5, 5\r\n", "hello")),
        ("a list of two lengths", post!("content-length: 5, 6\r\n", "hello")),
        ("a sign", post!("content-length: +5\r\n", "hello")),
        ("a negative length", post!("content-length: -5\r\n", "hello")),
        ("a hexadecimal length", post!("content-length: 0x5\r\n", "hello")),
        ("an octal length", post!("content-length: 05\r\n", "hello")),
        ("spaces around a length", post!("content-length:   5  \r\n", "hello")),
        ("a space before the colon", post!("content-length : 5\r\n", "hello")),
        ("a length that overflows", post!("content-length: 18446744073709551621\r\n", "hello")),
        ("an empty length", post!("content-length: \r\n", "hello")),
        ("a folded length", post!("content-length:\r\n 5\r\n", "hello")),
        ("a length hidden behind a CR", post!("x: 1\rcontent-length: 5\r\n", "hello")),
        ("a length as hop-by-hop", post!("connection: content-length\r\ncontent-length: 5\r\n", "hello")),
        (
            "a request in the body",
            post!("content-length: 50\r\n", "GET /hidden HTTP/1.1\r\nhost: hidden\r\nx-pad: 1234\r\n\r\n"),
        ),
        ("a GET with a body", "GET /shape HTTP/1.1\r\nhost: shape\r\ncontent-length: 5\r\n\r\nhello"),
        ("a HEAD with a body", "HEAD /shape HTTP/1.1\r\nhost: shape\r\ncontent-length: 5\r\n\r\nhello"),
    ])
    .await;
}

#[tokio::test]
async fn by_transfer_coding() {
    each(&[
        ("length, then chunked", post!("content-length: 5\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n")),
        ("chunked, then length", post!("transfer-encoding: chunked\r\ncontent-length: 5\r\n", "0\r\n\r\n")),
        ("chunked twice", post!("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n")),
        ("chunked, chunked", post!("transfer-encoding: chunked, chunked\r\n", "0\r\n\r\n")),
        ("identity, chunked", post!("transfer-encoding: identity, chunked\r\n", "0\r\n\r\n")),
        ("chunked, identity", post!("transfer-encoding: chunked, identity\r\n", "0\r\n\r\n")),
        ("chunked and another", post!("transfer-encoding: chunked\r\ntransfer-encoding: x\r\n", "0\r\n\r\n")),
        ("gzip, chunked", post!("transfer-encoding: gzip, chunked\r\n", "0\r\n\r\n")),
        ("upper case", post!("Transfer-Encoding: CHUNKED\r\n", "5\r\nhello\r\n0\r\n\r\n")),
        ("almost chunked", post!("transfer-encoding: xchunked\r\n", "0\r\n\r\n")),
        ("quoted", post!("transfer-encoding: \"chunked\"\r\n", "0\r\n\r\n")),
        ("a folded coding", post!("transfer-encoding:\r\n chunked\r\n", "0\r\n\r\n")),
        ("a coding that goes on", post!("transfer-encoding: chunked\r\n ,identity\r\n", "0\r\n\r\n")),
        ("a tab before", post!("transfer-encoding:\tchunked\r\n", "0\r\n\r\n")),
        ("a vertical tab before", post!("transfer-encoding: \x0bchunked\r\n", "0\r\n\r\n")),
        ("a space before the colon", post!("transfer-encoding : chunked\r\n", "0\r\n\r\n")),
        ("a coding hidden behind a CR", post!("x: 1\rtransfer-encoding: chunked\r\n", "0\r\n\r\n")),
        ("a coding hidden behind an LF", post!("x: 1\ntransfer-encoding: chunked\r\n", "0\r\n\r\n")),
        ("a coding with a parameter", post!("transfer-encoding: chunked;a=b\r\n", "0\r\n\r\n")),
        ("an underscore", post!("transfer_encoding: chunked\r\ncontent-length: 5\r\n", "0\r\n\r\n")),
        ("a coding in HTTP/1.0", "POST / HTTP/1.0\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
    ])
    .await;
}

/// A chunked POST.
macro_rules! chunks {
    ($body:literal) => {
        post!("transfer-encoding: chunked\r\n", $body)
    };
}

#[tokio::test]
async fn by_chunks() {
    each(&[
        ("an extension", chunks!("5;a=b\r\nhello\r\n0\r\n\r\n")),
        ("an extension with a quoted CRLF", chunks!("5;a=\"\r\n0\r\n\r\nhello\r\n0\r\n\r\n")),
        ("an extension that ends with LF", chunks!("5;a\nhello\r\n0\r\n\r\n")),
        ("a size that ends with LF", chunks!("5\nhello\r\n0\r\n\r\n")),
        ("a chunk that ends with LF", chunks!("5\r\nhello\n0\r\n\r\n")),
        ("a chunk longer than its size", chunks!("4\r\nhello\r\n0\r\n\r\n")),
        ("a chunk without an end", chunks!("5\r\nhello0\r\n\r\n")),
        ("a hexadecimal prefix", chunks!("0x5\r\nhello\r\n0\r\n\r\n")),
        ("a sign", chunks!("+5\r\nhello\r\n0\r\n\r\n")),
        ("a negative size", chunks!("-5\r\nhello\r\n0\r\n\r\n")),
        ("a space after the size", chunks!("5 \r\nhello\r\n0\r\n\r\n")),
        ("a space before the size", chunks!(" 5\r\nhello\r\n0\r\n\r\n")),
        ("no size", chunks!("\r\nhello\r\n0\r\n\r\n")),
        ("a size that overflows", chunks!("FFFFFFFFFFFFFFFF5\r\nhello\r\n0\r\n\r\n")),
        ("many zeros", chunks!("000000000000000005\r\nhello\r\n0\r\n\r\n")),
        ("a last chunk of zeros", chunks!("5\r\nhello\r\n000\r\n\r\n")),
        ("a request as trailers", chunks!("0\r\nGET /hidden HTTP/1.1\r\nhost: hidden\r\n\r\n")),
        ("a length as a trailer", chunks!("0\r\ncontent-length: 50\r\n\r\n")),
        ("a trailer that is bad", chunks!("0\r\nbad trailer: 1\r\n\r\n")),
    ])
    .await;
}

#[tokio::test]
async fn by_lines_and_targets() {
    each(&[
        ("lines that end with LF", "GET /shape HTTP/1.1\nhost: shape\n\n"),
        ("a head that ends with LF", "GET /shape HTTP/1.1\r\nhost: shape\r\n\n"),
        ("empty lines before", "\r\n\r\nGET /shape HTTP/1.1\r\nhost: shape\r\n\r\n"),
        ("a folded header", "GET /shape HTTP/1.1\r\nhost: shape\r\nx: 1\r\n 2\r\n\r\n"),
        ("a line without a colon", "GET /shape HTTP/1.1\r\nhost: shape\r\nx\r\n\r\n"),
        ("an empty name", "GET /shape HTTP/1.1\r\nhost: shape\r\n: 1\r\n\r\n"),
        ("a space before the first header", "GET /shape HTTP/1.1\r\n host: shape\r\n\r\n"),
        ("an absolute target and another host", "GET http://absolute/shape HTTP/1.1\r\nhost: other\r\n\r\n"),
        ("an absolute target without a host", "GET http://absolute/shape HTTP/1.1\r\n\r\n"),
        ("an absolute target with credentials", "GET http://user:pass@absolute/ HTTP/1.1\r\nhost: absolute\r\n\r\n"),
        ("an absolute target of another scheme", "GET file:///etc/passwd HTTP/1.1\r\nhost: shape\r\n\r\n"),
        ("two hosts", "GET /shape HTTP/1.1\r\nhost: one\r\nhost: two\r\n\r\n"),
        ("a list of hosts", "GET /shape HTTP/1.1\r\nhost: one, two\r\n\r\n"),
        ("a host with a path", "GET /shape HTTP/1.1\r\nhost: shape/path?x@y\r\n\r\n"),
        ("a host with a space", "GET /shape HTTP/1.1\r\nhost: one two\r\n\r\n"),
        ("an empty host", "GET /shape HTTP/1.1\r\nhost:\r\n\r\n"),
        ("a target without a slash", "GET shape HTTP/1.1\r\nhost: shape\r\n\r\n"),
        ("a space in the target", "GET /a b HTTP/1.1\r\nhost: shape\r\n\r\n"),
        ("two versions", "GET /shape HTTP/1.1 HTTP/1.1\r\nhost: shape\r\n\r\n"),
        ("HTTP/0.9", "GET /shape\r\n\r\n"),
        ("HTTP/1.2", "GET /shape HTTP/1.2\r\nhost: shape\r\n\r\n"),
        ("HTTP/2 in a line", "GET /shape HTTP/2.0\r\nhost: shape\r\n\r\n"),
        ("a version in lower case", "GET /shape http/1.1\r\nhost: shape\r\n\r\n"),
        ("tabs", "GET\t/shape\tHTTP/1.1\r\nhost: shape\r\n\r\n"),
        ("a method that nobody knows", "SMUGGLE /shape HTTP/1.1\r\nhost: shape\r\n\r\n"),
        ("all hosts", "OPTIONS * HTTP/1.1\r\nhost: shape\r\n\r\n"),
        ("CONNECT with a path", "CONNECT /shape HTTP/1.1\r\nhost: shape\r\n\r\n"),
        (
            "an upgrade to h2c",
            "GET /shape HTTP/1.1\r\nhost: shape\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n\
             http2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
        ),
        ("an id as hop-by-hop", "GET / HTTP/1.1\r\nhost: a\r\nconnection: x-request-id\r\nx-request-id: mine\r\n\r\n"),
        ("an expectation that nobody knows", "POST / HTTP/1.1\r\nhost: a\r\nexpect: 101\r\ncontent-length: 0\r\n\r\n"),
    ])
    .await;
}
