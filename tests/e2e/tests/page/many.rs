//! Many exchanges: the page shows a few of them at a time, and is told of all.

use serde_json::json;

use crate::browser::{Browser, Look};
use crate::program::Program;
use crate::text;

const BATCHES: usize = 20;
const BATCH: usize = 1000;

/// A record with markup wherever a record has text.
pub(crate) fn record(at: usize) -> String {
    let markup = |what: &str| format!("<b onclick='window.ran=1'>{what}</b>");
    let request = json!({"method": markup("M"), "path": format!("/{at}{}", markup("p")), "host": markup("h"), "time": at, "headers": [[markup("n"), markup("v")]], "body": "PGI+"});
    let response = json!({"status_code": "200", "time": at + 1, "headers": [], "body": ""});
    json!({"request_id": markup("i"), "scheme": markup("s"), "destination_address": markup("d"), "source_address": markup("a"), "destination_namespace": markup("n"), "scnt_request": request, "scnt_response": response}).to_string()
}

fn batch(number: usize) -> String {
    (number * BATCH..(number + 1) * BATCH).map(record).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn thousands_scroll_and_none_becomes_markup() {
    let program = Program::start(&["--keep", "20000", "--quiet"]);
    let browser = Browser::start(Look::default()).await;
    browser.goto(&format!("http://{}/", program.address)).await;
    browser.until(&format!("{}.startsWith('Live')", text("#state"))).await;
    for number in 0..BATCHES {
        assert_eq!(program.post("/publish", "application/x-ndjson", batch(number).as_bytes()).0, 200);
    }
    browser.until(&format!("{} === 'Live · 20,000'", text("#state"))).await;
    // It follows what comes.
    let shown = "[...document.querySelectorAll('#space .row:not([hidden]) .path')].map(path => parseInt(path.textContent.slice(1)))";
    browser.until(&format!("{shown}.includes(19999)")).await;
    browser.script("document.getElementById('table').scrollTop = 10000 * 28").await;
    browser.until(&format!("{shown}.includes(10000)")).await;
    assert_eq!(browser.script("return document.querySelectorAll('#space .row').length < 80").await, json!(true));
    let frames = "const done = arguments[0], box = document.getElementById('table'), times = [];
        setTimeout(() => done(`${times.length} frames in two minutes: ${document.visibilityState}`), 120000);
        const frame = now => { times.push(now); box.scrollTop -= 977; times.length < 60 ? requestAnimationFrame(frame) : done((times.at(-1) - times[0]) / 59) };
        requestAnimationFrame(frame)";
    let frame = browser.callback(frames, vec![]).await;
    let frame = frame.as_f64().unwrap_or_else(|| panic!("{frame}"));
    println!("a frame takes {frame:.1} ms while 20,000 rows scroll");
    // 20,000 elements would take seconds; a machine that does much else needs some time for a frame, too.
    assert!(frame < 5000.0, "{frame} ms");
    browser.script("document.querySelector('#space .row:not([hidden])').click()").await;
    browser.until("!document.getElementById('detail').hidden").await;
    let made = "return [document.querySelectorAll('b').length, document.querySelectorAll('script').length, window.ran ?? null]";
    assert_eq!(browser.script(made).await, json!([0, 1, null]));
    browser.end().await;
}
