use fs_err as fs;
use serde_json::Value;

use super::HarFile;
use crate::exchange::Exchange;

fn exchange(path: &str) -> Exchange {
    Exchange { path: path.to_owned(), host: "shop".to_owned(), ..Exchange::default() }
}

fn urls(path: &std::path::Path) -> Vec<String> {
    let har: Value = serde_json::from_slice(&fs::read(path).expect("the file")).expect("JSON");
    let entries = har["log"]["entries"].as_array().expect("entries");
    entries.iter().map(|entry| entry["request"]["url"].as_str().expect("a URL").to_owned()).collect()
}

#[test]
fn grows_and_goes_on() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("traffic.har");
    let mut file = HarFile::open(&path).expect("a new file");
    assert_eq!(urls(&path), [""; 0]);
    for at in ["/1", "/2", "/3"] {
        file.add([exchange(at)].iter()).expect("written");
    }
    assert_eq!(urls(&path), ["http://shop/1", "http://shop/2", "http://shop/3"]);
    let error = HarFile::open(&path).map(|_| ()).expect_err("it is open already");
    assert!(error.to_string().contains("another process writes"), "{error}");
    drop(file);
    assert_eq!(fs::read_dir(directory.path()).expect("the directory").count(), 1);
    let mut file = HarFile::open(&path).expect("the same file");
    file.add([exchange("/4"), exchange("/5")].iter()).expect("written");
    file.add([].iter()).expect("nothing");
    assert_eq!(urls(&path).len(), 5);
    assert_eq!(urls(&path)[4], "http://shop/5");
}

#[test]
fn leaves_what_is_not_its_own() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("other.har");
    fs::write(&path, r#"{"log":{"version":"1.2","creator":{"name":"Firefox"},"entries":[]}}"#).expect("written");
    let error = HarFile::open(&path).map(|_| ()).expect_err("another program's");
    assert!(error.to_string().contains("was not written by this program"), "{error}");
    assert!(fs::read(&path).expect("the file").ends_with(b"[]}}"));
}
