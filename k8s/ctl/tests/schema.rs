//! `validate --schema` against the filter's parser.

use boon::{Compiler, SchemaIndex, Schemas};
use http_trace_filter::config::{Config, Field};
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::Command;

/// Of many fields at once.
const CONFIGURATIONS: u64 = 3_000;

struct Schema(Schemas, SchemaIndex);

impl Schema {
    fn new() -> Self {
        let output = Command::new(env!("CARGO_BIN_EXE_http-trace-ctl")).args(["validate", "--schema"]).output();
        let output = output.expect("it runs");
        assert!(output.status.success(), "{output:?}");
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let schema = serde_json::from_slice(&output.stdout).expect("JSON");
        compiler.add_resource("configuration.json", schema).expect("a resource");
        let index = compiler.compile("configuration.json", &mut schemas).expect("a JSON Schema");
        Self(schemas, index)
    }

    fn takes(&self, configuration: &Value) -> bool {
        self.0.validate(configuration, self.1).is_ok()
    }
}

/// `a.b` and 1 are `{"a":{"b":1}}`.
fn at(path: &str, value: &Value) -> Value {
    path.rsplit('.').fold(value.clone(), |inner, name| json!({ name: inner }))
}

/// Values of every kind, and at every bound.
fn values(fields: &[Field]) -> Vec<Value> {
    let numbers =
        [0, 1, 2, 64, 100, 101, 299, 300, 599, 600, 1023, 1024, 65_535, 65_536, 1 << 30, (1 << 30) + 1, u64::MAX];
    let mut values: Vec<Value> = numbers.iter().map(|number| json!(number)).collect();
    let words = fields.iter().flat_map(|field| match &field.takes {
        http_trace_filter::config::Takes::Word(words) => words.clone(),
        _ => Vec::new(),
    });
    values.extend(words.map(|word| json!(word)));
    values.extend([-1.0, 0.5, 1.5, 64.0].map(|number| json!(number)));
    values.extend([json!(null), json!(true), json!(false), json!({}), json!([]), json!("")]);
    let texts = [
        "true", "x", "/", "/a b", "/é", "a\tb", "a\n", "\u{7f}", "x-a", "x-*", "a b", "a:", "é", "text/*", "*/*", "*",
        "*/json", "a/*+b", "a/*+", "a/b;c", "a/", "3xx", "5XX", "2xx", "Publish",
    ];
    for text in texts {
        values.extend([json!(text), json!([text]), json!([text, 7]), json!({ text: "v" }), json!({ "x-a": text })]);
    }
    values.extend([
        json!([503]),
        json!([200]),
        json!(["5xx", 404]),
        json!([null]),
        json!({ "x-a": 1 }),
        json!({ "x-a": null }),
    ]);
    values
}

/// Every field with values of every kind and at every bound: the parser takes what the schema takes.
#[test]
fn the_schema_takes_what_the_parser_takes() {
    let schema = Schema::new();
    let fields = Config::reference();
    let values = values(&fields);
    let mut taken = 0;
    for field in &fields {
        for value in &values {
            let mut configuration = at(&field.path, value);
            if field.path == "batch.framing" {
                configuration["batch"]["max_records"] = json!(2);
            }
            let (parser, schema) = (Config::parse(configuration.to_string().as_bytes()), schema.takes(&configuration));
            assert_eq!(parser.is_ok(), schema, "{configuration}: {parser:?}");
            taken += u32::from(schema);
        }
    }
    assert!(taken > 300, "{taken}");
}

/// What several fields must be together, a schema cannot say.
const TOGETHER: [&str; 2] = ["with this format", ": contradictory,"];

/// Configurations of several fields, drawn by their number.
#[test]
fn so_it_does_with_any_fields_together() {
    let schema = Schema::new();
    let fields = Config::reference();
    let values = values(&fields);
    let mut taken = 0;
    for number in 0..CONFIGURATIONS {
        let draw = |what: &str, nth: usize, of: usize| {
            let mut hasher = DefaultHasher::new();
            (number, what, nth).hash(&mut hasher);
            hasher.finish() as usize % of
        };
        let mut configuration = json!({});
        for nth in 0..draw("fields", 0, 9) {
            let field = &fields[draw("field", nth, fields.len())];
            // Most are the field's own default, or else hardly any configuration would be taken.
            let default = serde_json::from_str(&field.default).ok().filter(|_| draw("default", nth, 8) != 0);
            let value = default.unwrap_or_else(|| values[draw("value", nth, values.len())].clone());
            let mut place = &mut configuration;
            for name in field.path.split('.') {
                if !place.is_object() {
                    *place = json!({});
                }
                place = &mut place[name];
            }
            *place = value;
        }
        let parsed = Config::parse(configuration.to_string().as_bytes());
        let problems = parsed.err().map(|error| error.problems).unwrap_or_default();
        let alone = problems.iter().all(|problem| TOGETHER.iter().any(|words| problem.contains(words)));
        assert_eq!(alone, schema.takes(&configuration), "{configuration}: {problems:?}");
        taken += u64::from(alone);
    }
    assert!((CONFIGURATIONS / 4..CONFIGURATIONS * 7 / 8).contains(&taken), "{taken}");
}

#[test]
fn what_is_unknown_is_refused_everywhere() {
    let schema = Schema::new();
    for path in ["?", "collector.?", "sampling.hosts.?", "batch.max_record"] {
        let configuration = at(path, &json!(1));
        assert!(!schema.takes(&configuration), "{configuration}");
    }
    assert!(!schema.takes(&json!([])) && !schema.takes(&json!({ "collector": true })));
}

/// Each default is one that the schema takes, so that an editor may offer it.
#[test]
fn defaults_are_taken() {
    let schema = Schema::new();
    let defaults: Vec<_> = Config::reference()
        .into_iter()
        .filter_map(|field| Some(at(&field.path, &serde_json::from_str(&field.default).ok()?)))
        .collect();
    assert!(defaults.len() > 20, "{defaults:?}");
    for configuration in defaults {
        assert!(schema.takes(&configuration), "{configuration}");
    }
}
