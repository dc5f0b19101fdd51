//! The program in a pod: answers every request with 200 and a line that names it.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Where it listens.
pub(crate) const PORT: u16 = 8080;

/// What it answers.
pub(crate) fn greeting(name: &str) -> String {
    format!("this is {name}\n")
}

/// Serves until it is dropped.
///
/// # Errors
/// When the listener fails.
pub(crate) async fn serve(listener: TcpListener, name: String) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let name = name.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let name = name.clone();
            async move {
                // An upload is read to its end.
                let _ = request.into_body().collect().await;
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(greeting(&name))))
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
