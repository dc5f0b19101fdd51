//! What the filter's own counters say.

use super::Finding;
use serde_json::Value;

/// All of them, by name.
fn read(stats: &Value) -> Vec<(&str, u64)> {
    let all = stats["stats"].as_array().into_iter().flatten();
    all.filter_map(|stat| {
        let name = stat["name"].as_str()?.strip_prefix("wasmcustom.http_trace_filter.")?;
        Some((name, stat["value"].as_u64()?))
    })
    .collect()
}

fn get(all: &[(&str, u64)], name: &str) -> u64 {
    all.iter().find(|(other, _)| *other == name).map_or(0, |(_, value)| *value)
}

/// Whether there are some: the filter runs.
pub(super) fn any(stats: &Value) -> bool {
    !read(stats).is_empty()
}

fn dropped(all: &[(&str, u64)]) -> u64 {
    all.iter().filter(|(name, _)| name.starts_with("dropped_")).map(|(_, value)| value).sum()
}

/// Whether records were lost, and perhaps long ago: others have arrived.
pub(super) fn may_be_past(stats: &Value) -> bool {
    let all = read(stats);
    dropped(&all) > 0 && get(&all, "exported") > 0
}

/// What they mean. `later`: the same after a while, when the first tell of losses.
pub(super) fn judge(stats: &Value, later: Option<&Value>, proxy: &str) -> Finding {
    let (before, all) = (read(stats), read(later.unwrap_or(stats)));
    if all.is_empty() {
        return Finding::fail(
            "the filter has no stats",
            format!(
                "it does not run: the wasm is missing or refused (look for \"wasm\" in the log of {proxy}; replace the pod once the \
                 cause is mended), or the proxy's stats matcher leaves out \"wasmcustom\" (Istio's default does not)"
            ),
        );
    }
    let get = |name: &str| get(&all, name);
    let (streams, exported, failures) = (get("streams"), get("exported"), get("export_failures"));
    let mut counted =
        format!("streams {streams}, exported {exported}, sampled_out {}, queued {}", get("sampled_out"), get("queued"));
    for (name, value) in all.iter().filter(|(name, value)| name.starts_with("dropped_") && *value > 0) {
        counted += &format!(", {name} {value}");
    }
    if streams == 0 {
        let todo = "no HTTP traffic passes here in the overlay's --traffic, or its port is not known to be HTTP";
        return Finding::fail(counted, todo);
    }
    let more = dropped(&all).saturating_sub(dropped(&before));
    if more > 0 || dropped(&all) > 0 && exported == 0 {
        let todo = "records are lost: rejected means the collector refuses them, queue_full and retries_exhausted that it is too \
                    slow or away, too_large that queue.max_bytes is too small";
        return Finding::fail(counted, todo);
    }
    if get("sampled_out") == streams {
        return Finding::fail(counted, "sampling leaves all out: see sampling.rate and sampling.hosts");
    }
    if exported == 0 && failures > 0 {
        let what = format!("{counted}, export_failures {failures}");
        return Finding::fail(what, "the collector does not answer with 2xx: see its log");
    }
    if get("collector_down") > 0 {
        let what = format!("{counted}, collector_down {}", get("collector_down"));
        return Finding::fail(what, "the collector does not take records now, and they wait: see its log");
    }
    if dropped(&all) > 0 {
        return Finding::note(
            format!("{counted}; records were lost earlier, and none in the last seconds"),
            "if they were many, look into the collector's log, and give queue.max_bytes more",
        );
    }
    Finding::ok(counted)
}

#[cfg(test)]
mod tests {
    use super::{any, judge, may_be_past};
    use serde_json::{Value, json};

    fn stats(values: &[(&str, u64)]) -> Value {
        let name = |name: &str| format!("wasmcustom.http_trace_filter.{name}");
        let list: Vec<Value> = values.iter().map(|(n, value)| json!({ "name": name(n), "value": value })).collect();
        json!({ "stats": list })
    }

    fn told(first: &Value, later: Option<&Value>) -> String {
        format!("{:?}", judge(first, later, "istio-proxy"))
    }

    #[test]
    fn losses_that_are_past_are_a_note() {
        let past = stats(&[("streams", 9), ("exported", 7), ("dropped_queue_full", 2)]);
        assert!(may_be_past(&past) && any(&past));
        assert!(told(&past, Some(&past)).contains("Note"), "{}", told(&past, Some(&past)));
        let more = stats(&[("streams", 12), ("exported", 7), ("dropped_queue_full", 3)]);
        assert!(told(&past, Some(&more)).contains("records are lost"));
        // Nothing else ever came: they are not past.
        let all = stats(&[("streams", 2), ("dropped_rejected", 2)]);
        assert!(!may_be_past(&all) && told(&all, None).contains("records are lost"));
        let down = stats(&[("streams", 9), ("exported", 7), ("dropped_queue_full", 2), ("collector_down", 1)]);
        assert!(told(&down, Some(&down)).contains("does not take records now"));
    }
}
