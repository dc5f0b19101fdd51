//! The URL of an exchange.

use std::net::Ipv6Addr;

use crate::exchange::Exchange;

/// The URL that a client would have to ask for. It is absolute, and its host valid: one that is not makes mitmproxy refuse
/// the whole file.
pub fn of(exchange: &Exchange) -> String {
    let path = exchange.path.as_str();
    // A forward proxy's requests name all of it already.
    if is_absolute(path) {
        return escaped(path);
    }
    let scheme = if exchange.scheme == "https" { "https" } else { "http" };
    // Clients may be told of a user there.
    let host = exchange.host.rsplit('@').next().unwrap_or_default();
    let hosts = [host, exchange.destination.as_str()];
    let host = hosts.into_iter().find(|host| is_valid(host)).unwrap_or("invalid");
    let slash = if path.starts_with('/') { "" } else { "/" };
    format!("{scheme}://{host}{slash}{}", escaped(path))
}

fn is_absolute(path: &str) -> bool {
    let rest = ["http://", "https://"].iter().find_map(|scheme| path.strip_prefix(scheme));
    rest.and_then(|rest| rest.split(['/', '?', '#']).next()).is_some_and(is_valid)
}

/// Without what no URL may have: it would be no URI to a strict reader.
fn escaped(path: &str) -> String {
    let mut url = String::with_capacity(path.len());
    for (at, c) in path.char_indices() {
        let is_escape = || path[at + 1..].bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
        let allowed = c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=".contains(c) || c == '%' && is_escape();
        if allowed && !(c == '#' && url.contains('#')) {
            url.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                url.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    url
}

fn is_valid(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let port = port.is_none_or(|port| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok());
    let name = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)),
    };
    port && name
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::exchange::Exchange;

    #[test]
    fn is_absolute_and_valid() {
        let cases = [
            ("shop.example.com", "/a?b=c%20d", "http://shop.example.com/a?b=c%20d"),
            ("[2001:db8::1]:80", "/", "http://[2001:db8::1]:80/"),
            ("no host", "/", "http://10.0.0.1:80/"),
            ("shop:99999", "/", "http://10.0.0.1:80/"),
            ("shop", "*", "http://shop/*"),
            ("shop", "", "http://shop/"),
            ("shop", "/<é>\"%zz#a#b", "http://shop/%3C%C3%A9%3E%22%25zz#a%23b"),
            ("proxy", "https://other/x", "https://other/x"),
            ("proxy", "http://other:80?x", "http://other:80?x"),
            ("proxy", "http://:99999/x", "http://proxy/http://:99999/x"),
            ("user:secret@shop:80", "/", "http://shop:80/"),
        ];
        for (host, path, url) in cases {
            let exchange = Exchange {
                host: host.to_owned(),
                path: path.to_owned(),
                destination: "10.0.0.1:80".to_owned(),
                ..Exchange::default()
            };
            assert_eq!(of(&exchange), url);
        }
    }
}
