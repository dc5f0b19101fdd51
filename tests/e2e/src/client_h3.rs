//! The HTTP/3 client.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use h3::client::{RequestStream, SendRequest};
use h3::error::Code;
use h3_quinn::OpenStreams;
use hyper::header::{HeaderName, HeaderValue};
use quinn::crypto::rustls::QuicClientConfig;
use rustls::pki_types::CertificateDer;

use crate::certificate::{self, NAME};
use crate::message::{End, Shared};
use crate::request::{Framing, Request};
use crate::upstream_h2::{fields, header_map};

type Upload = RequestStream<h3_quinn::SendStream<Bytes>, Bytes>;
type Download = RequestStream<h3_quinn::RecvStream, Bytes>;

/// One QUIC connection, for any number of concurrent streams. It is closed once nothing uses it.
#[derive(Clone)]
pub struct H3 {
    /// The client's address, as Envoy should see it.
    pub source: SocketAddr,
    requests: SendRequest<OpenStreams, Bytes>,
    connection: quinn::Connection,
}

impl H3 {
    /// Opens a connection.
    ///
    /// # Errors
    /// When nobody listens there, or not for HTTP/3.
    pub async fn open(to: SocketAddr) -> io::Result<Self> {
        let (source, connection) = connect(to).await?;
        let over = h3_quinn::Connection::new(connection.clone());
        let mut builder = h3::client::builder();
        builder.max_field_section_size(1 << 20);
        let (mut driver, requests) = builder.build(over).await.map_err(io::Error::other)?;
        tokio::spawn(async move { drop(driver.wait_idle().await) });
        Ok(Self { source, requests, connection })
    }

    /// The connection itself.
    #[must_use]
    pub fn connection(&self) -> &quinn::Connection {
        &self.connection
    }

    /// Sends `request` and receives the answer into `answer`; `hold` as for [`crate::client::Connection::send`]. When it is dropped
    /// before it is done, both directions of the stream are reset, and the connection stays for a while.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn send(mut self, request: &Request, hold: Option<usize>, answer: &Shared) -> io::Result<()> {
        let stream = self.requests.send_request(head(request)?).await.map_err(io::Error::other)?;
        let (upload, download) = stream.split();
        let mut stream = Stream { upload, download, sent: false, received: false, client: self };
        let Stream { upload, download, sent, received, .. } = &mut stream;
        let send = async {
            *sent = body(upload, request, hold).await.is_ok() && hold.is_none();
            std::future::pending().await
        };
        let receive = async {
            let head_came = receive(download, answer).await;
            let mut answer = answer.lock();
            *received = answer.end == End::Complete;
            if !*received {
                answer.end = End::Cut;
            }
            head_came
        };
        tokio::select! {
            biased;
            received = receive => received,
            never = send => never,
        }
    }
}

/// A QUIC connection to Envoy that speaks HTTP/3, and the address from which it is.
///
/// # Errors
/// When nobody listens there, or not for HTTP/3.
pub async fn connect(to: SocketAddr) -> io::Result<(SocketAddr, quinn::Connection)> {
    let mut trusted = rustls::RootCertStore::empty();
    let certificate = CertificateDer::from(&certificate::identity().certificate[..]);
    trusted.add(certificate).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut tls = tls.map_err(io::Error::other)?.with_root_certificates(trusted).with_no_client_auth();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let mut endpoint = quinn::Endpoint::client(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let tls = QuicClientConfig::try_from(tls).map_err(io::Error::other)?;
    let mut config = quinn::ClientConfig::new(Arc::new(tls));
    let mut transport = quinn::TransportConfig::default();
    transport.enable_segmentation_offload(false);
    config.transport_config(Arc::new(transport));
    endpoint.set_default_client_config(config);
    let connection = endpoint.connect(to, NAME).map_err(io::Error::other)?.await?;
    Ok((endpoint.local_addr()?, connection))
}

/// One stream.
struct Stream {
    upload: Upload,
    download: Download,
    /// The request was sent whole.
    sent: bool,
    /// The answer came whole.
    received: bool,
    client: H3,
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.sent && self.received {
            return;
        }
        // Dropping alone resets the download, but would end the upload as if it were whole.
        if !self.sent {
            self.upload.stop_stream(Code::H3_REQUEST_CANCELLED);
        }
        let client = self.client.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(2)).await;
            drop(client);
        });
    }
}

fn head(request: &Request) -> io::Result<hyper::Request<()>> {
    let uri = [b"https://", request.host.as_bytes(), &request.target].concat();
    let mut head = hyper::Request::builder().method(request.method.as_str()).uri(uri.as_slice());
    if let Some(headers) = head.headers_mut() {
        for (name, value) in request.fields() {
            let name = HeaderName::from_bytes(&name).map_err(io::Error::other)?;
            headers.append(name, HeaderValue::from_bytes(&value).map_err(io::Error::other)?);
        }
    }
    head.body(()).map_err(io::Error::other)
}

async fn body(upload: &mut Upload, request: &Request, hold: Option<usize>) -> io::Result<()> {
    let mut room = hold.unwrap_or(usize::MAX);
    for piece in request.body.iter().filter(|_| request.framing != Framing::None) {
        let piece = piece.slice(..room.min(piece.len()));
        room -= piece.len();
        if !piece.is_empty() {
            upload.send_data(piece).await.map_err(io::Error::other)?;
        }
    }
    if hold.is_some() {
        return Ok(());
    }
    if !request.trailers.is_empty() {
        upload
            .send_trailers(header_map(&request.trailers).map_err(io::Error::other)?)
            .await
            .map_err(io::Error::other)?;
    }
    upload.finish().await.map_err(io::Error::other)
}

async fn receive(download: &mut Download, answer: &Shared) -> io::Result<()> {
    let response = download.recv_response().await.map_err(io::Error::other)?;
    {
        let mut message = answer.lock();
        message.start = format!("HTTP/3 {}", response.status().as_u16()).into_bytes();
        message.headers = fields(response.headers());
    }
    answer.lock().end = loop {
        match download.recv_data().await {
            Err(_) => break End::Cut,
            Ok(Some(mut data)) => {
                let data = data.copy_to_bytes(data.remaining());
                answer.lock().body.extend_from_slice(&data);
            }
            Ok(None) => match download.recv_trailers().await {
                Err(_) => break End::Cut,
                Ok(trailers) => {
                    answer.lock().trailers = trailers.as_ref().map(fields).unwrap_or_default();
                    break End::Complete;
                }
            },
        }
    };
    Ok(())
}
