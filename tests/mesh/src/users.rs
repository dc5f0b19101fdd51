//! Which users there are in the run's user namespace: all of them for root, and one for an ordinary user, to whom the kernel gives
//! no other.

use std::net::IpAddr;

use fs_err as fs;

/// The user that Istio's rules let pass: what it sends was redirected before.
pub(crate) const PROXY: u32 = 1337;

/// Whether the proxies can run as a user of their own.
pub(crate) fn has_proxy() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.lines().any(|line| contains(line, PROXY))
}

/// The address that the application of the pod with this one sends from. Rules tell it from the proxy by that, where there is only
/// one user; it is the pod's own otherwise.
pub(crate) fn application(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) if !has_proxy() => {
            let [a, b, c, d] = address.octets();
            [a, b, c + 1, d].into()
        }
        address => address,
    }
}

/// A line is `FIRST FIRST-OUTSIDE COUNT`.
fn contains(line: &str, user: u32) -> bool {
    let numbers: Vec<u32> = line.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    matches!(numbers[..], [first, _, count] if user >= first && user - first < count)
}

#[test]
fn a_line_holds_its_users() {
    assert!(contains("         0          0 4294967295", PROXY));
    assert!(!contains("         0       1000          1", PROXY));
    assert!(contains("1000 100000 400", PROXY));
    assert!(!contains("1000 100000 337", PROXY));
}
