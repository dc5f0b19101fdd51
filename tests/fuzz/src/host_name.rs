//! Hosts: two lines, an `:authority` and a namespace.

use http_trace_filter::sampling::host_name::{needs_namespace, normalise, port};

const SUFFIXES: [&str; 3] = [".svc.cluster.local", ".svc.cluster", ".svc"];

pub(crate) fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (authority, namespace) = text.split_once('\n').unwrap_or((&text, ""));
    anything(authority);
    if is_host(authority) {
        // Kubernetes' are labels in lower case.
        host(authority, Some(namespace).filter(|name| is_host(name) && !name.contains(['.', '[']) && is_lower(name)));
    }
}

/// What holds whatever a client sends.
fn anything(authority: &str) {
    let alone = normalise(authority, None);
    assert!(is_lower(&alone), "{alone:?}");
    // Brackets may be missing.
    assert!(alone.len() <= authority.len() + 2, "{authority:?} became {alone:?}");
    let matters = normalise(authority, Some("n")) != alone;
    assert_eq!(matters, needs_namespace(authority), "whether the namespace matters for {authority:?}");
    if let Some(port) = port(authority) {
        assert!(!port.is_empty() && port.iter().all(u8::is_ascii_digit), "{authority:?}: {port:?}");
        assert!(authority.as_bytes().ends_with(&[b":", port].concat()), "{authority:?}: {port:?}");
    }
}

/// What holds for each host: its ways of being written agree, and normalising it again changes nothing.
fn host(host: &str, namespace: Option<&str>) {
    let once = normalise(host, namespace);
    let upper = host.to_ascii_uppercase();
    // An IPv6 address without its brackets, or without the last of them.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    for same in [
        upper.clone(),
        [host, ":8080"].concat(),
        ["http://", &upper, ":1"].concat(),
        [host, ":"].concat(),
        ["u:p@", host].concat(),
        ["https://a@b@", host, ":1"].concat(),
        host.trim_end_matches(']').to_owned(),
        bare.to_owned(),
        ["u@", bare].concat(),
    ] {
        assert_eq!(normalise(&same, namespace), once, "{same:?} is {host:?}");
    }
    assert_eq!(port(&["u:p@", host, ":80"].concat()), Some(&b"80"[..]));
    assert_eq!(port(bare), None);
    if host.contains('.') && !host.starts_with('[') && !SUFFIXES.iter().any(|suffix| once.ends_with(suffix)) {
        for suffix in SUFFIXES {
            assert_eq!(normalise(&[&once, suffix].concat(), namespace), once, "{host:?} with {suffix}");
        }
    }
    // `a.svc.svc` loses one suffix only, and a namespace may end like one.
    if !SUFFIXES.iter().any(|suffix| once.ends_with(suffix)) && once.contains(['.', '[']) {
        assert_eq!(normalise(&once, namespace), once, "{host:?} again");
    }
}

/// A name or an IPv4 address, or an IPv6 address in brackets, all without a port.
fn is_host(text: &str) -> bool {
    match text.strip_prefix('[').map(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok()),
        None => text.split('.').all(|label| !label.is_empty() && label.bytes().all(is_label)),
    }
}

fn is_lower(text: &str) -> bool {
    !text.contains(|c: char| c.is_ascii_uppercase())
}

fn is_label(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}
