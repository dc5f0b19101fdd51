//! Which cases there are.

use std::path::PathBuf;

use serde_json::json;

use crate::bootstrap::{NOBODY, UNAVAILABLE};
use crate::case::{Case, Exporter, GZIP, Records, SIZES};

/// Where the wasm files are.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// http-trace-filter.
    pub(crate) ours: PathBuf,
    /// The filter that does nothing.
    pub(crate) empty: PathBuf,
    /// The filter that POSTs a constant.
    pub(crate) floor: PathBuf,
    /// What the command line names.
    pub(crate) further: Vec<PathBuf>,
}

/// Every case, in the order of the table.
pub(crate) fn all(files: &Files) -> Vec<Case> {
    let foreign = |file: &PathBuf| Exporter::Wasm { file: file.clone(), root_id: "", configuration: None };
    let ours = |name: &str, configuration: serde_json::Value| {
        let configuration = Some(configuration.to_string());
        let exporter = Exporter::Wasm { file: files.ours.clone(), root_id: "http_trace_filter", configuration };
        Case::new(name, exporter, Records::Exported)
    };
    let none = || Case::new("no-filter", Exporter::None, Records::None);
    let tap = || Case::new("tap", Exporter::Tap("JSON_BODY_AS_BYTES"), Records::Files);
    let alone = |room| ours("ours-1", with_room(json!({}), room));
    let batched = |room| ours("ours-64", with_room(json!({ "batch": { "max_records": 64 } }), room));
    let mut cases = vec![
        none(),
        Case::new("empty", foreign(&files.empty), Records::None),
        Case::new("floor", foreign(&files.floor), Records::Posts),
        tap(),
        Case::new("tap-proto", Exporter::Tap("PROTO_BINARY"), Records::Files),
        Case::new("lua", Exporter::Lua, Records::Posts),
        alone(false),
        batched(false),
        Case { http2: true, ..ours("ours-h2", json!({})) },
        Case { must_record: false, ..ours("ours-sampled-0", json!({ "sampling": { "rate": 0.0 } })) },
        Case { must_record: false, ..ours("ours-sampled-1", json!({ "sampling": { "rate": 0.01 } })) },
        ours(
            "ours-redact",
            json!({ "redact": { "headers": ["authorization", "cookie", "user-agent"], "query_params": ["token"] } }),
        ),
    ];
    let of_64 = json!({ "max_records": 64 });
    cases.extend([
        ours("otlp-1", json!({ "format": "otlp" })),
        ours("otlp-64", json!({ "format": "otlp", "batch": of_64 })),
        ours("apiclarity-1", json!({ "format": "apiclarity" })),
    ]);
    for (name, batch) in [("ours-1", json!({})), ("ours-64", json!({ "max_records": 64 }))] {
        for (end, collector) in [("refused", json!({ "cluster": NOBODY })), ("503", json!({ "path": UNAVAILABLE }))] {
            let down = ours(&format!("{name}-{end}"), json!({ "batch": batch, "collector": collector }));
            cases.push(Case { must_record: false, ..down });
        }
    }
    for size in SIZES.into_iter().filter(|size| *size != SIZES[0] && *size != GZIP) {
        let large = size.0 > 100_000;
        cases.extend([none(), tap(), alone(large), batched(large)].map(|case| case.sized(size)));
    }
    cases.push(ours("otlp-64", json!({ "format": "otlp", "batch": of_64 })).sized(SIZES[1]));
    let coded = |what: &str| json!({ "batch": of_64, "capture": { "content_encoding": what } });
    cases.extend(
        [none(), ours("ours-64", coded("keep")), ours("ours-64-decoded", coded("decode"))].map(|case| case.sized(GZIP)),
    );
    let named = |file: &PathBuf| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // Whether it exports at all is not known.
    let further = |file| Case { must_record: false, ..Case::new(&named(file), foreign(file), Records::Posts) };
    cases.extend(files.further.iter().map(further));
    cases
}

/// With room for ten records of two bodies of 1 MiB at once, twice: by default some would be dropped, and so cost less.
fn with_room(mut configuration: serde_json::Value, room: bool) -> serde_json::Value {
    if room {
        configuration["queue"] = json!({ "max_bytes": 64 << 20 });
        configuration["memory"] = json!({ "max_bytes": 256 << 20 });
    }
    configuration
}

/// Of all cases those that the command line names, and what they are compared with; all when it names none.
///
/// # Errors
/// Names what is unknown, and what is known.
pub(crate) fn select(all: Vec<Case>, names: &[String]) -> Result<Vec<Case>, String> {
    let known: Vec<&str> = all.iter().map(|case| case.name.as_str()).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("--cases: there is no case {name:?}; there are {}", known.join(", ")));
    }
    // What --filter names is meant to be measured.
    let is_named = |case: &Case| names.is_empty() || names.contains(&case.name) || case.is_further();
    let baselines: Vec<String> = all.iter().filter(|case| is_named(case)).map(Case::baseline).collect();
    Ok(all.into_iter().filter(|case| is_named(case) || baselines.contains(&case.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::{Files, all, select};
    use crate::case::Case;

    fn names(cases: &[Case]) -> Vec<&str> {
        cases.iter().map(|case| case.name.as_str()).collect()
    }

    fn every() -> Vec<Case> {
        let [ours, empty, floor, other] = ["ours", "empty", "floor", "/tmp/other.wasm"].map(Into::into);
        all(&Files { ours, empty, floor, further: vec![other] })
    }

    #[test]
    fn each_has_a_name_of_its_own_and_a_baseline() {
        let every = every();
        let names = names(&every);
        for case in &every {
            assert_eq!(names.iter().filter(|name| **name == case.name).count(), 1, "{}", case.name);
            let baseline = every.iter().find(|other| other.name == case.baseline());
            assert_eq!(baseline.map(|baseline| baseline.body), Some(case.body), "{}", case.name);
        }
        assert_eq!(names.last(), Some(&"other.wasm"));
    }

    #[test]
    fn selects_what_is_named_and_what_it_is_compared_with() {
        let asked = ["ours-64-1m".to_owned(), "lua".to_owned()];
        let selected = select(every(), &asked).unwrap();
        assert_eq!(names(&selected), ["no-filter", "lua", "no-filter-1m", "ours-64-1m", "other.wasm"]);
        assert_eq!(select(every(), &[]).unwrap().len(), every().len());
    }

    #[test]
    fn an_unknown_name_lists_the_known() {
        let error = select(every(), &["ours".to_owned()]).unwrap_err();
        assert!(error.starts_with("--cases: there is no case \"ours\"; there are no-filter, empty, "), "{error}");
    }
}
