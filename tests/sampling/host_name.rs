//! Hosts as the sampling manager and APIClarity name them.

use http_trace_filter::sampling::host_name::{needs_namespace, normalise, port};

#[test]
fn hosts_are_normalised_as_the_original_does_it() {
    for (authority, namespace, expected) in [
        ("orders", None, "orders"),
        ("orders", Some("sock-shop"), "orders.sock-shop"),
        ("orders:8080", Some("sock-shop"), "orders.sock-shop"),
        ("http://orders:8080", Some("sock-shop"), "orders.sock-shop"),
        ("Orders.Sock-Shop.svc.cluster.local:80", Some("other"), "orders.sock-shop"),
        ("orders.sock-shop.svc.cluster", None, "orders.sock-shop"),
        ("orders.sock-shop.svc", None, "orders.sock-shop"),
        ("orders.sock-shop", Some("other"), "orders.sock-shop"),
        ("www.example.com.", None, "www.example.com"),
        ("10.4.0.12:8080", Some("sock-shop"), "10.4.0.12"),
        ("[::1]:8080", Some("sock-shop"), "[::1]"),
        ("[2001:db8::1]", Some("sock-shop"), "[2001:db8::1]"),
        ("::1", Some("sock-shop"), "[::1]"),
        ("[::1", Some("sock-shop"), "[::1]"),
        ("[FE80::1%eth0]:80", None, "[fe80::1%eth0]"),
        ("2001:db8::1:38577", None, "[2001:db8::1:38577]"),
        ("[::1]x", None, "[::1]"),
        ("u@shop.example.com", None, "shop.example.com"),
        ("u:p@shop.example.com:8080", None, "shop.example.com"),
        ("a@b:c@orders", Some("sock-shop"), "orders.sock-shop"),
        ("https://u:p@[::1]:8443", None, "[::1]"),
        ("u@", Some("sock-shop"), ""),
        ("[redacted]", Some("sock-shop"), "[redacted]"),
        ("[", Some("sock-shop"), "["),
        ("orders:", Some("sock-shop"), "orders.sock-shop"),
        ("", Some("sock-shop"), ""),
        (".svc", None, ".svc"),
    ] {
        assert_eq!(normalise(authority, namespace), expected, "{authority:?} in {namespace:?}");
    }
}

#[test]
fn only_a_one_word_name_needs_the_namespace() {
    for (authority, needs) in [
        ("orders", true),
        ("orders:80", true),
        ("http://orders", true),
        ("orders.shop", false),
        ("10.0.0.1:80", false),
        ("[::1]:80", false),
        ("::1", false),
        ("[::1", false),
        ("u:p@orders:80", true),
        ("u@10.0.0.1", false),
        ("[redacted]", false),
        ("", false),
        (".", false),
    ] {
        assert_eq!(needs_namespace(authority), needs, "{authority:?}");
    }
}

#[test]
fn the_port_is_the_address_s() {
    assert_eq!(port("10.0.0.1:8080"), Some(&b"8080"[..]));
    assert_eq!(port("[::1]:8080"), Some(&b"8080"[..]));
    assert_eq!(port("[::1]"), None);
    for without in ["::1", "[::1", "orders", "orders:", "orders:http", "u:80@orders", "[::1]80", "http://orders"] {
        assert_eq!(port(without), None, "{without}");
    }
    assert_eq!(port("u:p@orders:80"), Some(&b"80"[..]));
    assert_eq!(port("http://[::1]:80"), Some(&b"80"[..]));
    assert_eq!(port("/var/run/socket"), None);
}
