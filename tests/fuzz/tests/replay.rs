//! Each kept input, once: what `seeds` and `regressions` hold finds nothing.

use clap::ValueEnum;
use http_trace_fuzz::Target;
use std::{fs, path::Path};

#[test]
fn the_kept_inputs_find_nothing() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    for target in Target::value_variants() {
        let mut played = 0;
        for folder in ["seeds", "regressions"] {
            let folder = home.join(folder).join(target.name());
            let entries = fs::read_dir(&folder).into_iter().flatten();
            for entry in entries {
                let path = entry.unwrap_or_else(|error| panic!("{}: {error}", folder.display())).path();
                let input = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let outcome = std::panic::catch_unwind(|| target.run(&input));
                assert!(outcome.is_ok(), "{} breaks {}", path.display(), target.name());
                played += 1;
            }
        }
        assert!(played > 0, "{} has no seed", target.name());
    }
}
