//! The collector: `HTTP_TRACE_COLLECTOR` names the program.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// It, until dropped.
pub(crate) struct Program {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Program {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let program = env::var_os("HTTP_TRACE_COLLECTOR").expect("HTTP_TRACE_COLLECTOR names no program");
        let mut child = Command::new(program).args(arguments).stdout(Stdio::piped()).spawn().expect("the collector");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let first = lines.next().expect("a line").expect("text");
        let address = first.strip_prefix("Listening at http://").and_then(|rest| rest.split_once(": "));
        let address = address.and_then(|(address, _)| address.parse().ok());
        let address = address.unwrap_or_else(|| panic!("an address was expected: {first}"));
        std::thread::spawn(move || lines.for_each(drop));
        Self { address, child }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
