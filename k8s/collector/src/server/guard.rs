//! Who may send and read.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use subtle::ConstantTimeEq as _;

use super::Shared;

/// Nobody without the token, if there is one.
pub(super) async fn token(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let Some(token) = &shared.token else { return next.run(request).await };
    let given = text(request.headers(), AUTHORIZATION).split_once(' ');
    let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, given)| given.trim());
    // However much of it is right, the answer takes the same time.
    if given.is_some_and(|given| given.as_bytes().ct_eq(token.as_bytes()).into()) {
        return next.run(request).await;
    }
    let reason = "the header \"authorization: Bearer TOKEN\" is missing or has another token\n";
    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], reason).into_response()
}

/// Without a token, the page is read on this machine only, by a name that is this machine's: another site's name could be
/// made to lead here, and that site's scripts could read the answer (DNS rebinding).
pub(super) async fn local_name(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let host = text(request.headers(), HOST);
    let host =
        if host.is_empty() { request.uri().authority().map_or("", |authority| authority.as_str()) } else { host };
    if shared.token.is_some() || is_local(host) {
        return next.run(request).await;
    }
    let reason = format!("the host is {host:?}: \"localhost\" or an IP address was expected\n");
    (StatusCode::MISDIRECTED_REQUEST, reason).into_response()
}

/// No other site's pages, which browsers would let send without asking.
pub(super) async fn same_site(request: Request, next: Next) -> Response {
    let from = text(request.headers(), HeaderName::from_static("sec-fetch-site"));
    let is_page = request.uri().path() == "/";
    if is_page || ["", "none", "same-origin"].contains(&from) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "pages of other sites may not do this\n").into_response()
}

fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn knows_its_own_names() {
        assert!(
            ["localhost", "LOCALHOST:80", "127.0.0.1:9000", "[::1]:80", "[::1]", "10.0.0.1"]
                .iter()
                .all(|host| is_local(host))
        );
        assert!(
            !["", "evil.example", "localhost.evil.example:80", "127.0.0.1.evil.example"]
                .iter()
                .any(|host| is_local(host))
        );
    }
}
