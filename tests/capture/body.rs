//! Bodies: the first bytes are kept, never more, and the flag says so.

use http_trace_filter::capture::body::Body;

const ALL: usize = usize::MAX;

fn feed(body: &mut Body, bytes: usize, limit: usize, memory: usize) -> usize {
    let wanted = body.wanted(bytes, limit, memory);
    body.push(vec![b'x'; wanted]);
    wanted
}

#[test]
fn a_body_of_exactly_the_limit_is_whole() {
    let mut body = Body::default();
    assert_eq!(feed(&mut body, 600, 1000, ALL), 600);
    assert_eq!(feed(&mut body, 400, 1000, ALL), 400);
    assert!(!body.truncated());
    assert_eq!(feed(&mut body, 0, 1000, ALL), 0);
    assert!(!body.truncated(), "an empty last chunk cuts nothing");
}

#[test]
fn one_byte_more_is_cut_and_flagged() {
    let mut body = Body::default();
    feed(&mut body, 1000, 1000, ALL);
    assert_eq!(feed(&mut body, 1, 1000, ALL), 0);
    assert!(body.truncated());
    assert_eq!(body.len(), 1000);
}

#[test]
fn after_a_cut_for_memory_nothing_more_is_kept() {
    let mut body = Body::default();
    feed(&mut body, 10, 1000, ALL);
    assert_eq!(feed(&mut body, 10, 1000, 4), 4);
    assert_eq!(feed(&mut body, 10, 1000, ALL), 0, "a hole in the middle would be worse than a missing end");
    assert_eq!((body.len(), body.truncated()), (14, true));
}

#[test]
fn tiny_chunks_cost_no_more_than_twice_their_bytes() {
    let mut body = Body::default();
    let mut held = 0;
    for _ in 0..100_000 {
        held += body.push(vec![b'x']);
    }
    assert_eq!(held, body.held());
    assert!(held <= 2 * body.len(), "{held} bytes held for {}", body.len());
    assert!(body.chunks().count() <= body.len() / 4096 + 1);
}
