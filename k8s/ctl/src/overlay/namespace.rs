//! Names of namespaces.

use std::{fmt, str::FromStr};

/// An RFC 1123 label: what Kubernetes takes as a namespace's name, and safe as a directory's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Namespace(String);

impl Namespace {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Namespace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if is_label(text) { Ok(Self(text.to_owned())) } else { Err(LABEL.to_owned()) }
    }
}

const LABEL: &str = "takes 1 to 63 lower-case letters, digits and \"-\", with a letter or digit at both ends";

/// <https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names>
fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let ends = !text.starts_with('-') && !text.ends_with('-');
    (1..=63).contains(&text.len()) && ends && text.bytes().all(inner)
}

/// A name to which `-` and the revision are added: what an object's name takes, short enough for both.
pub(crate) fn prefix(text: &str) -> Result<String, String> {
    let short = text.len() <= 200 && text.split('.').all(is_label);
    if short { Ok(text.to_owned()) } else { Err(format!("{LABEL}, or several such with dots between")) }
}
