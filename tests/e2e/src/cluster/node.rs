//! The one node: its server, which the API server calls, and what tests have asked of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::client::Client;
use super::exec::{self, Program};
use super::log::{self, Log};
use super::runtime::Runtime;
use super::{injector, kubelet};
use crate::certificate;
use crate::server::{each_connection, lock};

/// The node's name.
pub(crate) const NODE: &str = "node-1";

/// A node.
pub(crate) struct Node {
    pub(crate) client: Client,
    address: SocketAddr,
    /// Runs the pods; without it, each is ready as soon as it may.
    pub(crate) runtime: Option<Arc<dyn Runtime>>,
    /// Namespaces and workloads whose pods are not to become ready.
    held: Mutex<BTreeSet<(String, String)>>,
    /// By namespace.
    programs: Mutex<BTreeMap<String, Program>>,
    /// By namespace.
    logs: Mutex<BTreeMap<String, Log>>,
}

impl Node {
    /// Starts its server and its kubelet, and registers it.
    ///
    /// # Errors
    /// When no port can be had, or the API server refuses it.
    pub(crate) async fn start(client: Client, runtime: Option<Arc<dyn Runtime>>) -> io::Result<Arc<Self>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (held, programs, logs) = (Mutex::default(), Mutex::default(), Mutex::default());
        let node = Arc::new(Self { client, address, runtime, held, programs, logs });
        let (acceptor, server) = (acceptor()?, Arc::clone(&node));
        tokio::spawn(each_connection(listener, move |stream| serve(Arc::clone(&server), acceptor.clone(), stream)));
        kubelet::register(&node).await?;
        tokio::spawn(kubelet::run(Arc::clone(&node)));
        Ok(node)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn hold(&self, namespace: &str, workload: &str) {
        lock(&self.held).insert((namespace.to_owned(), workload.to_owned()));
    }

    /// The pods are looked at again by themselves.
    pub(crate) fn release(&self, namespace: &str, workload: &str) {
        lock(&self.held).remove(&(namespace.to_owned(), workload.to_owned()));
    }

    /// Whether a pod is not to become ready: by the label that says whose it is.
    pub(crate) fn is_held(&self, pod: &Value) -> bool {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let metadata = &pod["metadata"];
        lock(&self.held).contains(&(text(&metadata["namespace"]), text(&metadata["labels"]["app"])))
    }

    pub(crate) fn set_program(&self, namespace: &str, program: Program) {
        lock(&self.programs).insert(namespace.to_owned(), program);
    }

    pub(crate) fn program(&self, namespace: &str) -> Option<Program> {
        lock(&self.programs).get(namespace).cloned()
    }

    pub(crate) fn set_log(&self, namespace: &str, log: Log) {
        lock(&self.logs).insert(namespace.to_owned(), log);
    }

    pub(crate) fn log(&self, namespace: &str) -> Option<Log> {
        lock(&self.logs).get(namespace).cloned()
    }
}

type Answer = Response<Full<Bytes>>;

async fn serve(node: Arc<Node>, acceptor: TlsAcceptor, stream: TcpStream) -> io::Result<()> {
    let stream = TokioIo::new(acceptor.accept(stream).await?);
    let service = service_fn(move |request| answer(Arc::clone(&node), request));
    let connection = http1::Builder::new().serve_connection(stream, service).with_upgrades();
    connection.await.map_err(io::Error::other)
}

async fn answer(node: Arc<Node>, request: Request<Incoming>) -> Result<Answer, hyper::Error> {
    let path = request.uri().path().to_owned();
    if path == injector::PATH && request.method() == Method::POST {
        let body = request.into_body().collect().await?.to_bytes();
        let review = serde_json::from_slice::<Value>(&body).map(|review| injector::review(&review));
        let is_json = |mut answer: Answer| {
            answer.headers_mut().insert(hyper::header::CONTENT_TYPE, "application/json".parse().expect("a value"));
            answer
        };
        return Ok(review.map_or_else(
            |error| refusal(error.to_string()),
            |review| is_json(Response::new(review.to_string().into())),
        ));
    }
    if let Some(answer) = log::answer(&node, &request) {
        return Ok(answer.unwrap_or_else(refusal));
    }
    Ok(exec::answer(&node, request).unwrap_or_else(refusal))
}

/// A request that makes no sense here.
fn refusal(message: String) -> Answer {
    let mut answer = Response::new(message.into());
    *answer.status_mut() = StatusCode::BAD_REQUEST;
    answer
}

fn acceptor() -> io::Result<TlsAcceptor> {
    let identity = certificate::identity();
    let certificate = CertificateDer::from(identity.certificate.clone());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(identity.key.clone()));
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
    Ok(TlsAcceptor::from(Arc::new(config.map_err(io::Error::other)?)))
}
