//! The capabilities that Envoy allows the filter are all that it needs, and it needs each: without any single one, a scene
//! that shows all that the filter does fails.

mod leak;
mod scene;

use std::iter;

use futures_util::future::join_all;
use http_trace_e2e::capabilities::{names, restriction};
use scene::{Failure, Scene};

/// Envoys at a time.
const ABREAST: usize = 3;

/// Each capability, the step of the scene that fails without it, and words of what is said then. Where an answer kills
/// the VM, the next step may be the one that notices: what the filter counted before is seen before Envoy's line about it.
const NEEDED: [(&str, &str, &str); 26] = [
    ("proxy_define_metric", "polls", "proxy_on_vm_start failed"),
    ("proxy_done", "drains or refuses", "proxy_on_http_call_response failed"),
    ("proxy_get_buffer_bytes", "polls", "proxy_on_configure failed"),
    ("proxy_get_current_time_nanoseconds", "polls", "proxy_on_configure failed"),
    ("proxy_get_header_map_pairs", "records", "scnt_request.headers"),
    ("proxy_get_header_map_value", "polls or records", "proxy_on_http_call_response failed"),
    ("proxy_get_property", "records", "destination_address"),
    ("proxy_http_call", "polls", "two more polls"),
    ("proxy_increment_metric", "records", "proxy_on_tick failed"),
    ("proxy_log", "polls", "proxy_on_configure failed"),
    ("proxy_on_configure", "polls", "two more polls"),
    ("proxy_on_context_create", "polls", "proxy_on_vm_start failed"),
    ("proxy_on_delete", "forgets", "streams leave"),
    ("proxy_on_done", "drains", "a record that waited"),
    ("proxy_on_http_call_response", "records", "the record"),
    ("proxy_on_log", "records what no filter saw", "scnt_response.headers"),
    ("proxy_on_request_body", "records", "scnt_request.body"),
    ("proxy_on_request_headers", "records", "scnt_request.body"),
    ("proxy_on_request_trailers", "records", "scnt_request.trailers"),
    ("proxy_on_response_body", "records", "scnt_response.body"),
    ("proxy_on_response_headers", "records", "scnt_response.headers"),
    ("proxy_on_response_trailers", "records", "scnt_response.trailers"),
    ("proxy_on_tick", "polls", "two more polls"),
    ("proxy_on_vm_start", "records", "the record to be counted"),
    ("proxy_set_effective_context", "polls or records", "proxy_on_http_call_response failed"),
    ("proxy_set_tick_period_milliseconds", "polls", "proxy_on_configure failed"),
];

#[tokio::test]
async fn all_of_them_are_enough() {
    let played = Scene::play(|_| {}, scene::PATIENT).await;
    played.unwrap_or_else(|failure| panic!("with every capability of the list: {failure:?}"));
}

#[tokio::test]
async fn each_is_needed() {
    let names: Vec<&str> = names().collect();
    assert!(names.is_sorted() && names.len() > 20, "{names:?}");
    let mut wrong = Vec::new();
    for some in names.chunks(ABREAST) {
        let played = join_all(some.iter().map(|name| without(name))).await;
        for (name, played) in iter::zip(some, played) {
            println!("without {name}: {played:?}");
            let needed = NEEDED.iter().find(|(needed, ..)| needed == name);
            let right = match (needed, &played) {
                (Some((_, steps, words)), Err(failure)) => {
                    steps.split(" or ").any(|step| step == failure.step) && failure.problem.contains(words)
                }
                _ => false,
            };
            if !right {
                wrong.push(format!("without {name}: {played:?}, where {needed:?} was expected"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "take what is not needed from the list, or show in the scene what needs it:\n{}",
        wrong.join("\n")
    );
    let listed: Vec<&str> = NEEDED.iter().map(|(name, ..)| *name).collect();
    assert_eq!(listed, names, "NEEDED has a row for each");
}

async fn without(missing: &str) -> Result<(), Failure> {
    let change = |given: &mut http_trace_e2e::rig::Given| {
        let rest = names().filter(|name| *name != missing);
        given.plugin["capability_restriction_config"] = restriction(rest);
    };
    Scene::play(change, scene::HASTY).await
}
