//! The content security policy, as a browser takes it: no script but the page's own, and no other host.

use std::io::Read as _;
use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;

use crate::browser::{Browser, Look};
use crate::program::Program;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Tries what markup in the page could do: the names of what the browser refused it with.
const TRY: &str = "
    const [other, done] = arguments, outcomes = {}, refused = new Set();
    document.addEventListener('securitypolicyviolation', event => refused.add(event.effectiveDirective));
    const tries = {
        eval: () => eval('window.ran = 1'),
        inline: () => { const script = document.createElement('script'); script.textContent = 'window.ran = 1'; document.head.append(script) },
        script: () => { const script = document.createElement('script'); script.src = `${other}script.js`; document.head.append(script) },
        handler: () => document.body.setAttribute('onclick', 'window.ran = 1'),
        markup: () => document.body.insertAdjacentHTML('beforeend', '<b>bold</b>'),
        policy: () => trustedTypes.createPolicy('mine', { createHTML: text => text }),
        image: () => { new Image().src = `${other}image.png` },
        style: () => { const style = document.createElement('style'); style.textContent = 'body { display: none }'; document.head.append(style) },
        frame: () => { const frame = document.createElement('iframe'); frame.src = other; document.body.append(frame) },
        form: () => { const form = document.createElement('form'); form.action = other; document.body.append(form); form.submit() },
        fetch: () => fetch(other),
    };
    (async () => {
        // What the driver itself evaluates may evaluate more; what the page does later may not.
        await new Promise(resolve => setTimeout(resolve, 100));
        for (const [name, action] of Object.entries(tries)) {
            try { await action(); outcomes[name] = 'taken' } catch (error) { outcomes[name] = error.name }
        }
        const head = (await fetch('/')).headers.get('content-security-policy');
        setTimeout(() => done({ outcomes, refused: [...refused].sort(), head, ran: window.ran ?? null,
            display: getComputedStyle(document.body).display, bold: document.querySelectorAll('b').length }), 1000);
    })();";

#[tokio::test]
async fn lets_nothing_else_run_or_load() {
    let program = Program::start(&[]);
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = other.local_addr().expect("its address");
    let browser = Browser::start(Look::default()).await;
    browser.goto(&format!("http://{}/", program.address)).await;
    let tried = browser.callback(TRY, vec![json!(format!("http://{address}/"))]).await;
    let outcomes = &tried["outcomes"];
    for name in ["inline", "script", "handler", "markup", "policy", "fetch"] {
        assert_eq!(outcomes[name], "TypeError", "{name}: {tried}");
    }
    assert_eq!(outcomes["eval"], "EvalError", "{tried}");
    for directive in ["connect-src", "form-action", "frame-src", "img-src", "style-src-elem"] {
        assert!(tried["refused"].as_array().expect("a list").contains(&json!(directive)), "{directive}: {tried}");
    }
    assert_eq!([&tried["head"], &tried["ran"], &tried["bold"]], [&json!(POLICY), &json!(null), &json!(0)], "{tried}");
    assert_eq!(tried["display"], "flex", "{tried}");
    // A browser may open a connection beforehand; nothing is asked for on it.
    other.set_nonblocking(true).expect("it does not wait");
    std::thread::sleep(Duration::from_millis(500));
    while let Ok((mut connection, _)) = other.accept() {
        connection.set_nonblocking(false).expect("it waits");
        connection.set_read_timeout(Some(Duration::from_secs(1))).expect("a timeout");
        let mut asked = [0; 500];
        let read = connection.read(&mut asked).unwrap_or(0);
        assert_eq!(String::from_utf8_lossy(&asked[..read]), "", "a request to another host");
    }
    browser.end().await;
}
