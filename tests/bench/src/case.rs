//! One way to export traffic, with bodies of one size: a row of the table.

use std::path::PathBuf;

/// How an Envoy exports its traffic.
#[derive(Clone, Debug)]
pub(crate) enum Exporter {
    /// Not at all: what the others are compared with.
    None,
    /// A wasm filter.
    Wasm {
        /// Where it is.
        file: PathBuf,
        /// Which of its root contexts.
        root_id: &'static str,
        /// Its own configuration.
        configuration: Option<String>,
    },
    /// Envoy's tap filter, writing a file per exchange, in this format.
    Tap(&'static str),
    /// Envoy's Lua filter, doing what http-trace-filter does.
    Lua,
}

/// What tells how many records arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Records {
    /// There are none.
    None,
    /// Every request to the collector is one.
    Posts,
    /// http-trace-filter counts how many the collector acknowledged.
    Exported,
    /// Every file is one.
    Files,
}

/// One row of the table.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// The bytes of the response's body, and, above [`SMALL`] but for [`GZIP`], of the request's too.
    pub(crate) body: usize,
    /// How it exports.
    pub(crate) exporter: Exporter,
    /// Whether the collector is reached by HTTP/2.
    pub(crate) http2: bool,
    /// How its records are counted.
    pub(crate) records: Records,
    /// Whether a run without a single record is a failure.
    pub(crate) must_record: bool,
}

/// The body of most cases: a GET with an answer of 2 KiB.
pub(crate) const SMALL: usize = 2 << 10;

/// A GET that takes gzip, with an answer of so many bytes before the upstream codes it. No other case has this many.
pub(crate) const GZIP: (usize, &str) = ((16 << 10) + 1, "-gzip");

/// All sizes of bodies, and how the names of their cases end.
pub(crate) const SIZES: [(usize, &str); 4] = [(SMALL, ""), (16 << 10, "-16k"), (1 << 20, "-1m"), GZIP];

impl Case {
    /// What cases with this body are compared with.
    pub(crate) fn baseline(&self) -> String {
        let end = SIZES.iter().find(|(body, _)| *body == self.body).map_or("", |(_, end)| end);
        format!("no-filter{end}")
    }

    /// Whether --filter names it.
    pub(crate) fn is_further(&self) -> bool {
        self.name.ends_with(".wasm")
    }

    /// With small bodies, and a collector on HTTP/1.1.
    pub(crate) fn new(name: &str, exporter: Exporter, records: Records) -> Self {
        Self {
            name: name.to_owned(),
            body: SMALL,
            exporter,
            http2: false,
            records,
            must_record: records != Records::None,
        }
    }

    /// The same with bodies of another size.
    pub(crate) fn sized(mut self, (body, end): (usize, &str)) -> Self {
        self.name.push_str(end);
        self.body = body;
        self
    }
}
