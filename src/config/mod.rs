//! The plugin's JSON configuration: every field optional, validated as a whole before anything is used.

#[cfg(not(target_arch = "wasm32"))]
pub use crate::json::reference::{Field, Takes};
pub use crate::json::section::ConfigError;

use crate::{
    capture::{mesh::Mesh, options::CaptureConfig, redact::RedactConfig},
    delivery::options::{BatchConfig, CollectorConfig, QueueConfig, RetryConfig},
    format::{FORMATS, otlp::options::OtlpConfig, spec::Spec},
    json::{Json, Quoted, cut, section::Section},
    sampling::options::{HostsConfig, SamplingConfig},
};

/// The whole configuration, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The wire format of records.
    pub format: &'static Spec,
    /// Where records go.
    pub collector: CollectorConfig,
    /// Records that share an export request.
    pub batch: BatchConfig,
    /// What requests of the format `otlp` say beside their records.
    pub otlp: OtlpConfig,
    /// Attempts at delivery.
    pub retry: RetryConfig,
    /// The bounds on records that wait and on requests in flight.
    pub queue: QueueConfig,
    /// Bytes per worker for bodies being captured and records on their way.
    pub memory_max_bytes: usize,
    /// Which bodies are kept, and how much of them.
    pub capture: CaptureConfig,
    /// The headers and query parameters whose values are hidden.
    pub redact: RedactConfig,
    /// Which exchanges give a record.
    pub sampling: SamplingConfig,
    /// Where the destination namespace is read.
    pub mesh: Mesh,
}

impl Config {
    /// Parses and validates; nothing at all means every default.
    ///
    /// # Errors
    /// Every problem found, each with the path of its field, what was got and what it takes.
    pub fn parse(json: &[u8]) -> Result<Self, ConfigError> {
        let mut root = Section::parse(json)?;
        let config = Self::read(&mut root);
        root.finish()?;
        Ok(config)
    }

    /// The line that the filter logs at its start. It holds nothing that could be a secret, so not the path's query
    /// either.
    pub fn summary(&self) -> String {
        let Self { collector, batch, capture, queue, sampling, .. } = self;
        let hosts =
            sampling.hosts.as_ref().map_or(String::new(), |hosts| format!(", hosts of {}", Quoted(&hosts.cluster)));
        format!(
            "POST {} to cluster {}, records a request: {}, bodies to {} bytes, queue {} bytes, {} % sampled{hosts}",
            cut(&collector.path, b'?').0,
            Quoted(&collector.cluster),
            batch.max_records,
            capture.max_body_bytes,
            queue.max_bytes,
            (sampling.rate * 100.0) as u32
        )
    }

    /// Every field, in the order in which it is read: the configuration's reference.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn reference() -> Vec<Field> {
        let mut root = Section::empty();
        Self::read(&mut root);
        root.into_reference()
    }

    fn read(root: &mut Section) -> Self {
        let [default, ..] = FORMATS;
        let format = root.choice("format", "the format of records", &FORMATS.map(|spec| (spec.name, spec)), default);
        let collector = root.section("collector", |section| CollectorConfig::read(section, format));
        let batch = root.section("batch", |section| BatchConfig::read_agreeing(section, format));
        if format.one_a_request && batch.max_records > 1 {
            let got = Json::Whole(batch.max_records as u64);
            root.problem("batch.max_records", &got, "1 with this format: its collector takes one record a request");
        }
        let otlp = root.section("otlp", OtlpConfig::read);
        let retry = root.section("retry", |section| RetryConfig::read_agreeing(section, format));
        let has_memory = root.has("memory");
        let memory_max_bytes = root.section("memory", |section| {
            let meaning = "bytes of bodies being captured and of records on their way, per worker";
            section.whole("max_bytes", meaning, 64 << 20, 65_536..=2 << 30)
        });
        let has_queue = has_memory && root.has("queue");
        let queue = root.section("queue", |section| QueueConfig::read(section, memory_max_bytes));
        let more = has_queue && queue.max_bytes > memory_max_bytes;
        root.contradiction(more, "queue.max_bytes", "at most memory.max_bytes");
        let capture = root
            .section("capture", |section| CaptureConfig::read(section, format.oversize_body, format.content_encoding));
        let redact = root.section("redact", RedactConfig::read);
        let mut has_hosts = false;
        let mut sampling = root.section("sampling", |section| {
            has_hosts = section.has("hosts");
            SamplingConfig::read(section)
        });
        let has_mesh = root.has("mesh");
        let meaning = "whose endpoint metadata names the destination namespace";
        let mut mesh = root.choice("mesh", meaning, &Mesh::WORDS, Mesh::Istio);
        // The original filter's own keys.
        let has_hosts = has_hosts && root.has("trace_sampling_enabled");
        let polls = root.flag("trace_sampling_enabled", "the original filter's name for `sampling.hosts`");
        let differ = has_hosts && polls != sampling.hosts.is_some();
        root.contradiction(differ, "trace_sampling_enabled", "what sampling.hosts says");
        if polls {
            sampling.hosts.get_or_insert_with(HostsConfig::default);
        }
        let named = root.choice_if_given("service_mesh", "the original filter's name for `mesh`", &Mesh::WORDS);
        if let Some(named) = named {
            let differ = has_mesh && mesh != named;
            root.contradiction(differ, "service_mesh", "what mesh says");
            mesh = named;
        }
        Self { format, collector, batch, otlp, retry, queue, memory_max_bytes, capture, redact, sampling, mesh }
    }
}
