//! The shape of `src`: a tower whose floors use only those below them, without a circle of files, and one floor that talks
//! to Envoy.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The floors, from the ground up.
const FLOORS: [&str; 10] =
    ["json", "stats", "capture", "sampling", "format", "delivery", "config", "pipeline", "envoy", "lib"];

/// The tokens of each file of `src`, by its module: `lib`, `capture`, `capture::body`.
type House = BTreeMap<String, Vec<String>>;

fn house() -> House {
    let mut house = House::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut house);
    house
}

fn gather(folder: &Path, above: &str, house: &mut House) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let module = if above.is_empty() { name } else { format!("{above}::{name}") };
        if path.is_dir() {
            gather(&path, &module, house);
        } else {
            let text = fs::read_to_string(&path).expect("text");
            house.insert(module.strip_suffix("::mod").unwrap_or(&module).to_owned(), tokens(&text));
        }
    }
}

fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    flatten(text.parse().expect("Rust"), &mut tokens);
    tokens
}

/// Names and signs; of strings and comments nothing.
fn flatten(stream: TokenStream, tokens: &mut Vec<String>) {
    let mut colon = false;
    for token in stream {
        let second = std::mem::take(&mut colon);
        match token {
            TokenTree::Group(group) => {
                let (open, close) = if group.delimiter() == Delimiter::Brace { ("{", "}") } else { ("(", ")") };
                tokens.push(open.to_owned());
                flatten(group.stream(), tokens);
                tokens.push(close.to_owned());
            }
            TokenTree::Punct(sign) if sign.as_char() == ':' && second => tokens.push("::".to_owned()),
            TokenTree::Punct(sign) if sign.as_char() == ':' && sign.spacing() == Spacing::Joint => colon = true,
            TokenTree::Literal(_) => tokens.push("literal".to_owned()),
            other => tokens.push(other.to_string()),
        }
    }
}

/// The paths that a module writes and that begin in this crate, in whole: those of a `use` tree one by one.
fn paths(module: &str, tokens: &[String], house: &House) -> Vec<String> {
    let token = |index: usize| tokens.get(index).map_or("", String::as_str);
    let mut paths = Vec::new();
    for (index, word) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).map_or("", token);
        let visibility = before == "in" && index.checked_sub(2).map_or("", token) == "(";
        // `use crate::x` and `crate::x()`; `use body::Body` where `body` is a child; `use crate as other`.
        let rooted = match word.as_str() {
            "crate" | "super" | "self" => token(index + 1) == "::" || before == "use",
            child => token(index + 1) == "::" && house.contains_key(&below(module, child)),
        };
        if rooted && before != "::" && !visibility {
            branch(tokens, index, &mut Vec::new(), &mut paths);
        }
    }
    paths.iter().map(|path| absolute(module, path)).collect()
}

/// Reads one branch of a `use` tree, or a path of an expression; the index of what follows.
fn branch(tokens: &[String], mut index: usize, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) -> usize {
    let depth = path.len();
    loop {
        match tokens.get(index).map(String::as_str) {
            Some("{") => {
                index += 1;
                while tokens.get(index).is_some_and(|token| token != "}") {
                    index = branch(tokens, index, path, paths);
                    // `as name` and commas.
                    while tokens.get(index).is_some_and(|token| token == "," || token == "as" || token == "_") {
                        index += if tokens[index] == "as" { 2 } else { 1 };
                    }
                }
                break;
            }
            Some(name) if name.starts_with(|c: char| c.is_alphabetic() || c == '_') => path.push(name.to_owned()),
            _ => {
                paths.push(path.clone());
                break;
            }
        }
        if tokens.get(index + 1).is_none_or(|token| token != "::") {
            paths.push(path.clone());
            break;
        }
        index += 2;
    }
    path.truncate(depth);
    index + 1
}

/// `super::body::Body` in `capture::record` is `capture::body::Body`.
fn absolute(module: &str, path: &[String]) -> String {
    let own = module.split("::").filter(|part| *part != "lib");
    let mut whole: Vec<&str> =
        if path.first().is_some_and(|first| first == "crate") { Vec::new() } else { own.collect() };
    for name in path {
        match name.as_str() {
            "crate" | "self" => (),
            "super" => drop(whole.pop()),
            name => whole.push(name),
        }
    }
    whole.join("::")
}

fn below(module: &str, child: &str) -> String {
    if module == "lib" { child.to_owned() } else { format!("{module}::{child}") }
}

/// The module in which a path ends.
fn module_of<'a>(mut path: &str, house: &'a House) -> &'a str {
    loop {
        if let Some((module, _)) = house.get_key_value(path) {
            return module;
        }
        path = path.rsplit_once("::").map_or("lib", |(above, _)| above);
    }
}

/// The modules that each one names, but for itself.
fn uses(house: &House) -> BTreeMap<&str, BTreeSet<&str>> {
    let others = |module: &str, tokens: &[String]| -> BTreeSet<&str> {
        let named = paths(module, tokens, house);
        named.iter().map(|path| module_of(path, house)).filter(|other| *other != module).collect()
    };
    house.iter().map(|(module, tokens)| (module.as_str(), others(module, tokens))).collect()
}

fn floor(module: &str) -> usize {
    let name = module.split("::").next().unwrap_or_default();
    FLOORS.iter().position(|floor| *floor == name).unwrap_or_else(|| panic!("`{name}` is on no floor of FLOORS"))
}

/// A way from the module back to itself, in the order of the imports.
fn circle<'a>(
    way: &mut Vec<&'a str>,
    uses: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    done: &mut BTreeSet<&'a str>,
) -> bool {
    let Some(last) = way.last().copied() else { return false };
    for next in &uses[last] {
        if let Some(start) = way.iter().position(|module| module == next) {
            way.drain(..start);
            return true;
        }
        way.push(next);
        if !done.contains(next) && circle(way, uses, done) {
            return true;
        }
        way.pop();
    }
    done.insert(last);
    false
}

#[test]
fn no_import_runs_upwards() {
    let house = house();
    assert!(FLOORS.iter().all(|floor| house.contains_key(*floor)), "FLOORS has more floors than src");
    let uses = uses(&house);
    for (module, others) in &uses {
        for other in others {
            assert!(floor(other) <= floor(module), "{module} uses {other}, which is above it");
        }
    }
    // So that a reader which sees nothing does not pass.
    assert!(uses["capture::record"].contains("capture::body") && uses["envoy::root"].contains("config"), "{uses:?}");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let house = house();
    let uses = uses(&house);
    let mut done = BTreeSet::new();
    for module in uses.keys() {
        let mut way = vec![*module];
        assert!(!circle(&mut way, &uses, &mut done), "a circle: {}", way.join(" -> "));
    }
}

#[test]
fn only_envoy_and_lib_name_the_sdk_and_one_small_file_is_unsafe() {
    for (module, tokens) in house() {
        let names = |name: &str| tokens.iter().any(|token| token == name);
        assert!(!names("proxy_wasm") || floor(&module) >= floor("envoy"), "{module} names proxy_wasm");
        assert!(!names("unsafe") || module == "envoy::abi", "{module} has unsafe code");
        let inline = tokens.windows(3).filter(|three| three[0] == "mod" && three[2] == "{").count();
        assert!(inline == 0 || module == "lib", "{module} has a module inside it, which this test cannot place");
    }
}

#[test]
fn every_way_of_naming_a_module_is_seen() {
    let text = "
        // crate::no::Comment
        use super::{headers::{self, Headers as _, media_type}, redact::*};
        pub(in crate::capture) use crate as whole;
        use crate::{stats::Stats, config::{Config as C, rows}};
        use self::inner::Own;
        fn f(x: &str) -> super::super::json::Json { crate::format::encode::<u8>(\"crate::no::Text\", x.parts::<u8>()) }
        macro_rules! m { ($x:expr) => { crate::envoy::unused::nothing!($x) } }
        fn g() { inner::call(); other::inner::call(); let _ = crate::pipeline::Pipeline { x: 1 }; }
    ";
    let mut house: House = [("capture::record::inner".to_owned(), Vec::new())].into();
    house.insert("lib".to_owned(), Vec::new());
    let mut seen = paths("capture::record", &tokens(text), &house);
    seen.sort();
    let expected = [
        "",
        "capture::headers",
        "capture::headers::Headers",
        "capture::headers::media_type",
        "capture::record::inner::Own",
        "capture::record::inner::call",
        "capture::redact",
        "config::Config",
        "config::rows",
        "envoy::unused::nothing",
        "format::encode",
        "json::Json",
        "pipeline::Pipeline",
        "stats::Stats",
    ];
    assert_eq!(seen, expected);
    assert_eq!(module_of("", &house), "lib");
}
