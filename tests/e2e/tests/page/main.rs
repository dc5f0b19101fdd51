//! The collector's page in a real browser, with the traffic of a real Envoy.

mod alike;
mod browser;
mod busy;
mod curl;
mod demo;
mod hostile;
mod kinds;
mod many;
mod passed;
mod policy;
mod program;
mod random;
mod shown;
mod traffic;

use std::time::Duration;

use browser::{Browser, Look};
use fs_err as fs;
use program::Program;
use serde_json::{Value, json};

/// The text of an element.
fn text(selector: &str) -> String {
    format!("document.querySelector({selector:?}).innerText")
}

/// Opens the exchange whose path has this in it, and returns what the detail shows.
async fn detail(browser: &Browser, path: &str) -> String {
    let find = format!(
        "[...document.querySelectorAll('#space .row:not([hidden])')].find(row => row.querySelector('.path').textContent.includes({path:?}))"
    );
    browser.until(&find).await;
    browser.script(&format!("document.getElementById('detail').hidden = true; {find}.click()")).await;
    browser
        .until(&format!("!document.getElementById('detail').hidden && {}.includes({path:?})", text("#detail h2")))
        .await;
    let shown = browser.script(&format!("return {}", text("#detail"))).await;
    shown.as_str().expect("text").to_owned()
}

#[tokio::test]
async fn shows_what_passed_envoy() {
    let program = Program::start(&[]);
    let rig = traffic::rig(program.address, &json!({"capture": {"max_body_bytes": 4000}})).await;
    let browser = Browser::start(Look::default()).await;
    let page = format!("http://{}/", program.address);
    browser.goto(&page).await;
    browser.until(&format!("{}.startsWith('Live')", text("#state"))).await;
    let count = traffic::send(&rig).await;
    browser.until(&format!("{} === 'Live · {count}'", text("#state"))).await;
    assert_eq!(
        browser.script("return document.querySelectorAll('#space .row:not([hidden])').length").await,
        json!(count)
    );

    let json = detail(&browser, "/json").await;
    assert!(json.contains("\"id\": 12345678901234567890\n") && json.contains("\"note\": \"é\""), "{json}");
    assert!(json.contains("x-markup") && json.contains(traffic::HOSTILE), "{json}");
    browser.picture("light").await;
    let gzip = detail(&browser, "/gzip").await;
    assert!(gzip.contains("\"coded\": \"inside\"") && gzip.contains("Decoded: "), "{gzip}");
    let binary = detail(&browser, "/binary").await;
    assert!(binary.contains("000010  10 11 12 13"), "{binary}");
    let cut = detail(&browser, "/cut").await;
    assert!(cut.contains("Cut: only the first 4.0 kB were recorded") && cut.contains("0123456789"), "{cut}");
    let grpc = detail(&browser, "shop.Orders").await;
    assert!(
        grpc.contains("Trailers") && grpc.contains("grpc-status\n0") && grpc.contains("grpc-message\nfine"),
        "{grpc}"
    );
    assert!(grpc.contains("000000  00 00 00 00 02 08 2a"), "{grpc}");
    let hostile = detail(&browser, "/hostile").await;
    assert!(hostile.contains(traffic::HOSTILE), "{hostile}");
    not_markup(&browser).await;

    filters(&browser, count).await;
    keyboard(&browser).await;
    copies(&browser).await;
    saves(&browser, count).await;
    browser.end().await;

    for (name, look) in [("dark", Look { dark: true, phone: false }), ("phone", Look { dark: false, phone: true })] {
        let browser = Browser::start(look).await;
        browser.goto(&page).await;
        browser.until(&format!("{} === 'Live · {count}'", text("#state"))).await;
        let dark = browser.script("return matchMedia('(prefers-color-scheme: dark)').matches").await;
        assert_eq!(dark, json!(look.dark));
        assert_eq!(
            browser.script("return document.documentElement.scrollWidth <= innerWidth").await,
            json!(true),
            "{name}: it scrolls sideways"
        );
        if look.phone {
            assert_eq!(browser.script("return innerWidth").await, json!(390));
            browser.picture("phone-list").await;
        }
        detail(&browser, "/json").await;
        assert_eq!(
            browser.script("return document.documentElement.scrollWidth <= innerWidth").await,
            json!(true),
            "{name}: it scrolls sideways"
        );
        browser.picture(name).await;
        browser.end().await;
    }
}

/// Nothing that came over the network became an element, or ran.
async fn not_markup(browser: &Browser) {
    let made = "return [document.querySelectorAll('script').length, document.querySelectorAll('img, iframe, b').length, window.ran ?? null]";
    assert_eq!(browser.script(made).await, json!([1, 0, null]));
    // And were it markup, the browser would refuse it.
    let refused = "try { document.body.innerHTML = '<b>'; return 'taken' } catch (error) { return error.name }";
    assert_eq!(browser.script(refused).await, json!("TypeError"));
}

async fn filters(browser: &Browser, count: usize) {
    let paths = "[...document.querySelectorAll('#space .row:not([hidden]) .path')].map(path => path.textContent).sort().join(' ')";
    browser.keys(Some("#text"), "json").await;
    browser.until(&format!("{paths} === '/json'")).await;
    browser.until(&format!("{} === 'Live · 1 of {count}'", text("#state"))).await;
    browser
        .script("const text = document.getElementById('text'); text.value = ''; text.dispatchEvent(new Event('input'))")
        .await;
    browser.select("#status", "4").await;
    browser.until(&format!("{paths} === '/missing'")).await;
    browser.select("#status", "").await;
    browser.select("#method", "POST").await;
    browser.until(&format!("{paths} === '/h2/shop.Orders/Get /json'")).await;
    browser.select("#method", "").await;
    browser.until(&format!("{} === 'Live · {count}'", text("#state"))).await;
}

async fn keyboard(browser: &Browser) {
    let (escape, home, down, enter) = ("\u{e00c}", "\u{e011}", "\u{e015}", "\u{e007}");
    browser.keys(Some("#table"), escape).await;
    browser.until("document.getElementById('detail').hidden").await;
    browser.keys(Some("#table"), &format!("{home}{down}{enter}")).await;
    let second = "document.querySelectorAll('#space .row .path')[1].textContent";
    let open = format!("{}.includes({second})", text("#detail h2"));
    browser.until(&format!("!document.getElementById('detail').hidden && {open}")).await;
    browser.keys(None, escape).await;
    browser.until("document.getElementById('detail').hidden && document.activeElement.id === 'table'").await;
    browser.keys(None, "/").await;
    browser.until("document.activeElement.id === 'text'").await;
    assert_eq!(browser.script("return document.activeElement.value").await, json!(""));
}

/// The button gives the command of what is open to the clipboard, or below it, where a page may not write there.
async fn copies(browser: &Browser) {
    detail(browser, "/json").await;
    let into = "navigator.clipboard.writeText = text => { window.copied = text; return Promise.resolve() }";
    browser.script(into).await;
    browser.click("#curl").await;
    browser.until("document.getElementById('curl').textContent === 'Copied'").await;
    let copied = browser.script("return window.copied").await;
    let command = copied.as_str().expect("text");
    assert!(command.starts_with("curl ") && command.contains("'content-type: application/json'"), "{command}");
    assert!(command.contains("12345678901234567890") && command.contains("/json'"), "{command}");
    browser.script("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))").await;
    browser.click("#curl").await;
    browser.until("document.querySelector('#detail .command')").await;
    assert_eq!(browser.script("return document.querySelector('#detail .command').textContent").await, copied);
}

/// The saved HAR has all that is shown.
async fn saves(browser: &Browser, count: usize) {
    browser.script("document.getElementById('text').blur()").await;
    browser.click("#save").await;
    let saved = browser.directory.path().join("saved");
    let find = || {
        fs::read_dir(&saved)
            .ok()?
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|end| end == "har"))
    };
    let mut file = None;
    for _ in 0..3600 {
        file = find();
        if file.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let text = fs::read_to_string(file.expect("a HAR")).expect("text");
    browser::keep("saved.har", text.as_bytes());
    let har: Value = serde_json::from_str(&text).expect("JSON");
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.enable_format_assertions();
    let schema = include_str!("../../../schemas/har/har-1.2.schema.json");
    compiler.add_resource("har", serde_json::from_str(schema).expect("JSON")).expect("a schema");
    let index = compiler.compile("har", &mut schemas).expect("a schema");
    schemas.validate(&har, index).unwrap_or_else(|error| panic!("{error:#}"));
    let entries = har["log"]["entries"].as_array().expect("entries");
    let urls: Vec<&str> = entries.iter().map(|entry| entry["request"]["url"].as_str().expect("a URL")).collect();
    let has = |end: &str| urls.iter().filter(|url| url.ends_with(end)).count() == 1;
    assert!(urls.len() == count && has("/json") && has("/missing"), "{urls:?}");
}
