//! Many records in a request.

use http_trace_e2e::case::Case;
use http_trace_e2e::client::Protocol::H1;
use http_trace_e2e::reply::Reply;
use http_trace_e2e::request::Request;
use http_trace_e2e::wait;
use serde_json::json;

use crate::log;
use crate::pair::Pair;

/// The collector passes on each request as it came.
#[tokio::test]
async fn of_one_and_of_sixty_four() {
    for (max_records, exchanges) in [(1, 3), (64, 128)] {
        let batch = json!({ "batch": { "max_records": max_records, "linger_ms": 60_000 } });
        let pair = Pair::start(batch, json!({}), |_| Reply::echo()).await;
        let mut ids = Vec::new();
        for at in 0..exchanges {
            let request = Request::post(&format!("/orders/{at}"), format!("order {at}"));
            let request = request.header("content-type", "text/plain");
            ids.push(pair.send(Case::new("an order", H1, request, Reply::echo())).await.0);
        }
        let requests = exchanges / max_records;
        let all = || (pair.backend.posts().len() >= requests).then(|| pair.backend.posts());
        let posts = wait::until("every request", all).await;
        let sizes: Vec<usize> = posts.iter().map(|post| log::read(post).len()).collect();
        assert_eq!(sizes, vec![max_records; requests]);
        for id in ids {
            pair.compare("an order", &id).await;
        }
        pair.finish().await;
    }
}
