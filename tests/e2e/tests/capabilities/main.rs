//! The capabilities that Envoy allows the filter are all that it needs, and it needs each: without any single one, a scene
//! that shows all that the filter does fails.

mod leak;
mod scene;

use std::iter;

use futures_util::future::join_all;
use http_trace_e2e::capabilities::{names, restriction};
use scene::Scene;

/// Envoys at a time.
const ABREAST: usize = 3;

#[tokio::test]
async fn all_of_them_are_enough() {
    let played = Scene::play(|_| {}, scene::PATIENT).await;
    played.unwrap_or_else(|problem| panic!("with every capability of the list: {problem}"));
}

#[tokio::test]
async fn each_is_needed() {
    let names: Vec<&str> = names().collect();
    assert!(names.is_sorted() && names.len() > 20, "{names:?}");
    let mut spare = Vec::new();
    for some in names.chunks(ABREAST) {
        let played = join_all(some.iter().map(|name| without(name))).await;
        for (name, played) in iter::zip(some, played) {
            match played {
                Err(problem) => println!("without {name}: {problem}"),
                Ok(()) => spare.push(*name),
            }
        }
    }
    assert!(
        spare.is_empty(),
        "all goes well without {spare:?}: take it from the list, or show in the scene what needs it"
    );
}

async fn without(missing: &str) -> Result<(), String> {
    let change = |given: &mut http_trace_e2e::rig::Given| {
        let rest = names().filter(|name| *name != missing);
        given.plugin["capability_restriction_config"] = restriction(rest);
    };
    Scene::play(change, scene::HASTY).await
}
