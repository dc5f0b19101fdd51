use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

const PATIENCE: Duration = Duration::from_millis(300);
/// More than a system keeps for a client that reads nothing.
const LARGE: usize = 64 << 20;

async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let router =
        Router::new().route("/", get(|| async { "answer" })).route("/large", get(|| async { vec![b'x'; LARGE] }));
    tokio::spawn(super::serve(listener, router, PATIENCE));
    address
}

/// Sends this, waits, and reads to the end: how much there was, if the end comes.
fn talk(address: SocketAddr, request: &str, wait: Duration) -> usize {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(request.as_bytes()).expect("sent");
    std::thread::sleep(wait);
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let (mut all, mut part) = (0, vec![0; 1 << 20]);
    let start = Instant::now();
    loop {
        match stream.read(&mut part) {
            Ok(0) => return all,
            Ok(read) => all += read,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return all,
            Err(error) => panic!("{request:?}: it is open after {:?}: {error}", start.elapsed()),
        }
    }
}

/// Whatever a client sends before it falls silent, also what could become HTTP/2.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn end_when_nothing_comes() {
    let address = server().await;
    let cases = [
        ("", 0..1),
        ("PRI * HTTP/2", 0..1),
        ("GET /", 0..200),
        ("GET / HTTP/1.1\r\nhost: x\r\nx-more: 1", 0..200),
        // It is answered, and then idle.
        ("GET / HTTP/1.1\r\nhost: x\r\n\r\n", 90..500),
    ];
    for (request, expected) in cases {
        let talked = tokio::task::spawn_blocking(move || talk(address, request, Duration::ZERO));
        let read = talked.await.expect("it ends");
        assert!(expected.contains(&read), "{request:?}: {read} bytes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn end_when_an_answer_is_not_read() {
    let address = server().await;
    for (wait, whole) in [(Duration::ZERO, true), (PATIENCE * 5, false)] {
        let request = "GET /large HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let read = tokio::task::spawn_blocking(move || talk(address, request, wait)).await.expect("it ends");
        assert_eq!(read > LARGE, whole, "{read} bytes after {wait:?}");
    }
}
