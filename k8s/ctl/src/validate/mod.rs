//! `validate`: the filter's parser, offline, and hints for what people paste.

mod hints;
pub(crate) mod schema;

use http_trace_filter::config::Config;
use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Checks the configuration in each file; `-` is standard input.
///
/// # Errors
/// Every problem of every file, a line each.
pub(crate) fn run(files: &[PathBuf]) -> Result<(), String> {
    let mut problems = Vec::new();
    for file in files {
        match check(file) {
            Ok(summary) => println!("{summary}"),
            Err(more) => problems.extend(more),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// What the configuration in a file does, or its problems.
fn check(file: &Path) -> Result<String, Vec<String>> {
    let name = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let json = read(file).map_err(|error| vec![format!("{name}: {error}")])?;
    match Config::parse(&json) {
        Ok(config) => {
            let defaults = if json.trim_ascii().is_empty() { "empty, so every default: " } else { "" };
            Ok(format!("{name}: valid: {defaults}{}", config.summary()))
        }
        Err(error) => {
            let problems = error.problems.iter().map(|problem| format!("{name}: {problem}"));
            let hint = hints::hint(&json, &error).map(|hint| format!("{name}: hint: {hint}"));
            Err(problems.chain(hint).collect())
        }
    }
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut json = Vec::new();
        io::stdin().read_to_end(&mut json)?;
        return Ok(json);
    }
    fs::read(file)
}
