//! Which exchanges give a record.

use http_trace_filter::{
    config::Config,
    sampling::{Decision, Sampling},
};

fn sampling(json: &str) -> Sampling {
    Sampling::new(&Config::parse(json.as_bytes()).expect(json).sampling)
}

/// A UUID whose digits are spread by a counter.
fn id(n: u64) -> String {
    let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", n >> 32, n & 0xffff, (n >> 8) & 0xfff, (n >> 20) & 0xfff, n >> 16)
}

#[test]
fn the_rate_is_the_share_kept() {
    for (rate, low, high) in [("0", 0, 0), ("0.01", 60, 140), ("0.5", 4800, 5200), ("1", 10_000, 10_000)] {
        let sampling = sampling(&format!(r#"{{"sampling":{{"rate":{rate}}}}}"#));
        let kept = (0..10_000).filter(|n| sampling.keeps_id(id(*n).as_bytes())).count();
        assert!((low..=high).contains(&kept), "rate {rate}: {kept} of 10,000 kept");
    }
}

#[test]
fn both_sidecars_agree_though_envoy_notes_its_tracing_decision_in_the_id() {
    let sampling = sampling(r#"{"sampling":{"rate":0.5}}"#);
    for n in 0..1000 {
        let first = id(n);
        for reason in ["9", "a", "b"] {
            let second = [&first[..14], reason, &first[15..]].concat();
            assert_eq!(sampling.keeps_id(first.as_bytes()), sampling.keeps_id(second.as_bytes()), "{first} {second}");
        }
    }
}

#[test]
fn a_listed_host_is_kept_and_others_are_not() {
    let mut sampling = sampling(r#"{"sampling":{"hosts":true}}"#);
    let body = br#"{"hosts":["orders.sock-shop:8080","www.example.com:80"]}"#;
    assert_eq!(sampling.learn(200, b"application/json; charset=utf-8", body), Ok(2));
    for (authority, destination, namespace, expected) in [
        ("orders", "10.0.0.1:8080", Some("sock-shop"), Decision::Keep),
        ("orders", "10.0.0.1:8080", None, Decision::Open),
        ("orders", "10.0.0.1:8081", Some("sock-shop"), Decision::Exclude),
        ("orders", "10.0.0.1:8080", Some("other"), Decision::Exclude),
        ("orders.sock-shop.svc.cluster.local:9", "10.0.0.1:8080", None, Decision::Keep),
        ("www.example.com", "10.0.0.1:80", None, Decision::Keep),
        ("example.com", "10.0.0.1:80", None, Decision::Exclude),
        ("www.example.com", "", None, Decision::Exclude),
    ] {
        assert_eq!(sampling.decide(authority, destination, namespace), expected, "{authority} {destination}");
    }
}

#[test]
fn a_host_may_be_listed_with_either_port_without_one_and_without_brackets() {
    for (entry, authority, destination, kept) in [
        ("shop.test:8080", "shop.test:8080", "10.0.0.1:15001", true),
        ("shop.test:15001", "shop.test:8080", "10.0.0.1:15001", true),
        ("shop.test", "shop.test:8080", "10.0.0.1:15001", true),
        ("shop.test", "u:p@shop.test", "", true),
        ("shop.test:80", "shop.test:8080", "10.0.0.1:15001", false),
        ("shop.test:", "shop.test", "", false),
        ("shop.tes", "shop.test", "", false),
        ("shop.test.eu", "shop.test", "", false),
        ("[2001:db8::1]:8080", "[2001:db8::1]:8080", "", true),
        ("2001:DB8::1:8080", "[2001:db8::1]:8080", "", true),
        ("2001:db8::1:38577", "[2001:db8::1]", "[2001:db8::1]:38577", true),
        ("2001:db8::1", "[2001:db8::1]:1", "", true),
        ("[2001:db8::1]", "2001:db8::1", "", true),
        ("2001:db8::2", "[2001:db8::1]:2", "", false),
    ] {
        let mut sampling = sampling(r#"{"sampling":{"hosts":true}}"#);
        sampling
            .learn(200, b"application/json", format!(r#"{{"hosts":["{entry}"]}}"#).as_bytes())
            .expect("a good answer");
        let expected = if kept { Decision::Keep } else { Decision::Exclude };
        assert_eq!(sampling.decide(authority, destination, None), expected, "{entry}: {authority} to {destination}");
    }
}

#[test]
fn a_star_is_every_host() {
    let mut sampling = sampling(r#"{"sampling":{"hosts":true}}"#);
    sampling.learn(200, b"application/json", br#"{"hosts":["*"]}"#).expect("a good answer");
    assert_eq!(sampling.decide("anything", "", None), Decision::Keep);
}

#[test]
fn until_the_first_answer_all_or_none_is_kept() {
    for (until_known, expected) in [("all", Decision::Keep), ("none", Decision::Exclude)] {
        let sampling = sampling(&format!(r#"{{"sampling":{{"hosts":{{"until_known":"{until_known}"}}}}}}"#));
        assert_eq!(sampling.decide("orders", "10.0.0.1:80", None), expected);
    }
}

#[test]
fn only_a_good_answer_changes_the_list() {
    let mut sampling = sampling(r#"{"sampling":{"hosts":true}}"#);
    sampling.learn(200, b"application/json", br#"{"hosts":["a.b:80"]}"#).expect("a good answer");
    for (status, content_type, body, names) in [
        (500, "application/json", r#"{"hosts":["*"]}"#, "status 500"),
        (204, "application/json", r#"{"hosts":["*"]}"#, "status 204"),
        (200, "text/html", r#"{"hosts":["*"]}"#, "text/html"),
        (200, "", r#"{"hosts":["*"]}"#, "takes application/json"),
        (200, "application/json", r#"{"hosts":["*""#, "not JSON"),
        (200, "application/json", r#"{"host":["*"]}"#, "no list of hosts"),
        (200, "application/json", r#"{"hosts":[1]}"#, "hosts: got 1"),
        (200, "application/json", "[]", "no list of hosts"),
    ] {
        let error = sampling.learn(status, content_type.as_bytes(), body.as_bytes()).expect_err(body);
        assert!(error.contains(names), "{error}");
        assert_eq!(sampling.decide("a.b", "1.1.1.1:80", None), Decision::Keep, "the last good list stays");
        assert_eq!(sampling.decide("c.d", "1.1.1.1:80", None), Decision::Exclude);
    }
}
