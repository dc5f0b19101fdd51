//! An OCI image that holds the wasm, by its digest.

use clap::Args;
use std::{fmt, str::FromStr};

/// Where the wasm is, when proxies fetch it themselves.
#[derive(Args, Clone, Debug, Default)]
#[group(id = "image-options")]
pub(crate) struct Flags {
    /// With --delivery image, which it implies: the image, by its digest, as `nix run .#push` prints it.
    #[arg(long, value_name = "oci://REGISTRY/REPOSITORY@sha256:DIGEST")]
    pub(super) image: Option<Image>,
    /// With --image: the Secret of the namespace, of type kubernetes.io/dockerconfigjson, by which the image is fetched.
    #[arg(long, value_name = "NAME", requires = "image", value_parser = super::prefix)]
    pub(super) image_pull_secret: Option<String>,
}

/// A reference that names one content for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// `REGISTRY/REPOSITORY`, and perhaps a tag, which says nothing beside the digest.
    name: String,
    /// 64 hexadecimal digits.
    digest: String,
}

impl Image {
    /// The first 12 digits of its digest.
    pub(crate) fn revision(&self) -> &str {
        self.digest.get(..12).unwrap_or(&self.digest)
    }
}

/// As a WasmPlugin takes it.
impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}@sha256:{}", self.name, self.digest)
    }
}

impl FromStr for Image {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let takes = "takes oci://REGISTRY/REPOSITORY@sha256: and 64 hexadecimal digits";
        let Some((name, digest)) = text.strip_prefix("oci://").unwrap_or(text).split_once("@sha256:") else {
            return Err(format!(
                "{takes}: a tag alone may be another image tomorrow; `nix run .#push` prints the digest"
            ));
        };
        let digits = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if digest.len() != 64 || !digest.bytes().all(digits) {
            return Err(format!("{takes}, and got the digest {digest:?}"));
        }
        if !is_name(name) {
            return Err(format!("{takes}, and got {name:?} before the digest"));
        }
        Ok(Self { name: name.to_owned(), digest: digest.to_owned() })
    }
}

/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests>, with a registry before it.
fn is_name(name: &str) -> bool {
    let Some((registry, repository)) = name.split_once('/') else { return false };
    let host = |b: u8| b.is_ascii_alphanumeric() || b"-.:[]".contains(&b);
    let part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b);
    let tag = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let (path, version) = repository.split_once(':').unwrap_or((repository, "latest"));
    // Without one of these, the first part is no registry but a part of another one's repository.
    let is_registry = registry.contains(['.', ':']) || registry == "localhost";
    is_registry
        && registry.bytes().all(host)
        && path.split('/').all(|name| !name.is_empty() && name.bytes().all(part))
        && !version.is_empty()
        && version.bytes().all(tag)
}

#[cfg(test)]
mod tests {
    use super::Image;

    #[test]
    fn a_reference_names_one_content() {
        let digest = "0123456789abcdef".repeat(4);
        for (name, expected) in [
            ("registry.example/team/filter", "registry.example/team/filter"),
            ("oci://registry.example:5000/filter", "registry.example:5000/filter"),
            ("oci://[::1]:5000/filter:v1.2", "[::1]:5000/filter:v1.2"),
            ("localhost/filter", "localhost/filter"),
        ] {
            let image: Image = format!("{name}@sha256:{digest}").parse().expect("valid");
            assert_eq!(image.to_string(), format!("oci://{expected}@sha256:{digest}"));
            assert_eq!(image.revision(), "0123456789ab");
        }
        for (text, expected) in [
            ("oci://registry.example/filter:latest".to_owned(), "a tag alone"),
            (format!("registry.example/filter@sha256:{}", &digest[1..]), "got the digest"),
            (format!("registry.example/filter@sha256:{}", digest.to_uppercase()), "got the digest"),
            (format!("https://registry.example/filter@sha256:{digest}"), "before the digest"),
            (format!("filter@sha256:{digest}"), "before the digest"),
            (format!("team/filter@sha256:{digest}"), "before the digest"),
            (format!("registry.example/@sha256:{digest}"), "before the digest"),
            (format!("registry.example/filter:@sha256:{digest}"), "before the digest"),
        ] {
            let error = text.parse::<Image>().expect_err("invalid");
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
