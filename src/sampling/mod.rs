//! Which exchanges give a record: a share of them by request id, and those to the hosts that the sampling manager
//! names.

pub mod host_name;
pub mod options;
pub mod poll;

use crate::{
    capture::{headers::media_type, words::same},
    json::{Json, Quoted, reader::parse},
};
use options::{SamplingConfig, UntilKnown};

/// The decision on an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decision {
    /// The exchange gives a record.
    Keep,
    /// The exchange gives no record, and all that was captured of it is released at once.
    Exclude,
    /// The host's namespace is not known yet. Sampling decides when the response names it.
    #[default]
    Open,
}

/// The state of one worker's sampling.
#[derive(Clone, Debug, Default)]
pub struct Sampling {
    /// A request id is kept when its hash is below this. `None`: every id is kept.
    threshold: Option<u64>,
    until_known: Option<UntilKnown>,
    hosts: Option<Vec<String>>,
}

impl Sampling {
    /// Before the first answer of the sampling manager.
    pub fn new(config: &SamplingConfig) -> Self {
        Self {
            threshold: (config.rate < 1.0).then_some((config.rate * u64::MAX as f64) as u64),
            until_known: config.hosts.as_ref().map(|hosts| hosts.until_known),
            hosts: None,
        }
    }

    /// Whether the share keeps this request id. All proxies on the way of one request agree.
    pub fn keeps_id(&self, request_id: &[u8]) -> bool {
        self.threshold.is_none_or(|threshold| hash(request_id) < threshold)
    }

    /// The decision when it is the same for all requests, at a rate of 1 or 0: then the request id need not be looked
    /// up.
    pub fn for_all(&self) -> Option<bool> {
        match self.threshold {
            None => Some(true),
            Some(0) => Some(false),
            Some(_) => None,
        }
    }

    /// Decides by host. `destination` is `ip:port`. An entry of the list counts with its port, with the authority's own,
    /// or without one. Without a namespace a one-word host stays open.
    pub fn decide(&self, authority: &str, destination: &str, namespace: Option<&str>) -> Decision {
        let decided = |keep| if keep { Decision::Keep } else { Decision::Exclude };
        let Some(hosts) = &self.hosts else {
            return decided(self.until_known != Some(UntilKnown::None));
        };
        if hosts.iter().any(|host| host == "*") {
            return Decision::Keep;
        }
        if namespace.is_none() && host_name::needs_namespace(authority) {
            return Decision::Open;
        }
        let host = host_name::normalise(authority, namespace);
        let ports = [destination, authority].map(host_name::port);
        decided(hosts.iter().any(|entry| is_entry(entry.as_bytes(), host.as_bytes(), &ports)))
    }

    /// Takes an answer of the sampling manager. A bad answer leaves the list as it is.
    ///
    /// # Errors
    /// The problem with the answer.
    pub fn learn(&mut self, status: u16, content_type: &[u8], body: &[u8]) -> Result<usize, String> {
        if status != 200 {
            return Err(format!("status {}, takes 200", u32::from(status)));
        }
        if !same(media_type(content_type), b"application/json") {
            return Err(format!(
                "content-type {}, takes application/json",
                Quoted(&String::from_utf8_lossy(content_type))
            ));
        }
        let hosts = match parse(body) {
            Ok(Json::Object(members)) => members.into_iter().find(|(name, _)| name == "hosts").map(|(_, hosts)| hosts),
            Ok(_) => None,
            Err(error) => return Err(format!("not JSON: {error}")),
        };
        let Some(Json::List(list)) = hosts else {
            return Err("no list of hosts, takes {\"hosts\":[\"name:port\", …]}".to_owned());
        };
        let mut names = Vec::with_capacity(list.len());
        for entry in list {
            match entry {
                Json::Text(mut name) => {
                    name.make_ascii_lowercase();
                    names.push(name);
                }
                other => return Err(format!("hosts: got {other}, takes strings")),
            }
        }
        let known = names.len();
        self.hosts = Some(names);
        Ok(known)
    }
}

/// Whether an entry of the list names this host, without a port or with one of these. An IPv6 address may stand there
/// without its brackets.
fn is_entry(entry: &[u8], host: &[u8], ports: &[Option<&[u8]>]) -> bool {
    let bare = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]"));
    let rest = entry.strip_prefix(host).or_else(|| entry.strip_prefix(bare?));
    rest.is_some_and(|rest| {
        rest.is_empty() || ports.iter().flatten().any(|port| rest.strip_prefix(b":") == Some(*port))
    })
}

/// FNV-1a, its bits mixed once more because ids differ in few places. The character that Envoy changes in a UUID to
/// note its tracing decision (the first of the third group) is left out, so that the next proxy sees the same.
/// <https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-request-id>
fn hash(request_id: &[u8]) -> u64 {
    const TRACE_REASON: usize = 14;
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for (index, byte) in request_id.iter().enumerate() {
        let byte = if index == TRACE_REASON && request_id.len() == 36 { b'-' } else { *byte };
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}
