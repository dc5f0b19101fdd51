//! What is asked of running pods: their logs, programs in them, the admin interface of their proxies.

use std::io;
use std::process::Command;

use http_trace_e2e::cluster::{Exec, Output};
use serde_json::Value;

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

    /// What the proxy of a ready pod answers on its admin interface.
    ///
    /// # Errors
    /// When there is no such pod, or it gives no JSON.
    pub(crate) fn ask(&self, namespace: &str, app: &str, path: &str) -> io::Result<Value> {
        let entry = self.ready(namespace, app).ok_or_else(|| io::Error::other(format!("no pod {namespace}/{app}")))?;
        let command = ["pilot-agent", "request", "GET", path].map(str::to_owned).to_vec();
        let container = "istio-proxy".to_owned();
        let output = self.exec(&Exec { namespace: entry.namespace, pod: entry.name, container, command });
        serde_json::from_str(&output.stdout)
            .map_err(|error| io::Error::other(format!("{path}: {error}: {}{}", output.stdout, output.stderr)))
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
