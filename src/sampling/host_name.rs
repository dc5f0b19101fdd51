//! Hosts, in the spelling of the sampling manager and APIClarity.

use crate::capture::words::cut;

/// Normalises an `:authority` as the original filter does: scheme, userinfo and port dropped; a name with a dot loses a
/// trailing `.svc.cluster.local`, `.svc.cluster` or `.svc`; a one-word name gets `.<namespace>` once that is known. IPv4
/// addresses stay as they are, IPv6 addresses get their brackets where these are missing.
pub fn normalise(authority: &str, namespace: Option<&str>) -> String {
    let host = host(authority).to_ascii_lowercase();
    let namespace = namespace.filter(|_| is_one_word(&host));
    let parts: [&[u8]; 3] = match namespace {
        Some(namespace) => [&host, b".", namespace.as_bytes()],
        None if is_ipv6(&host) => [b"[", &host, b"]"],
        None => [without_suffix(&host), b"", b""],
    };
    String::from_utf8_lossy(&parts.concat()).into_owned()
}

/// Whether [`normalise`] needs the namespace for this host.
pub fn needs_namespace(authority: &str) -> bool {
    is_one_word(host(authority))
}

/// The port of an authority, or of an `ip:port`: its digits.
pub fn port(authority: &str) -> Option<&[u8]> {
    let (_, port) = split(authority.as_bytes());
    port.filter(|port| !port.is_empty() && port.iter().all(u8::is_ascii_digit))
}

/// The host in an authority, an IPv6 address without its brackets.
fn host(authority: &str) -> &[u8] {
    let (mut host, _) = split(authority.as_bytes());
    while let Some(rest) = host.strip_suffix(b".") {
        host = rest;
    }
    host
}

/// The host, an IPv6 address without its brackets, and what stands after its colon.
pub fn split(authority: &[u8]) -> (&[u8], Option<&[u8]>) {
    let (_scheme, rest) = cut(authority, b':');
    let mut rest = rest.and_then(|rest| rest.strip_prefix(b"//")).unwrap_or(authority);
    while let (_userinfo, Some(after)) = cut(rest, b'@') {
        rest = after;
    }
    match rest.strip_prefix(b"[").filter(|address| is_ipv6(address)) {
        Some(address) => {
            let (address, after) = cut(address, b']');
            (address, after.and_then(|after| after.strip_prefix(b":")))
        }
        None if is_ipv6(rest) => (rest, None),
        None => cut(rest, b':'),
    }
}

fn without_suffix(host: &[u8]) -> &[u8] {
    for suffix in [".svc.cluster.local", ".svc.cluster", ".svc"] {
        match host.strip_suffix(suffix.as_bytes()) {
            None | Some([]) => {}
            Some(name) => return name,
        }
    }
    host
}

fn is_one_word(host: &[u8]) -> bool {
    !host.is_empty() && !host.iter().any(|byte| matches!(byte, b'.' | b'[' | b':'))
}

/// An IPv6 address without brackets: more than one colon.
fn is_ipv6(host: &[u8]) -> bool {
    host.iter().filter(|byte| **byte == b':').count() > 1
}
