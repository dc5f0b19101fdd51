//! HTTP/2 frames that no client sends.

use http_trace_e2e::wait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::hostile::siege::{Siege, show};

/// Frame types: RFC 9113, section 6.
pub(crate) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const PRIORITY: u8 = 2;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const PUSH_PROMISE: u8 = 5;
    pub(crate) const PING: u8 = 6;
    pub(crate) const GOAWAY: u8 = 7;
    pub(crate) const WINDOW_UPDATE: u8 = 8;
    pub(crate) const CONTINUATION: u8 = 9;
}
use kind::{CONTINUATION, DATA, GOAWAY, HEADERS, PING, PRIORITY, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE};

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITIZED: u8 = 0x20;

/// What a client says first.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The end of each case: Envoy answers it if it has not closed the connection by then.
const LAST: &[u8; 8] = b"the end.";

/// A frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), content].concat()
}

/// A header as HPACK's literal without indexing (RFC 7541, section 6.2.2); texts shorter than 127 bytes.
pub(crate) fn field(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).expect("a short text")], text.as_bytes()].concat();
    [vec![0], text(name), text(value)].concat()
}

/// `GET path`, with further headers.
pub(crate) fn get(path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let pseudo = [(":method", "GET"), (":scheme", "http"), (":authority", "h2.test"), (":path", path)];
    pseudo.iter().chain(more).flat_map(|(name, value)| field(name, value)).collect()
}

/// The frames that came back: DATA of one stream together, without those whose number is a matter of timing.
async fn answer(to: std::net::SocketAddr, sent: &[u8]) -> Vec<String> {
    let stream = TcpStream::connect(to).await.expect("a connection");
    let (mut read, mut write) = stream.into_split();
    let bytes = [sent, &frame(PING, 0, 0, LAST)].concat();
    let send = async {
        let _ = write.write_all(&bytes).await;
        std::future::pending::<()>().await;
    };
    let mut frames: Vec<(u8, u8, u32, Vec<u8>)> = Vec::new();
    let receive = async {
        let mut head = [0; 9];
        while read.read_exact(&mut head).await.is_ok() {
            let [a, b, c, kind, flags, stream @ ..] = head;
            let mut content = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            if read.read_exact(&mut content).await.is_err() {
                return;
            }
            let last = kind == PING && content == LAST;
            frames.push((kind, flags, u32::from_be_bytes(stream), content));
            if last {
                return;
            }
        }
    };
    let both = async {
        tokio::select! { () = send => {}, () = receive => {} }
    };
    let ended = tokio::time::timeout(wait::DEADLINE, both).await;
    assert!(ended.is_ok(), "Envoy neither answers nor closes after {}; it sent {frames:?}", show(sent));
    let shown = frames.iter().filter(|(kind, ..)| *kind != WINDOW_UPDATE);
    shown
        .map(|(kind, flags, stream, content)| match *kind {
            // The status comes first, and a date later.
            HEADERS => format!("HEADERS {flags} of {stream}: {:02x}…", content.first().copied().unwrap_or_default()),
            GOAWAY => format!("GOAWAY {}", content.escape_ascii()),
            kind => format!("{kind} {flags} of {stream}: {}", show(content)),
        })
        .collect()
}

/// Sends the frames of each case after the preface to both listeners.
async fn each(cases: Vec<(&str, Vec<u8>)>) {
    let siege = Siege::start(|_| {}).await;
    for (name, frames) in cases {
        let bytes = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &frames].concat();
        same(&siege, name, &bytes).await;
    }
    siege.finish_dropped().await;
}

async fn same(siege: &Siege, name: &str, bytes: &[u8]) {
    let plain = answer(siege.stage.envoy.plain(), bytes).await;
    let filtered = answer(siege.stage.envoy.filtered(), bytes).await;
    println!("{name}: {filtered:?}");
    assert_eq!(plain, filtered, "{name}: without the filter (left) and with it");
}

/// A request that Envoy answers itself, and so always in the same way.
fn local() -> Vec<u8> {
    get("/local", &[])
}

#[tokio::test]
async fn prefaces() {
    let siege = Siege::start(|_| {}).await;
    let settings = frame(SETTINGS, 0, 0, &[]);
    let request = frame(HEADERS, END_STREAM | END_HEADERS, 1, &local());
    for (name, bytes) in [
        ("no settings", [PREFACE, &request].concat()),
        ("another magic", [&b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"[..], &settings].concat()),
        ("the magic twice", [PREFACE, PREFACE, &settings].concat()),
        ("garbage after it", [PREFACE, &[0xff; 4000]].concat()),
        ("HTTP/1.1 after it", [PREFACE, b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"].concat()),
    ] {
        same(&siege, name, &bytes).await;
    }
    siege.finish_dropped().await;
}

#[tokio::test]
async fn out_of_place() {
    let both = END_STREAM | END_HEADERS;
    let open = || frame(HEADERS, END_HEADERS, 1, &get("/shape", &[]));
    let request = |stream| frame(HEADERS, both, stream, &local());
    each(vec![
        ("a good request", request(1)),
        ("HEADERS on stream 0", request(0)),
        ("HEADERS on an even stream", request(2)),
        ("a stream number that goes back", [request(5), request(3)].concat()),
        ("DATA on stream 0", frame(DATA, 0, 0, b"hello")),
        ("DATA on an idle stream", frame(DATA, 0, 7, b"hello")),
        ("DATA after the end", [request(1), frame(DATA, END_STREAM, 1, b"hello")].concat()),
        ("RST_STREAM on stream 0", frame(RST_STREAM, 0, 0, &[0, 0, 0, 8])),
        ("RST_STREAM on an idle stream", frame(RST_STREAM, 0, 9, &[0, 0, 0, 8])),
        ("RST_STREAM of three bytes", [open(), frame(RST_STREAM, 0, 1, &[0, 0, 8])].concat()),
        ("PUSH_PROMISE of a client", [open(), frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2])].concat()),
        ("a frame of an unknown type", [frame(0xee, 0xff, 0, &[1; 100]), request(1)].concat()),
        ("PING of seven bytes", frame(PING, 0, 0, &[0; 7])),
        ("PING on a stream", frame(PING, 0, 1, &[0; 8])),
        ("GOAWAY on a stream", frame(GOAWAY, 0, 1, &[0; 8])),
        ("GOAWAY, and a request after it", [frame(GOAWAY, 0, 0, &[0; 8]), request(1)].concat()),
        ("PRIORITY of itself", frame(PRIORITY, 0, 3, &[0, 0, 0, 3, 1])),
        ("HEADERS that depend on themselves", {
            let content = [&[0, 0, 0, 1, 1][..], &local()].concat();
            frame(HEADERS, both | PRIORITIZED, 1, &content)
        }),
        ("padding longer than the frame", [open(), frame(DATA, PADDED, 1, &[200, 1, 2, 3])].concat()),
        ("padding of HEADERS longer than the frame", frame(HEADERS, both | PADDED, 1, &[0xff, 0x82])),
        ("CONTINUATION of nothing", frame(CONTINUATION, END_HEADERS, 1, &local())),
        ("CONTINUATION of another stream", {
            [frame(HEADERS, END_STREAM, 1, &local()), frame(CONTINUATION, END_HEADERS, 3, &[])].concat()
        }),
        ("DATA within HEADERS", [frame(HEADERS, 0, 1, &local()), frame(DATA, 0, 1, b"hello")].concat()),
        ("PING within HEADERS", [frame(HEADERS, END_STREAM, 1, &local()), frame(PING, 0, 0, &[0; 8])].concat()),
    ])
    .await;
}

#[tokio::test]
async fn of_a_wrong_size() {
    let setting = |id: u16, value: u32| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
    let open = || frame(HEADERS, END_HEADERS, 1, &get("/shape", &[]));
    let update = |stream, by: u32| frame(WINDOW_UPDATE, 0, stream, &by.to_be_bytes());
    each(vec![
        // Only their beginning is sent: how much Envoy reads at a time must not matter.
        ("DATA of 20 kB", [open(), vec![0, 0x4e, 0x20, DATA, 0, 0, 0, 0, 1], vec![0; 100]].concat()),
        ("a frame of 16 MB", [open(), vec![0xff, 0xff, 0xff, DATA, 0, 0, 0, 0, 1], vec![0; 100]].concat()),
        ("HEADERS of 20 kB", [vec![0, 0x4e, 0x20, HEADERS, END_HEADERS, 0, 0, 0, 1], vec![0; 100]].concat()),
        ("SETTINGS of five bytes", frame(SETTINGS, 0, 0, &[0; 5])),
        ("SETTINGS on a stream", frame(SETTINGS, 0, 1, &[])),
        ("SETTINGS: an acknowledgement that says something", frame(SETTINGS, 1, 0, &setting(1, 1))),
        ("SETTINGS: a window of 4 GB", frame(SETTINGS, 0, 0, &setting(4, u32::MAX))),
        ("SETTINGS: frames of a byte", frame(SETTINGS, 0, 0, &setting(5, 1))),
        ("SETTINGS: push, 7 times", frame(SETTINGS, 0, 0, &setting(2, 7))),
        ("SETTINGS: a table of 4 GB", frame(SETTINGS, 0, 0, &setting(1, u32::MAX))),
        ("WINDOW_UPDATE by nothing", update(0, 0)),
        ("WINDOW_UPDATE of a stream by nothing", [open(), update(1, 0)].concat()),
        ("the connection's window overflows", [update(0, 0x7fff_ffff), update(0, 0x7fff_ffff)].concat()),
        ("a stream's window overflows", [open(), update(1, 0x7fff_ffff), update(1, 0x7fff_ffff)].concat()),
        ("a window that overflows by SETTINGS", {
            [open(), update(1, 0x7fff_0000), frame(SETTINGS, 0, 0, &setting(4, 0x7fff_ffff))].concat()
        }),
    ])
    .await;
}

#[tokio::test]
async fn of_bad_headers() {
    let request = |content: &[u8]| frame(HEADERS, END_STREAM | END_HEADERS, 1, content);
    let more = |name, value| request(&get("/local", &[(name, value)]));
    let then = |bytes: &[u8]| request(&[&local()[..], bytes].concat());
    each(vec![
        ("no headers at all", request(&[])),
        ("HPACK: index 0", then(&[0x80])),
        ("HPACK: an index beyond the table", then(&[0xff, 0xff, 0xff, 0x7f])),
        ("HPACK: an index that overflows", then(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])),
        ("HPACK: a text longer than the frame", then(&[0, 0x7f, 0xff, 0x7f, b'x'])),
        ("HPACK: cut within a number", then(&[0x7f, 0xff])),
        ("HPACK: bad Huffman codes", then(&[0, 1, b'x', 0x84, 0xff, 0xff, 0xff, 0xff])),
        ("HPACK: a table of 16 MB", request(&[&[0x3f, 0xff, 0xff, 0xff, 0x07][..], &local()].concat())),
        ("HPACK: the table's size at the end", then(&[0x20])),
        ("a name in upper case", more("X-Upper", "1")),
        ("a name with a space", more("x y", "1")),
        ("an empty name", more("", "1")),
        ("a name with a CRLF", more("x\r\ny", "1")),
        ("a value with a CRLF", more("x", "1\r\nhost: other")),
        ("a value with a NUL", more("x", "1\0")),
        ("connection", more("connection", "close")),
        ("transfer-encoding", more("transfer-encoding", "chunked")),
        ("te", more("te", "gzip")),
        ("a length that is not true", more("content-length", "5")),
        ("a host that is another", more("host", "other")),
        ("a pseudo header that nobody knows", more(":unknown", "1")),
        ("a pseudo header at the end", more(":path", "/other")),
        ("a status in a request", more(":status", "200")),
        ("no path", request(&[field(":method", "GET"), field(":scheme", "http")].concat())),
        ("an empty path", request(&get("", &[]))),
        ("a path without a slash", request(&get("local", &[]))),
        ("a path with a space", request(&get("/local /x", &[]))),
        ("a path with a CRLF", request(&get("/local HTTP/1.1\r\nhost: other\r\n\r\n", &[]))),
        ("a header in the trailers that begins with a colon", {
            let open = frame(HEADERS, END_HEADERS, 1, &get("/shape", &[]));
            [open, frame(HEADERS, END_STREAM | END_HEADERS, 1, &field(":path", "/"))].concat()
        }),
    ])
    .await;
}

#[tokio::test]
async fn floods() {
    let siege = Siege::start(|_| {}).await;
    let open = || frame(HEADERS, END_HEADERS, 1, &get("/shape", &[]));
    let start = || frame(HEADERS, END_STREAM, 1, &local());
    let setting = frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 1]);
    for (name, first, flood, ends) in [
        ("CONTINUATION of 1 kB", start(), frame(CONTINUATION, 0, 1, &field("x", "y").repeat(200)), true),
        ("CONTINUATION of nothing", start(), frame(CONTINUATION, 0, 1, &[]), true),
        ("DATA of nothing", open(), frame(DATA, 0, 1, &[]), true),
        ("PRIORITY", open(), frame(PRIORITY, 0, 3, &[0, 0, 0, 0, 1]), true),
        ("WINDOW_UPDATE", open(), frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]), true),
        ("SETTINGS", vec![], setting, false),
        ("RST_STREAM", open(), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]), false),
    ] {
        let bytes = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &first, &flood.repeat(10_000)].concat();
        // How many Envoy answers before it has enough is a matter of timing.
        for to in [siege.stage.envoy.plain(), siege.stage.envoy.filtered()] {
            let frames = answer(to, &bytes).await;
            let stood = frames.iter().any(|frame| frame.contains("the end."));
            assert!(!(ends && stood), "{name}: {to} stands it: {frames:?}");
        }
    }
    siege.finish_dropped().await;
}
