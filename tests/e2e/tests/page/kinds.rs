//! Exchanges of every kind, as the filter captures them.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

type Pairs = Vec<(String, Vec<u8>)>;

/// One exchange.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// The request's and the response's.
    pub(crate) headers: [Pairs; 2],
    pub(crate) bodies: [Vec<u8>; 2],
    pub(crate) trailers: Pairs,
    pub(crate) addresses: [&'static str; 2],
    pub(crate) namespace: Option<&'static str>,
    pub(crate) version: &'static str,
    /// 0: no response.
    pub(crate) status: u16,
}

fn pairs(of: &[(&str, &[u8])]) -> Pairs {
    of.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect()
}

/// A POST to `/orders` that is answered with 200, and what is other about it.
fn kind(name: &'static str, request: &[(&str, &[u8])], response: &[(&str, &[u8])], change: impl Fn(&mut Kind)) -> Kind {
    let pseudo =
        [(":authority", "orders:8080"), (":method", "POST"), (":path", "/orders?x=1&y=?"), (":scheme", "http")];
    let mut all: Pairs = pairs(request);
    for (name, value) in pseudo {
        if all.iter().all(|(other, _)| other != name) {
            all.push((name.to_owned(), value.into()));
        }
    }
    all.push(("x-request-id".to_owned(), name.into()));
    let mut kind = Kind {
        name,
        headers: [all, [pairs(&[(":status", b"200")]), pairs(response)].concat()],
        bodies: [Vec::new(), Vec::new()],
        trailers: Vec::new(),
        addresses: ["10.4.0.7:42138", "10.4.0.12:59231"],
        namespace: None,
        version: "HTTP/1.1",
        status: 200,
    };
    change(&mut kind);
    kind
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(body).expect("memory");
    gzip.finish().expect("memory")
}

/// One of each.
pub(crate) fn kinds() -> Vec<Kind> {
    let json: (&str, &[u8]) = ("content-type", b"application/json");
    let text: (&str, &[u8]) = ("content-type", b"text/plain; charset=utf-8");
    vec![
        kind(
            "json",
            &[json, ("accept", b"a"), ("accept", b"b"), ("x-empty", b"")],
            &[json, ("set-cookie", b"a")],
            |kind| {
                kind.bodies = [br#"{"a":[1,2]}"#.to_vec(), br#"{"id":12345678901234567890}"#.to_vec()];
                kind.namespace = Some("sock-shop");
                kind.status = 201;
            },
        ),
        kind("nothing in it", &[(":method", b"GET"), (":path", b"/")], &[], |_| {}),
        kind("binary", &[], &[("content-type", b"application/octet-stream")], |kind| {
            kind.bodies = [(0..=255).collect(), (0..=255).rev().collect()];
        }),
        kind("no UTF-8 in a text", &[text], &[json], |kind| {
            kind.bodies = [b"caf\xe9".to_vec(), b"{\"a\":\"\xff\"}".to_vec()];
        }),
        kind("gzip", &[], &[json, ("content-encoding", b"gzip")], |kind| {
            kind.bodies[1] = gzip(br#"{"coded":"inside"}"#);
            let length = kind.bodies[1].len().to_string().into_bytes();
            kind.headers[1].push(("content-length".to_owned(), length));
        }),
        kind("gzip without a length", &[text, ("content-encoding", b"gzip")], &[json], |kind| {
            kind.bodies[0] = gzip(b"coded");
        }),
        kind("longer than what is kept", &[text], &[text, ("content-length", b"1000001")], |kind| {
            kind.bodies = [b"0123456789".repeat(100_001), b"x".repeat(1_000_001)];
        }),
        kind("no response", &[text], &[], |kind| {
            kind.bodies[0] = b"a request".to_vec();
            kind.status = 0;
        }),
        kind(
            "gRPC",
            &[("content-type", b"application/grpc"), ("te", b"trailers")],
            &[("content-type", b"application/grpc")],
            |kind| {
                kind.version = "HTTP/2";
                kind.bodies = [b"\0\0\0\0\x02\x08\x2a".to_vec(), b"\0\0\0\0\x02\x08\x2b".to_vec()];
                kind.trailers = pairs(&[("grpc-status", b"5"), ("grpc-message", b"no such order"), ("x-more", b"1")]);
            },
        ),
        kind(
            "gRPC with nothing but trailers",
            &[],
            &[("content-type", b"application/grpc"), ("grpc-status", b"12")],
            |_| {},
        ),
        kind("IPv6", &[(":authority", b"[2001:db8::1]:8080"), (":scheme", b"https")], &[], |kind| {
            kind.addresses = ["[2001:db8::7]:42138", "[::1]:80"];
            kind.version = "HTTP/3";
        }),
        kind(
            "an odd method and any bytes",
            &[(":method", b"BREW"), ("x-bytes", b"a\xff\0\x01z")],
            &[("x-quote", b"\"\\\n<b>")],
            |_| {},
        ),
        kind(
            "redacted",
            &[("authorization", b"Bearer s3cret"), ("cookie", b"a=b")],
            &[("set-cookie", b"s3cret")],
            |_| {},
        ),
        kind("an error", &[], &[text], |kind| {
            kind.status = 503;
            kind.bodies[1] = b"no healthy upstream".to_vec();
        }),
    ]
}
