//! Hosts, in the spelling of the sampling manager and APIClarity.

/// Normalises an `:authority` as the original filter does: scheme and port dropped; a name with a dot loses a trailing
/// `.svc.cluster.local`, `.svc.cluster` or `.svc`; a one-word name gets `.<namespace>` once that is known. IP literals
/// stay as they are, IPv6 in its brackets.
pub fn normalise(authority: &str, namespace: Option<&str>) -> String {
    let host = without_port(without_scheme(authority)).trim_end_matches('.').to_ascii_lowercase();
    if host.starts_with('[') || host.is_empty() {
        return host;
    }
    if !host.contains('.') {
        return match namespace.filter(|_| !is_ipv6(&host)) {
            Some(namespace) => [&host, ".", namespace].concat(),
            None => host,
        };
    }
    for suffix in [".svc.cluster.local", ".svc.cluster", ".svc"] {
        if let Some(name) = host.strip_suffix(suffix).filter(|name| !name.is_empty()) {
            return name.to_owned();
        }
    }
    host
}

/// Whether [`normalise`] needs the namespace for this host.
pub fn needs_namespace(authority: &str) -> bool {
    let host = without_port(without_scheme(authority)).trim_end_matches('.');
    !host.is_empty() && !host.starts_with('[') && !host.contains('.') && !is_ipv6(host)
}

/// The port of an `ip:port`; IPv6 addresses stand in brackets.
pub fn port(address: &str) -> Option<&str> {
    let (_, port) = address.rsplit_once(':')?;
    (!port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())).then_some(port)
}

fn without_scheme(authority: &str) -> &str {
    authority.split_once(':').and_then(|(_, rest)| rest.strip_prefix("//")).unwrap_or(authority)
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        // `[::1]` has colons and no port; a bare `::1` is no valid authority, but survives.
        Some((host, port)) if !port.ends_with(']') && !is_ipv6(authority) && (port.is_empty() || is_port(port)) => host,
        _ => authority,
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// An IPv6 address without brackets: more than one colon.
fn is_ipv6(host: &str) -> bool {
    !host.starts_with('[') && host.bytes().filter(|b| *b == b':').count() > 1
}
