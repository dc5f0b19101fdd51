//! Calls of the API server.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::certificate;

/// How long after "too many requests" it is asked again.
const PAUSE: Duration = Duration::from_millis(50);

/// JSON as it is, to create and to replace.
pub(crate) const JSON: &str = "application/json";
/// A part of an object, that is merged (RFC 7396).
pub(crate) const MERGE: &str = "application/merge-patch+json";

/// A user of the API server.
#[derive(Clone)]
pub(crate) struct Client {
    server: SocketAddr,
    tls: TlsConnector,
    token: &'static str,
}

impl Client {
    /// `token` says who it is.
    ///
    /// # Errors
    /// When the certificate that the cluster serves with is of no use.
    pub(crate) fn new(server: SocketAddr, token: &'static str) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from(&certificate::identity().certificate[..]);
        roots.add(certificate).map_err(io::Error::other)?;
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { server, tls: TlsConnector::from(Arc::new(config)), token })
    }

    /// One call, over a connection of its own; what the API server answers, whatever it is.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Option<&Value>,
    ) -> io::Result<(StatusCode, Value)> {
        loop {
            let response = self.send(method.clone(), path, kind, body).await?;
            let status = response.status();
            let bytes = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
            if status != StatusCode::TOO_MANY_REQUESTS {
                return Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()));
            }
            // As for a kind that is new: its storage is being made.
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A call that is to succeed; the object that it gives.
    ///
    /// # Errors
    /// What the API server has against it.
    pub(crate) async fn ok(&self, method: Method, path: &str, kind: &str, body: Option<&Value>) -> io::Result<Value> {
        match self.call(method.clone(), path, kind, body).await? {
            (status, answer) if status.is_success() => Ok(answer),
            (status, answer) => Err(io::Error::other(format!("{method} {path}: {status}: {}", answer["message"]))),
        }
    }

    /// The object at this path, if there is one.
    ///
    /// # Errors
    /// When the API server does not tell.
    pub(crate) async fn find(&self, path: &str) -> io::Result<Option<Value>> {
        match self.call(Method::GET, path, JSON, None).await? {
            (status, object) if status.is_success() => Ok(Some(object)),
            (StatusCode::NOT_FOUND, _) => Ok(None),
            (status, answer) => Err(io::Error::other(format!("GET {path}: {status}: {}", answer["message"]))),
        }
    }

    /// What there is at this path, and what changes there, until the API server ends it.
    ///
    /// # Errors
    /// When it does not answer, or no longer.
    pub(crate) async fn watch(&self, path: &str, mut event: impl FnMut(Value)) -> io::Result<()> {
        let response = self.send(Method::GET, &format!("{path}?watch=true"), JSON, None).await?;
        let (mut body, mut text) = (response.into_body(), Vec::new());
        while let Some(frame) = body.frame().await {
            text.extend_from_slice(&frame.map_err(io::Error::other)?.into_data().unwrap_or_default());
            while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = text.drain(..=end).collect();
                event(serde_json::from_slice(&line)?);
            }
        }
        Ok(())
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Option<&Value>,
    ) -> io::Result<Response<Incoming>> {
        let stream = TcpStream::connect(self.server).await?;
        let name: IpAddr = self.server.ip();
        let stream = self.tls.connect(ServerName::from(name), stream).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::spawn(async move { drop(connection.await) });
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder().method(method).uri(path).header("host", self.server.to_string());
        let request = request.header(AUTHORIZATION, format!("Bearer {}", self.token)).header(CONTENT_TYPE, kind);
        let request = request.body(Full::<Bytes>::from(body)).map_err(io::Error::other)?;
        sender.send_request(request).await.map_err(io::Error::other)
    }
}
