//! A real browser: `CHROMIUM` and `CHROMEDRIVER` name the programs, if they are not where one looks for them.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::{Client, ClientBuilder, Locator};
use fs_err as fs;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long to wait for what the page should show.
const DEADLINE: Duration = Duration::from_secs(60);

/// How the page is seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    pub(crate) dark: bool,
    /// As on a phone of 390 px.
    pub(crate) phone: bool,
}

/// A browser, until dropped.
pub(crate) struct Browser {
    pub(crate) client: Client,
    /// Where it saves files, and what it keeps itself.
    pub(crate) directory: TempDir,
    driver: Child,
}

impl Browser {
    pub(crate) async fn start(look: Look) -> Self {
        let directory = TempDir::new().expect("a directory");
        let mut driver = Command::new(env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into()))
            .arg("--port=0")
            .env("HOME", directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver");
        let mut lines = BufReader::new(driver.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let started = lines.find_map(|line| line.rsplit_once("successfully on port ").map(|(_, port)| port.to_owned()));
        let port: u16 = started.expect("a port").trim_end_matches('.').parse().expect("a number");
        // A full pipe would hold it up.
        std::thread::spawn(move || lines.for_each(drop));
        let mut options = json!({
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1440,900",
                format!("--user-data-dir={}", directory.path().join("profile").display()),
                format!("--blink-settings=preferredColorScheme={}", u8::from(!look.dark)),
            ],
            "prefs": { "download.default_directory": directory.path().join("saved"), "download.prompt_for_download": false },
        });
        if let Ok(program) = env::var("CHROMIUM") {
            options["binary"] = json!(program);
        }
        if look.phone {
            options["mobileEmulation"] = json!({ "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 2.0 } });
        }
        let Value::Object(capabilities) = json!({
            "browserName": "chrome", "goog:chromeOptions": options, "timeouts": { "script": 300_000 },
        }) else {
            unreachable!("it is an object");
        };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser");
        Self { client, directory, driver }
    }

    /// What a script returns.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.client.execute(script, vec![]).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until an expression is true.
    pub(crate) async fn until(&self, condition: &str) {
        let start = Instant::now();
        while self.script(&format!("return Boolean({condition})")).await != json!(true) {
            if start.elapsed() > DEADLINE {
                let text = self.script("return document.body.innerText").await;
                panic!("the page should have come to this: {condition}. It shows: {text}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn click(&self, selector: &str) {
        let found = self.client.find(Locator::Css(selector)).await;
        found.expect(selector).click().await.expect(selector);
    }

    /// Chooses one of a list.
    pub(crate) async fn select(&self, selector: &str, value: &str) {
        let choose = "const [selector, value] = arguments, list = document.querySelector(selector);
            list.value = value;
            list.dispatchEvent(new Event('input', { bubbles: true }));
            return list.value";
        let chosen = self.client.execute(choose, vec![json!(selector), json!(value)]).await.expect(selector);
        assert_eq!(chosen, json!(value), "{selector} has no such choice");
    }

    /// Presses keys where the focus is, or in the element that this selector finds.
    pub(crate) async fn keys(&self, selector: Option<&str>, keys: &str) {
        let element = match selector {
            Some(selector) => self.client.find(Locator::Css(selector)).await,
            None => self.client.active_element().await,
        };
        element.expect("an element").send_keys(keys).await.expect(keys);
    }

    /// Leaves a picture in `PAGE_SCREENSHOTS`, if that names a directory.
    pub(crate) async fn picture(&self, name: &str) {
        let picture = self.client.screenshot().await.expect("a picture");
        assert!(picture.starts_with(b"\x89PNG"), "no PNG");
        if let Some(directory) = env::var_os("PAGE_SCREENSHOTS") {
            fs::create_dir_all(&directory).expect("a directory");
            fs::write(PathBuf::from(directory).join(format!("{name}.png")), picture).expect("written");
        }
    }

    pub(crate) async fn end(self) {
        self.client.clone().close().await.expect("closed");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
