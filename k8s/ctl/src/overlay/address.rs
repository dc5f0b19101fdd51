//! `HOST:PORT` of a collector.

use std::{
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

/// A host name or IP address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// A DNS name or an IP address, without brackets.
    pub(crate) host: String,
    /// From 1 on.
    pub(crate) port: u16,
}

impl Address {
    /// As it stands in `host` headers.
    pub(crate) fn authority(&self) -> String {
        match self.host.parse::<Ipv6Addr>() {
            Ok(ip) => format!("[{ip}]:{}", self.port),
            Err(_) => format!("{}:{}", self.host, self.port),
        }
    }

    /// Istio's own cluster for a Kubernetes service: <https://istio.io/latest/docs/ops/diagnostic-tools/proxy-cmd/>.
    ///
    /// # Errors
    /// When the host is not a service's full name, by which alone Istio knows it.
    pub(crate) fn istio_cluster(&self) -> Result<String, String> {
        let mut labels = self.host.split('.');
        if labels.nth(2) == Some("svc") && labels.next().is_some() {
            return Ok(format!("outbound|{}||{}", self.port, self.host));
        }
        let example = self.host.split('.').take(2).collect::<Vec<_>>().join(".");
        Err(format!(
            "--istio-cluster: got the host {:?}, takes a service's full name, such as {example}.svc.cluster.local; the cluster of \
             any other host can be named in the configuration: collector.cluster",
            self.host
        ))
    }

    /// Whether the host is an IP address, which is not resolved.
    pub(crate) fn is_ip(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = text.rsplit_once(':').ok_or_else(|| format!("got {text:?}, takes HOST:PORT"))?;
        let port = match port.parse::<u16>() {
            Ok(port) if port > 0 => port,
            _ => return Err(format!("port: got {port:?}, takes 1 to 65535")),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let valid = match bare {
            Some(host) => host.parse::<Ipv6Addr>().is_ok(),
            None => is_host(host),
        };
        if !valid {
            return Err(format!("host: got {host:?}, takes a DNS name or an IP address (IPv6 in brackets)"));
        }
        Ok(Self { host: bare.unwrap_or(host).to_ascii_lowercase(), port })
    }
}

/// RFC 1123, section 2.1; IPv4 addresses look the same.
fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        let inner = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        (1..=63).contains(&label.len()) && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    host.len() <= 253 && host.strip_suffix('.').unwrap_or(host).split('.').all(label)
}
