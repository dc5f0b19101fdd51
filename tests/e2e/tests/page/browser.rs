//! A real browser: `CHROMIUM` and `CHROMEDRIVER` name the programs, if they are not where one looks for them.

use std::env;
use std::fmt::Display;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::{Client, ClientBuilder, Locator};
use fs_err as fs;
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, test_kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long to wait for what the page should show. A machine that does much else shows nothing for a minute.
const DEADLINE: Duration = Duration::from_secs(180);

/// How long a script may take: the driver says then that it takes longer.
const SCRIPT: Duration = Duration::from_secs(300);

/// How long the driver may take to answer.
const ANSWER: Duration = Duration::from_secs(330);

/// Starts the driver, and ends it with the browser once nobody can write to this any more: the test is over, or was killed.
const KEEPER: &str = "\"$@\" & exec >&-; read -r _; kill -KILL 0";

/// How the page is seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Look {
    pub(crate) dark: bool,
    /// As on a phone of 390 px.
    pub(crate) phone: bool,
}

/// A browser, until dropped.
pub(crate) struct Browser {
    client: Client,
    _driver: Driver,
    /// Where it saves files, and what it keeps itself.
    pub(crate) directory: TempDir,
}

/// The driver and all that it starts, until dropped: a group of processes.
struct Driver(Child);

impl Driver {
    fn start(home: &Path) -> (Self, ChildStdout) {
        let program = env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let mut command = Command::new("sh");
        command.args(["-c", KEEPER, "keeper"]).arg(program).arg("--port=0").env("HOME", home);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).spawn().expect("a shell");
        let stdout = child.stdout.take().expect("a pipe");
        (Self(child), stdout)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.0);
        drop(self.0.stdin.take());
        // It kills itself with all others, who write into the browser's directory until they are gone.
        let _ = self.0.wait();
        for _ in 0..100 {
            if test_kill_process_group(group).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Where browsers leave pictures and files for whoever wants to look at them: the directory that `PAGE_OUTPUT` names.
pub(crate) fn keep(name: &str, content: &[u8]) {
    if let Some(directory) = env::var_os("PAGE_OUTPUT") {
        fs::create_dir_all(&directory).expect("a directory");
        fs::write(PathBuf::from(directory).join(name), content).expect("written");
    }
}

/// What the driver says to one command.
async fn answer<T, E: Display>(what: &str, command: impl Future<Output = Result<T, E>>) -> T {
    match tokio::time::timeout(ANSWER, command).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => panic!("{what}: {error}"),
        Err(_) => panic!("{what}: the browser's driver said nothing for {} s", ANSWER.as_secs()),
    }
}

impl Browser {
    pub(crate) async fn start(look: Look) -> Self {
        let directory = TempDir::new().expect("a directory");
        let (driver, stdout) = Driver::start(directory.path());
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let started = lines.find_map(|line| line.rsplit_once("successfully on port ").map(|(_, port)| port.to_owned()));
        let port = started.expect("chromedriver ended, or CHROMEDRIVER names no program: it says no port");
        let port: u16 = port.trim_end_matches('.').parse().expect("a number");
        // A full pipe would hold it up.
        std::thread::spawn(move || lines.for_each(drop));
        let mut options = json!({
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1440,900",
                // It is looked at all the time, though the machine does much else.
                "--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows",
                "--disable-renderer-backgrounding",
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
            "browserName": "chrome", "goog:chromeOptions": options, "timeouts": { "script": SCRIPT.as_millis() },
        }) else {
            unreachable!("it is an object");
        };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let address = format!("http://127.0.0.1:{port}");
        let client = answer("a browser", builder.capabilities(capabilities).connect(&address)).await;
        Self { client, _driver: driver, directory }
    }

    /// Opens a page.
    pub(crate) async fn goto(&self, page: &str) {
        answer(page, self.client.goto(page)).await;
    }

    /// What a script returns.
    pub(crate) async fn script(&self, script: &str) -> Value {
        self.script_with(script, vec![]).await
    }

    /// What a script returns that is given these arguments.
    pub(crate) async fn script_with(&self, script: &str, arguments: Vec<Value>) -> Value {
        answer(script, self.client.execute(script, arguments)).await
    }

    /// What a script gives to the function that is its last argument.
    pub(crate) async fn callback(&self, script: &str, arguments: Vec<Value>) -> Value {
        answer(script, self.client.execute_async(script, arguments)).await
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
        let found = answer(selector, self.client.find(Locator::Css(selector))).await;
        answer(selector, found.click()).await;
    }

    /// Chooses one of a list.
    pub(crate) async fn select(&self, selector: &str, value: &str) {
        let choose = "const [selector, value] = arguments, list = document.querySelector(selector);
            list.value = value;
            list.dispatchEvent(new Event('input', { bubbles: true }));
            return list.value";
        let chosen = self.script_with(choose, vec![json!(selector), json!(value)]).await;
        assert_eq!(chosen, json!(value), "{selector} has no such choice");
    }

    /// Presses keys where the focus is, or in the element that this selector finds.
    pub(crate) async fn keys(&self, selector: Option<&str>, keys: &str) {
        let element = match selector {
            Some(selector) => answer(selector, self.client.find(Locator::Css(selector))).await,
            None => answer("the focus", self.client.active_element()).await,
        };
        answer(keys, element.send_keys(keys)).await;
    }

    /// Leaves a picture where it is kept.
    pub(crate) async fn picture(&self, name: &str) {
        let picture = answer(name, self.client.screenshot()).await;
        assert!(picture.starts_with(b"\x89PNG"), "no PNG");
        keep(&format!("{name}.png"), &picture);
    }

    pub(crate) async fn end(self) {
        answer("the end", self.client.clone().close()).await;
    }
}
