//! Bodies: the first bytes are kept, never more, and the flag says so.

use http_trace_filter::capture::{body::Body, options::OversizeBody};

const ALL: usize = usize::MAX;

/// How many bytes of a chunk were asked for.
fn feed(body: &mut Body, bytes: usize, limit: usize, memory: usize) -> usize {
    feed_short(body, bytes, limit, memory, 0, OversizeBody::Truncate)
}

/// The same when `missing` bytes fewer come than are asked for.
fn feed_short(
    body: &mut Body,
    bytes: usize,
    limit: usize,
    memory: usize,
    missing: usize,
    oversize: OversizeBody,
) -> usize {
    let mut asked = 0;
    body.keep(bytes, limit, memory, oversize, |wanted| {
        asked = wanted;
        vec![b'x'; wanted - missing.min(wanted)]
    });
    asked
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
fn after_a_chunk_that_comes_short_nothing_more_is_kept() {
    for (oversize, kept) in [(OversizeBody::Truncate, 17), (OversizeBody::Drop, 0)] {
        let mut body = Body::default();
        feed_short(&mut body, 10, 1000, ALL, 0, oversize);
        assert_eq!(feed_short(&mut body, 10, 1000, ALL, 3, oversize), 10);
        assert_eq!((body.len(), body.truncated()), (kept, true), "{oversize:?}");
        assert_eq!(feed_short(&mut body, 10, 1000, ALL, 0, oversize), 0);
        assert_eq!((body.len(), body.truncated()), (kept, true), "{oversize:?}");
    }
}

#[test]
fn a_body_to_be_dropped_is_not_even_read() {
    let mut body = Body::default();
    assert_eq!(feed_short(&mut body, 11, 10, ALL, 0, OversizeBody::Drop), 0);
    assert_eq!((body.len(), body.held(), body.truncated()), (0, 0, true));
}

#[test]
fn no_more_is_kept_than_was_asked_for() {
    let mut body = Body::default();
    body.keep(10, 4, ALL, OversizeBody::Truncate, |_| vec![b'x'; 10]);
    assert_eq!((body.len(), body.truncated()), (4, true));
}

#[test]
fn tiny_chunks_cost_no_more_than_twice_their_bytes() {
    let mut body = Body::default();
    (0..100_000).for_each(|_| _ = feed(&mut body, 1, ALL, ALL));
    assert!(body.held() <= 2 * body.len(), "{} bytes held for {}", body.held(), body.len());
    assert!(body.chunks().count() <= body.len() / 4096 + 1);
}
