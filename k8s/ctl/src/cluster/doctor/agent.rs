//! What the agent beside Envoy says of the image that it is to fetch: <https://github.com/istio/istio/tree/master/pkg/wasm>. It
//! tries once for each configuration, and gives Envoy a filter that does nothing when it fails.

use super::Finding;

/// What comes before the cause in the agent's log.
const FAILED: &str = "cannot fetch Wasm module ";
/// What comes after it.
const INSTEAD: &str = ". applying ";
/// How Envoy begins what it has against a module.
const REFUSED: [&str; 3] = ["Unable to create Wasm", "Failed to load Wasm", "Failed to initialize Wasm"];

/// An image that could not be fetched; `log`: the proxy's, as far as it may be read.
pub(super) fn not_fetched(image: &str, log: Option<&str>) -> Finding {
    let Some(cause) = log.and_then(|log| cause(log, image)) else {
        let todo = format!("the log of istio-proxy names the cause, in the last line with {FAILED:?}");
        return Finding::fail(format!("could not fetch {image}"), todo);
    };
    Finding::fail(format!("could not fetch {image}: {cause}"), format!("{}, and replace the pod", todo(cause)))
}

/// The last reason in the log for this image.
fn cause<'a>(log: &'a str, image: &str) -> Option<&'a str> {
    let of = |line: &'a str| {
        let cause = line.split_once(FAILED)?.1;
        let cause = cause.split(INSTEAD).next()?;
        // Without a Secret, the plugin's name stands in the place of the image.
        Some(cause.strip_prefix(image).unwrap_or(cause).trim_start_matches([':', ' ']))
    };
    log.lines().rev().find_map(of)
}

/// What to do about it: first what registries answer, then what networks do.
fn todo(cause: &str) -> &'static str {
    let causes: [(&[&str], &str); 6] = [
        (&["image pulling secret"], "make the Secret of --image-pull-secret, of type kubernetes.io/dockerconfigjson"),
        (&["UNAUTHORIZED", "DENIED", "401", "403"], "the registry wants credentials: deploy with --image-pull-secret"),
        (&["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "404"], "the registry has no such image: push it, or mend --image"),
        (&["certificate", "x509"], "the proxy does not trust the registry's certificate: see WASM_INSECURE_REGISTRIES"),
        (
            &["connection refused", "no such host", "i/o timeout", "deadline exceeded", "no route", "unreachable"],
            "the proxy does not reach the registry: see that it runs, and network policies",
        ),
        (
            &["compat variant", "is invalid", "plugin.wasm"],
            "the image holds no module as plugin.wasm: push that of .#image",
        ),
    ];
    let known = causes.iter().find(|(words, _)| words.iter().any(|word| cause.contains(word)));
    known.map_or("mend that", |(_, todo)| todo)
}

/// What Envoy has against the module, by the proxy's log.
pub(super) fn refusal(log: &str) -> Option<String> {
    let line = log.lines().rev().find(|line| REFUSED.iter().any(|words| line.contains(words)))?;
    let from = REFUSED.iter().filter_map(|words| line.find(words)).min()?;
    line.get(from..).map(|what| format!("its log says {:?}", what.trim()))
}

#[cfg(test)]
mod tests {
    use super::{cause, refusal, todo};

    const IMAGE: &str = "oci://registry.example/filter@sha256:00";

    #[test]
    fn the_last_cause_is_told_with_what_to_do() {
        let line = |cause: &str| {
            format!(
                "2026-08-01T00:00:00Z\terror\twasm\terror in converting the wasm config to local: {cause}. applying allow RBAC filter\n"
            )
        };
        for (told, is_todo) in [
            (
                r#"could not fetch Wasm OCI image: could not fetch manifest: Get "https://r/v2/": dial tcp 10.0.0.1:443: connect: connection refused"#,
                "does not reach",
            ),
            (
                "could not fetch Wasm OCI image: could not fetch manifest: GET https://r/v2/f/manifests/sha256:00: MANIFEST_UNKNOWN: manifest unknown",
                "no such image",
            ),
            (
                "could not fetch Wasm OCI image: could not fetch manifest: GET https://r/v2/f: UNAUTHORIZED: authentication required",
                "wants credentials",
            ),
            (
                "could not fetch Wasm binary: the given image is in invalid format as an OCI image: could not parse as compat variant",
                "no module as plugin.wasm",
            ),
        ] {
            let log = line("cannot fetch Wasm module oci://other: else")
                + &line(&format!("cannot fetch Wasm module {IMAGE}: {told}"));
            assert_eq!(cause(&log, IMAGE), Some(told));
            assert!(todo(told).contains(is_todo), "{told}: {}", todo(told));
        }
        let secret = line("cannot fetch Wasm module shop.http-trace-filter-outbound: missing image pulling secret");
        assert!(todo(cause(&secret, IMAGE).expect("a cause")).contains("Secret"));
        assert_eq!(cause("all is well\n", IMAGE), None);
        let envoy = "warning envoy config\tdelta config rejected: Unable to create Wasm plugin shop.http-trace-filter-outbound\n";
        assert!(refusal(envoy).expect("one").contains("\"Unable to create Wasm plugin shop."));
        assert_eq!(refusal("Wasm is fine\n"), None);
    }
}
