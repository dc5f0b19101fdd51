//! Thousands of exchanges a second while somebody looks: the page scrolls, opens and filters. `PAGE_SECONDS` says for how long.

use std::env;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::browser::{Browser, Look};
use crate::many::record;
use crate::program::Program;
use crate::text;

const RATE: usize = 5000;
const BATCH: usize = 250;

/// How long frames and an opened exchange take, and whether a filter shows what it should.
const LOOK: &str = "
    const done = arguments[0], frames = [];
    let last = performance.now(), measures = true;
    const frame = now => { frames.push(now - last); last = now; if (measures) requestAnimationFrame(frame) };
    requestAnimationFrame(frame);
    (async () => {
        const detail = await import('/page/detail.js');
        const box = document.getElementById('table'), opened = [];
        for (let at = 0; at < 20; at += 1) {
            const rows = [...document.querySelectorAll('#space .row:not([hidden])')];
            const start = performance.now();
            await detail.open(rows.at(-1).row.n);
            opened.push(performance.now() - start);
            box.scrollTop -= 500;
            await new Promise(resolve => setTimeout(resolve, 50));
        }
        box.scrollTop = box.scrollHeight;
        measures = false;
        frames.sort((a, b) => a - b);
        opened.sort((a, b) => a - b);
        done({ frame: frames[frames.length >> 1], slowest: frames.at(-1), opened: opened[opened.length >> 1], last: opened.at(-1) });
    })().catch(error => done({ error: String(error.stack) }));";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_usable_at_5000_a_second() {
    let seconds: usize = env::var("PAGE_SECONDS").map_or(2, |seconds| seconds.parse().expect("PAGE_SECONDS"));
    let program = Arc::new(Program::start(&["--quiet"]));
    let browser = Browser::start(Look::default()).await;
    browser.goto(&format!("http://{}/", program.address)).await;
    browser.until(&format!("{}.startsWith('Live')", text("#state"))).await;
    let sender = std::thread::spawn({
        let program = Arc::clone(&program);
        move || send(&program, seconds)
    });
    browser.until("document.querySelectorAll('#space .row:not([hidden])').length > 5").await;
    while !sender.is_finished() {
        let looked = browser.callback(LOOK, vec![]).await;
        println!("milliseconds while {RATE} a second should come: {looked}");
        let number = |name: &str| looked[name].as_f64().unwrap_or_else(|| panic!("{name}: {looked}"));
        // A machine that does much else needs some time for a frame, too.
        assert!(number("slowest") < 10_000.0 && number("opened") < 5000.0, "{looked}");
    }
    let (sent, took) = sender.join().expect("it sends");
    println!("{sent} exchanges in {:.1} s ({:.0} a second)", took.as_secs_f32(), sent as f64 / took.as_secs_f64());
    assert!(program.exchange(sent).is_some() && program.exchange(sent + 1).is_none());
    // The newest one comes to be shown.
    browser.script("document.getElementById('table').scrollTop = 1e9").await;
    let newest = format!("[...document.querySelectorAll('#space .row')].some(made => made.row?.n === {sent})");
    browser.until(&newest).await;
    browser.keys(Some("#text"), &format!("/{}<", sent - 1)).await;
    browser.until("document.querySelectorAll('#space .row:not([hidden])').length === 1").await;
    assert_eq!(
        browser.script("return [window.ran ?? null, document.querySelectorAll('b').length]").await,
        json!([null, 0])
    );
    browser.end().await;
}

fn send(program: &Program, seconds: usize) -> (usize, Duration) {
    let start = Instant::now();
    let mut sent = 0;
    while sent < seconds * RATE {
        let due = start + Duration::from_secs(1) * u32::try_from(sent).expect("not so many") / RATE as u32;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let batch: Vec<String> = (sent..sent + BATCH).map(record).collect();
        assert_eq!(program.post("/publish", "application/x-ndjson", batch.join("\n").as_bytes()).0, 200);
        sent += BATCH;
    }
    (sent, start.elapsed())
}
