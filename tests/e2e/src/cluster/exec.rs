//! The kubelet's side of `kubectl exec POD -c CONTAINER -- COMMAND`: a WebSocket, as kubectl speaks it since 1.31.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::SinkExt;
use http_body_util::Full;
use hyper::header::{CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY};
use hyper::header::{SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use hyper::{Request, Response, StatusCode, body::Incoming};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, coding::CloseCode};
use tokio_tungstenite::tungstenite::{Message, handshake::derive_accept_key, protocol::Role};

use super::node::Node;

const PROTOCOL: &str = "v5.channel.k8s.io";
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
/// How long a program takes to start.
const STARTS: Duration = Duration::from_millis(100);
/// The channel that carries how the program ended.
const ERROR: u8 = 3;

/// A program that is to be run in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exec {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub pod: String,
    /// The container's name.
    pub container: String,
    /// The program and its arguments.
    pub command: Vec<String>,
}

/// What a program printed, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
    /// Its exit code.
    pub code: u8,
}

/// What a program prints that is run in a container.
pub(crate) type Program = Arc<dyn Fn(&Exec) -> Output + Send + Sync>;

/// Answers `GET /exec/NAMESPACE/POD/CONTAINER?command=…`.
///
/// # Errors
/// When this is something else, or not over a WebSocket of the protocol, or no test has said what programs print there.
pub(crate) fn answer(node: &Node, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, String> {
    let exec = parse(&request).ok_or_else(|| format!("got {} {}", request.method(), request.uri()))?;
    let program = node.program(&exec.namespace).ok_or_else(|| format!("nothing says what {exec:?} prints"))?;
    let header =
        |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (upgrade, protocols) = (header(UPGRADE), header(SEC_WEBSOCKET_PROTOCOL));
    if !upgrade.eq_ignore_ascii_case("websocket") || !protocols.contains(PROTOCOL) {
        return Err(format!(
            "exec takes a WebSocket of {PROTOCOL}, and got an upgrade to {upgrade:?} of {protocols:?}"
        ));
    }
    let accept = derive_accept_key(header(SEC_WEBSOCKET_KEY).as_bytes());
    let accept = HeaderValue::from_str(&accept).map_err(|error| error.to_string())?;
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    tokio::spawn(async move {
        let Ok(stream) = hyper::upgrade::on(request).await else { return };
        // A program may ask an Envoy, and wait for it.
        let Ok(output) = tokio::task::spawn_blocking(move || program(&exec)).await else { return };
        // A program takes time to start; kubectl discards what comes before it has made its streams.
        tokio::time::sleep(STARTS).await;
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(stream), Role::Server, None).await;
        // when kubectl has gone away meanwhile, there is nobody left to tell
        let _ = send(socket, output).await;
    });
    Ok(response)
}

fn parse(request: &Request<Incoming>) -> Option<Exec> {
    let parts: Vec<&str> = request.uri().path().split('/').collect();
    let ["", "exec", namespace, pod, container] = parts[..] else { return None };
    let query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    let command = query.filter(|(name, _)| name == "command").map(|(_, value)| value.into_owned()).collect();
    let [namespace, pod, container] = [namespace, pod, container].map(str::to_owned);
    Some(Exec { namespace, pod, container, command })
}

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

async fn send(mut socket: Socket, output: Output) -> Result<(), tokio_tungstenite::tungstenite::Error> {
    let frame = |channel: u8, text: &[u8]| Message::binary([&[channel], text].concat());
    let status = match output.code {
        0 => json!({ "metadata": {}, "status": "Success" }),
        code => json!({
            "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
            "message": format!("command terminated with non-zero exit code: exit status {code}"),
            "details": { "causes": [{ "reason": "ExitCode", "message": code.to_string() }] },
        }),
    };
    for (channel, text) in [(STDOUT, output.stdout), (STDERR, output.stderr)] {
        for piece in text.as_bytes().chunks(16 * 1024) {
            socket.send(frame(channel, piece)).await?;
        }
    }
    socket.send(frame(ERROR, status.to_string().as_bytes())).await?;
    // without a code, kubectl takes the end for a failure
    socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })).await
}
