//! What is asked of running pods: their logs, programs in them, the admin interface of their proxies.

use std::process::Command;

use http_trace_e2e::cluster::{Exec, Output};

use super::Pods;
use crate::namespace::Namespace;
use crate::{command, environment};

impl Pods {
    /// What the proxy of a pod has written.
    pub(crate) fn log(&self, namespace: &str, name: &str) -> Option<String> {
        let entry = self.named(namespace, name)?;
        // One that is being started is locked.
        let pod = entry.state.pod.try_lock().ok()?;
        pod.as_ref().map(|pod| pod.log(usize::MAX))
    }

    /// Runs what `kubectl exec` asks for in the pod's network.
    pub(crate) fn exec(&self, exec: &Exec) -> Output {
        let Some(entry) = self.named(&exec.namespace, &exec.pod) else {
            return complain(format!("no pod {}", exec.pod));
        };
        let mut words = exec.command.clone();
        if let Some(program) = words.first_mut().filter(|program| *program == "pilot-agent") {
            *program = environment::program("PILOT_AGENT", "pilot-agent");
        }
        let [nsenter, net] = Namespace::named(&entry.network, entry.address).prefix();
        let mut command = Command::new(nsenter);
        command.arg(net).args(words);
        match command::finish(&mut command, "") {
            Ok(output) => Output {
                stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
                code: output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
            },
            Err(error) => complain(error.to_string()),
        }
    }
}

fn complain(message: String) -> Output {
    Output { stdout: String::new(), stderr: message, code: 1 }
}
