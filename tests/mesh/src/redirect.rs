//! Istio's redirection of a pod's connections to its proxy.

use std::io;
use std::net::IpAddr;

use crate::namespace::Namespace;
use crate::{command, environment, users};

/// As the init container has pilot-agent make it. Its rules know the proxy by its user; where there is only one user, rules of ours
/// know the application by the address that it sends from.
///
/// # Errors
/// When iptables refuses.
pub(crate) fn install(namespace: &Namespace, arguments: &[String], application: IpAddr) -> io::Result<()> {
    let [nsenter, net] = namespace.prefix();
    if users::has_proxy() {
        let agent = environment::program("PILOT_AGENT", "pilot-agent");
        let words = [net, agent].into_iter().chain(arguments.iter().cloned());
        return command::run(&nsenter, words).map(drop);
    }
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).cloned().unwrap_or_default()
    };
    let (outbound, inbound, excluded) = (option("-p"), option("-z"), option("-d"));
    for rule in [
        format!("-A PREROUTING -p tcp -m multiport ! --dports {excluded} -j REDIRECT --to-ports {inbound}"),
        format!("-A OUTPUT -p tcp -s {application} ! -o lo -j REDIRECT --to-ports {outbound}"),
    ] {
        let words = [&net, "iptables", "-t", "nat"].into_iter().chain(rule.split(' '));
        command::run(&nsenter, words)?;
    }
    Ok(())
}
