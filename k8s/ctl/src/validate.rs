//! `validate`: the filter's parser, offline.

use http_trace_filter::config::Config;
use std::{
    fs,
    io::{self, Read},
    path::Path,
};

/// Checks the configuration in a file, or on standard input for `-`.
pub(crate) fn run(file: &Path) -> Result<(), String> {
    let name = if file == Path::new("-") { "standard input".to_owned() } else { file.display().to_string() };
    let json = read(file).map_err(|error| format!("{name}: {error}"))?;
    match Config::parse(&json) {
        Ok(config) => {
            println!("{name}: valid: {}", config.summary());
            Ok(())
        }
        Err(error) => Err(error.problems.iter().map(|p| format!("{name}: {p}")).collect::<Vec<_>>().join("\n")),
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
