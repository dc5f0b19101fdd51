//! `nix run .#demo -- --keep` names the page's address, and the page has the demo's exchanges and what is sent afterwards.

use std::env;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::browser::{Browser, Look};
use crate::text;

/// The demo, until dropped.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        // It takes Envoy with it, unless it has ended.
        if matches!(self.0.try_wait(), Ok(None)) {
            let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
            let _ = self.0.wait();
        }
    }
}

/// What stands before and after this, in the next line that has it.
fn around(lines: &mut impl Iterator<Item = String>, what: &str) -> [String; 2] {
    let line = lines.find(|line| line.contains(what)).unwrap_or_else(|| panic!("no line has {what:?}"));
    let (before, after) = line.split_once(what).expect("it has it");
    [before, after].map(|text| text.trim().to_owned())
}

#[tokio::test]
async fn the_demo_names_its_page() {
    let program =
        env::var_os("HTTP_TRACE_E2E").map_or_else(|| env!("CARGO_BIN_EXE_http-trace-e2e").into(), PathBuf::from);
    let mut command = Command::new(program);
    let child =
        command.args(["demo", "--keep", "--color", "never"]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut demo = Demo(child.expect("the demo"));
    let mut lines = BufReader::new(demo.0.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    let [sent, _] = around(&mut lines, " requests sent, ");
    let sent: usize = sent.parse().unwrap_or_else(|error| panic!("{sent}: {error}"));
    let [_, shop] = around(&mut lines, "curl http://");
    let shop = shop.trim_end_matches("/catalogue").to_owned();
    let [_, page] = around(&mut lines, "All of it is shown at ");
    std::thread::spawn(move || lines.for_each(drop));

    let browser = Browser::start(Look::default()).await;
    browser.goto(&page).await;
    browser.until(&format!("{} === 'Live · {sent}'", text("#state"))).await;
    let mut stream = TcpStream::connect(&shop).expect("Envoy");
    stream.write_all(b"GET /sent-afterwards HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n").expect("sent");
    stream.read_to_end(&mut Vec::new()).expect("an answer");
    browser.until(&format!("{} === 'Live · {}'", text("#state"), sent + 1)).await;
    let paths =
        "return [...document.querySelectorAll('#space .row:not([hidden]) .path')].map(path => path.textContent)";
    let paths = browser.script(paths).await;
    assert!(paths.as_array().expect("paths").contains(&json!("/sent-afterwards")), "{paths}");
    browser.picture("demo").await;
    browser.end().await;
}
