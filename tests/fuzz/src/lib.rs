//! Fuzz targets of http-trace-filter: each takes any bytes, makes of them what the filter may meet, and panics when the
//! filter breaks a promise. `http-trace-fuzz` runs them under libFuzzer; `cargo test -p http-trace-fuzz` runs them on the
//! kept inputs in `seeds` and `regressions`.

mod bodies;
mod config;
mod exporter;
mod host_name;
mod inflate;
mod input;
mod lifecycle;
pub mod progress;
mod record;
mod redact;

#[path = "../../envoy/drive.rs"]
#[allow(dead_code, reason = "shared with tests/envoy")]
#[allow(unsafe_code, reason = "Envoy's side of the ABI is C functions")]
mod drive;
#[path = "../../envoy/host.rs"]
#[allow(dead_code, reason = "shared with tests/envoy")]
#[allow(unsafe_code, reason = "Envoy's side of the ABI is C functions")]
mod host;

use clap::ValueEnum;

/// What is fuzzed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Target {
    /// The configuration's parser.
    Config,
    /// Headers, bodies and facts of an exchange, to JSON and back.
    Record,
    /// Normalisation of hosts.
    HostName,
    /// Hidden values, which must not be in a record.
    Redact,
    /// Hidden fields of bodies, against serde_json.
    Bodies,
    /// Coded bodies, against a known decoder.
    Inflate,
    /// Queue and delivery, against a model.
    Exporter,
    /// The whole filter, with a host in place of Envoy.
    Lifecycle,
}

// === impl Target ===

impl Target {
    /// The name, as on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// The target of this name.
    ///
    /// # Errors
    /// What was got, and the names that there are.
    pub fn named(name: &str) -> Result<Self, String> {
        let names = || Self::value_variants().iter().map(|target| target.name()).collect::<Vec<_>>().join(", ");
        Self::from_str(name, false).map_err(|_| format!("got {name:?}, takes one of {}", names()))
    }

    /// Runs it once.
    ///
    /// # Panics
    /// When the filter breaks a promise.
    pub fn run(self, input: &[u8]) {
        match self {
            Self::Config => config::run(input),
            Self::Record => record::run(input),
            Self::HostName => host_name::run(input),
            Self::Redact => redact::run(input),
            Self::Bodies => bodies::run(input),
            Self::Inflate => inflate::run(input),
            Self::Exporter => exporter::run(input),
            Self::Lifecycle => lifecycle::run(input),
        }
    }
}
