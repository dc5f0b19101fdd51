//! Whatever is in a record, the page shows it as text. `PAGE_SEED` gives other records than those of every run.

use std::env;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::browser::{Browser, Look};
use crate::program::Program;
use crate::random::Random;
use crate::text;

const RECORDS: usize = 100;

/// Runs in the page before anything comes. What gets into it is compared with the elements and attributes that the page makes
/// itself, also what is there for a moment only.
const WATCH: &str = "
    window.wrong = [];
    const tags = new Set('DIV SPAN P BUTTON H2 H3 H4 SMALL STRONG DL DT DD PRE OPTION'.split(' '));
    const names = new Set('id class role hidden style title type value tabindex aria-selected aria-pressed aria-activedescendant data-number data-text'.split(' '));
    const check = element => {
        if (!tags.has(element.tagName)) window.wrong.push(element.outerHTML.slice(0, 200));
        for (const name of element.getAttributeNames()) if (!names.has(name)) window.wrong.push(`${element.tagName} ${name}`);
    };
    new MutationObserver(changes => {
        for (const change of changes) {
            if (change.type === 'attributes' && !names.has(change.attributeName)) window.wrong.push(change.attributeName);
            for (const node of change.addedNodes) {
                if (node.nodeType !== Node.ELEMENT_NODE) continue;
                check(node);
                node.querySelectorAll('*').forEach(check);
            }
        }
    }).observe(document, { subtree: true, childList: true, attributes: true });
    document.addEventListener('securitypolicyviolation', event => window.wrong.push(`${event.violatedDirective} ${event.blockedURI}`));
    window.addEventListener('error', event => window.wrong.push(event.message));
    window.addEventListener('unhandledrejection', event => window.wrong.push(String(event.reason)));";

/// Opens every exchange, in each view, and says where the detail shows another text than the collector has.
const OPEN_ALL: &str = r"
    const done = arguments[0];
    (async () => {
        const detail = await import('/page/detail.js');
        const box = document.getElementById('detail'), different = [];
        for (let number = 1; number <= arguments_count; number += 1) {
            const all = await (await fetch(`/api/exchanges/${number}`)).json();
            await detail.open(number);
            const texts = selector => [...box.querySelectorAll(selector)].map(element => element.textContent);
            const expect = (what, shown, known) => { if (shown !== known) different.push(`${number}: ${what}: ${shown} is not ${known}`) };
            expect('its number', box.dataset.number, String(number));
            expect('heading', texts('h2')[0].startsWith(`${all.method} ${all.path} `), true);
            const fields = message => message.headers.concat(message.trailers);
            const pairs = fields(all.request).concat(fields(all.response)).filter(([, value]) => value !== '');
            const names = texts('dt'), values = texts('dd');
            for (const [name, value] of pairs) {
                expect(name, names.some((shown, at) => shown === name && values[at] === value), true);
            }
            for (const view of box.querySelectorAll('.views button')) view.click();
        }
        done(different);
    })().catch(error => done([String(error.stack)]));";

fn record(random: &mut Random, at: usize) -> Value {
    let types = ["text/html", "application/json", "image/svg+xml", "text/plain; charset=utf-7", ""];
    let headers = |random: &mut Random| {
        let mut headers: Vec<[String; 2]> = (0..random.below(4)).map(|_| [random.text(), random.text()]).collect();
        headers.push(["content-type".to_owned(), random.pick(&types).to_owned()]);
        if random.below(3) == 0 {
            headers.push(["content-encoding".to_owned(), random.pick(&["gzip", "deflate", "<b>"]).to_owned()]);
        }
        headers
    };
    let half = |random: &mut Random, headers: Vec<[String; 2]>| {
        json!({
            "method": random.text(), "path": format!("/{at}{}", random.text()), "host": random.text(),
            "status_code": random.pick(&[0, 200, 404, 999, 65_535]).to_string(), "version": random.text(),
            "time": random.pick(&[0, 1_795_426_073_241, u64::MAX]), "headers": headers,
            "trailers": [[random.text(), random.text()]], "body": STANDARD.encode(random.body()),
            "truncated_body": random.below(2) == 0,
        })
    };
    let of_request = headers(random);
    let of_response = headers(random);
    json!({
        "request_id": random.text(), "scheme": random.text(), "destination_address": random.text(),
        "destination_namespace": random.text(), "source_address": random.text(),
        "scnt_request": half(random, of_request), "scnt_response": half(random, of_response),
    })
}

#[tokio::test]
async fn no_text_becomes_markup() {
    let seed = env::var("PAGE_SEED").map_or(21, |seed| seed.parse().expect("PAGE_SEED is no number"));
    let mut random = Random::new(seed);
    let program = Program::start(&["--quiet"]);
    let browser = Browser::start(Look::default()).await;
    browser.goto(&format!("http://{}/", program.address)).await;
    browser.until(&format!("{}.startsWith('Live')", text("#state"))).await;
    browser.script(WATCH).await;
    let records: Vec<String> = (0..RECORDS).map(|at| record(&mut random, at).to_string()).collect();
    let (status, answer) = program.post("/publish", "application/x-ndjson", records.join("\n").as_bytes());
    assert_eq!(status, 200, "seed {seed}: {}", String::from_utf8_lossy(&answer));
    browser.until(&format!("{} === 'Live · {RECORDS}'", text("#state"))).await;
    let open = OPEN_ALL.replace("arguments_count", &RECORDS.to_string());
    let different = browser.callback(&open, vec![]).await;
    assert_eq!(different, json!([]), "seed {seed}");
    for _ in 0..20 {
        let hostile = json!(random.text());
        let filter = "const text = document.getElementById('text'); text.value = arguments[0]; text.dispatchEvent(new Event('input'))";
        browser.script_with(filter, vec![hostile]).await;
    }
    browser.picture("hostile").await;
    assert_eq!(browser.script("return window.wrong").await, json!([]), "seed {seed}");
    assert_eq!(browser.script("return window.ran ?? null").await, json!(null), "seed {seed}");
    let elsewhere = "return performance.getEntriesByType('resource').map(entry => entry.name).filter(name => !name.startsWith(location.origin + '/'))";
    assert_eq!(browser.script(elsewhere).await, json!([]), "seed {seed}");
    browser.end().await;
}
