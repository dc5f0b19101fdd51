//! What Envoy and the filter log, as it comes.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::paint;
use crate::show::clean;

/// A log that grows.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    /// The start of a line whose end is not written yet.
    rest: Vec<u8>,
    /// Whether the last line was shown: lines that have no head of their own belong to it.
    shown: bool,
}

/// A line that has a head.
#[derive(Debug, PartialEq, Eq)]
struct Line<'a> {
    level: &'a str,
    component: &'a str,
    /// Whether the filter said it; otherwise Envoy did.
    is_filters: bool,
    text: &'a str,
}

impl Log {
    /// From its start.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::open(path)?, rest: Vec::new(), shown: false })
    }

    /// The lines since the last call, as they are to be shown: all that the filter says, what Envoy says of it, and what Envoy
    /// takes for an error.
    pub(super) fn lines(&mut self) -> io::Result<Vec<String>> {
        self.file.read_to_end(&mut self.rest)?;
        let end = self.rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let whole: Vec<u8> = self.rest.drain(..end).collect();
        let mut lines = Vec::new();
        for text in String::from_utf8_lossy(&whole).lines() {
            match Line::parse(text) {
                Some(line) => {
                    self.shown = line.is_wanted();
                    lines.extend(self.shown.then(|| line.painted()));
                }
                None => lines.extend(self.shown.then(|| format!("         {}", clean(text)))),
            }
        }
        Ok(lines)
    }
}

impl<'a> Line<'a> {
    /// `[time][thread][level][component] [source] text`.
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.strip_prefix('[')?.splitn(5, ']');
        let (_time, _thread) = (fields.next()?, fields.next()?);
        let (level, component) = (fields.next()?.strip_prefix('[')?, fields.next()?.strip_prefix('[')?);
        let text = fields.next()?.trim_start();
        let text = if text.starts_with('[') { text.split_once("] ").map_or(text, |(_, text)| text) } else { text };
        // Envoy names the plugin, its root and its VM before what the filter said.
        let filters = text.strip_prefix("wasm log ").and_then(|said| said.split_once(": "));
        Some(Self { level, component, is_filters: filters.is_some(), text: filters.map_or(text, |(_, text)| text) })
    }

    /// A configuration that is refused is a warning of the component config.
    fn is_wanted(&self) -> bool {
        matches!(self.component, "wasm" | "config") || matches!(self.level, "error" | "critical")
    }

    fn painted(&self) -> String {
        let who = if self.is_filters { "filter" } else { "Envoy " };
        let line = format!("{who} {}: {}", self.level, clean(self.text));
        match self.level {
            "error" | "critical" => paint::bad(&line),
            "warning" => paint::note(&line),
            _ if self.is_filters => line,
            _ => paint::dim(&line),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use tempfile::TempDir;

    use super::{Line, Log};
    use crate::paint;

    const FILTERS: &str = "[2026-11-29 08:14:52.200][1][info][wasm] [source/extensions/common/wasm/context.cc:1151] wasm log \
        http_trace_filter http_trace_filter: http-trace-filter 0.1.0: POST /publish";
    const REFUSED: &str =
        "[2026-11-29 08:14:53.688][1][warning][config] [source/a.cc:81] Filesystem config update rejected: x";
    const DEPRECATED: &str = "[2026-11-29 08:14:53.683][1][warning][misc] [source/b.cc:23] Deprecated field";

    #[test]
    fn tells_the_filter_from_envoy() {
        let text = "http-trace-filter 0.1.0: POST /publish";
        assert_eq!(Line::parse(FILTERS), Some(Line { level: "info", component: "wasm", is_filters: true, text }));
        let text = "Filesystem config update rejected: x";
        assert_eq!(Line::parse(REFUSED), Some(Line { level: "warning", component: "config", is_filters: false, text }));
        assert_eq!(Line::parse("  0:  0x1f - proxy_on_log"), None);
        assert_eq!(Line::parse("[not a head"), None);
    }

    #[test]
    fn shows_whole_lines_and_what_belongs_to_them() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("log");
        let mut file = fs::File::create(&path).unwrap();
        let mut log = Log::open(&path).unwrap();
        let (start, end) = FILTERS.split_at(90);
        write!(file, "{DEPRECATED}\nof it\n{start}").unwrap();
        assert_eq!(log.lines().unwrap(), [""; 0]);
        write!(file, "{end}\n  more\n{REFUSED}\n").unwrap();
        let expected = [
            "filter info: http-trace-filter 0.1.0: POST /publish".to_owned(),
            "           more".to_owned(),
            paint::note("Envoy  warning: Filesystem config update rejected: x"),
        ];
        assert_eq!(log.lines().unwrap(), expected);
        assert_eq!(log.lines().unwrap(), [""; 0]);
    }
}
