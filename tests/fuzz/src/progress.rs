//! What libFuzzer says while it runs, on standard error: <https://llvm.org/docs/LibFuzzer.html#output>

use std::path::PathBuf;

/// How far a run is, or how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How often the target ran.
    pub executions: u64,
    /// Edges of the program's flow that were reached.
    pub coverage: u64,
    /// Those among them that the kept inputs do not reach.
    pub new_coverage: u64,
    /// Inputs that broke a promise, did not end, or took too much memory.
    pub findings: Vec<PathBuf>,
    /// What the target said beside that: why it panicked.
    pub said: Vec<String>,
    kept: Option<u64>,
}

impl Progress {
    /// Takes the next line; whether it is a status line.
    pub fn read(&mut self, line: &str) -> bool {
        if let Some(path) = line.split_once("Test unit written to ").map(|(_, path)| path) {
            self.findings.push(PathBuf::from(path));
        } else if let Some(total) = line.strip_prefix("stat::number_of_executed_units: ") {
            self.executions = total.trim().parse().unwrap_or(self.executions);
        } else if let Some((executions, rest)) = line.strip_prefix('#').and_then(|line| line.split_once('\t')) {
            self.executions = executions.parse().unwrap_or(self.executions);
            let mut words = rest.split_whitespace();
            let inited = words.next() == Some("INITED");
            if let Some(coverage) = words.skip_while(|word| *word != "cov:").nth(1).and_then(|word| word.parse().ok()) {
                self.coverage = coverage;
                if inited {
                    self.kept = Some(coverage);
                }
                self.new_coverage = self.kept.map_or(0, |kept| coverage.saturating_sub(kept));
            }
            return true;
        } else if !["INFO:", "WARNING:", "Running", "Done", "stat::", "==", "MS:"]
            .iter()
            .any(|start| line.starts_with(start))
        {
            self.said.push(line.to_owned());
        }
        false
    }
}
