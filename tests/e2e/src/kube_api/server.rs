//! The HTTP server: which call is which.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;

use super::call::Call;
use super::state::State;
use super::status::{Answer, Failure, answer, bytes};
use super::target::{self, Target};
use super::{controller, discovery, exec, openapi, verbs};

/// The pace of the controllers: slow enough for kubectl to see a roll-out on its way.
const STEP: Duration = Duration::from_millis(20);

/// Starts the server in a thread of its own, which ends with `ended`.
pub(crate) fn start(state: Arc<State>, ended: oneshot::Receiver<()>) -> io::Result<(SocketAddr, JoinHandle<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = ended => {}
                Err(error) = accept(listener, &state) => eprintln!("the double of the API server ends: {error}"),
                () = roll(&state) => {}
            }
        });
        // a program that a test lets run for ever does not keep the test from ending
        runtime.shutdown_background();
    });
    Ok((address, thread))
}

async fn roll(state: &State) {
    let mut pace = tokio::time::interval(STEP);
    loop {
        pace.tick().await;
        controller::step(&mut state.store());
    }
}

async fn accept(listener: TcpListener, state: &Arc<State>) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let state = Arc::clone(state);
        tokio::spawn(async move {
            let service = service_fn(|request| serve(&state, request));
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // kubectl ends its connections as it likes
            let _ = connection.with_upgrades().await;
        });
    }
}

async fn serve(state: &Arc<State>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let call = format!("{} {}", request.method(), request.uri());
    state.requested(&request);
    let answer = known(state, request).await;
    Ok(answer.unwrap_or_else(|| {
        state.refuse(call.clone());
        Failure::unknown(&call).into()
    }))
}

async fn known(state: &Arc<State>, request: Request<Incoming>) -> Option<Answer> {
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    if method == Method::GET && path == "/openapi/v2" {
        return Some(bytes(openapi::V2_MEDIA_TYPE, openapi::V2));
    }
    if method == Method::GET {
        if let Some(body) = discovery::answer(&path).or_else(|| openapi::answer(&path)) {
            return Some(answer(StatusCode::OK, &body));
        }
    }
    let target = Target::parse(&path)?;
    let query = target::query(request.uri().query().unwrap_or_default());
    if target.resource.kind == "Pod" && target.subresource.as_deref() == Some("exec") {
        return Some(run(state, request, &target, &query).await.unwrap_or_else(Answer::from));
    }
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.ok()?.to_bytes();
    let call = Call { method: &method, content_type: &content_type, target: &target, query: &query, body: &body };
    verbs::handle(state, &call)
}

/// Runs a program in a container, as the test lets it.
async fn run(
    state: &State,
    request: Request<Incoming>,
    target: &Target,
    query: &[(String, String)],
) -> Result<Answer, Failure> {
    let exec = exec::parse(state, target, query)?;
    let program = state.program().ok_or_else(|| Failure::bad_request("the test gave no answer to exec"))?;
    match tokio::task::spawn_blocking(move || program(&exec)).await {
        Ok(output) => exec::serve(request, output),
        Err(error) => Err(Failure::bad_request(format!("the test's answer to exec: {error}"))),
    }
}
