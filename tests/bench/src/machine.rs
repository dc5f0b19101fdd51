//! The machine that the figures are of.

use std::env;

use fs_err as fs;
use serde_json::{Value, json};

use crate::cpu::Pinning;

/// What one needs to know to judge the figures.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    cpu: String,
    cpus: usize,
    kernel: String,
    envoy: String,
    pinning: Pinning,
    /// Processes that wanted to run in the minute before.
    load: f64,
    command: String,
}

impl Machine {
    /// This one.
    pub(crate) fn this(envoy: &str, pinning: Pinning) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let info = read("/proc/cpuinfo");
        let models = info.lines().filter_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let models: Vec<&str> = models.map(|(_, model)| model).collect();
        let cpus = info.lines().filter(|line| line.starts_with("processor")).count();
        Self {
            cpu: models.first().copied().unwrap_or(env::consts::ARCH).to_owned(),
            cpus,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            envoy: envoy.to_owned(),
            pinning,
            load: read("/proc/loadavg").split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0),
            command: env::args().collect::<Vec<_>>().join(" "),
        }
    }

    /// In one line.
    pub(crate) fn line(&self) -> String {
        let Pinning { envoy, others } = self.pinning;
        let cpus = self.cpus;
        format!(
            "Envoy {} on CPU {envoy}, the others on CPU {others}, of {cpus} CPUs {}, Linux {}",
            self.envoy, self.cpu, self.kernel
        )
    }

    /// What makes the figures doubtful.
    pub(crate) fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        if self.pinning.envoy == self.pinning.others {
            doubts.push("there is one CPU only: Envoy, the load and the collector disturb each other".to_owned());
        }
        if self.load > 0.5 {
            doubts.push(format!("the machine had other work at the start: its load was {:.1}", self.load));
        }
        doubts
    }

    /// For `--json`.
    pub(crate) fn json(&self) -> Value {
        json!({
            "cpu": self.cpu, "cpus": self.cpus, "kernel": self.kernel, "envoy": self.envoy,
            "envoy_on_cpu": self.pinning.envoy, "others_on_cpu": self.pinning.others,
            "load_before": self.load, "command": self.command,
        })
    }
}
