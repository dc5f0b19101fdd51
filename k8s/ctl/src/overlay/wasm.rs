//! The wasm that is deployed.

use super::{Delivery, Options};
use sha2::{Digest, Sha256};
use std::{fs, path::Path};

/// Client-side apply keeps a copy of the object in an annotation of at most 262,144 bytes; base64 makes 4 bytes of 3.
const MOST: usize = 190_000;

/// A filter's module.
pub(crate) struct Wasm {
    bytes: Vec<u8>,
    revision: String,
}

impl Wasm {
    /// Reads the module that the options or the environment name. Of an image only its revision is needed here.
    pub(crate) fn read(options: &Options) -> Result<Self, String> {
        if let Some(image) = &options.image {
            return Ok(Self { bytes: Vec::new(), revision: image.revision().to_owned() });
        }
        let path = options.wasm.as_deref().ok_or(
            "no wasm: give --wasm FILE, or set WASM_FILTER_BINARY_PATH (nix build leaves it in result/lib)".to_owned(),
        )?;
        let wasm = Self::open(path)?;
        let size = wasm.bytes.len();
        if options.delivery == Delivery::Configmap && size > MOST {
            return Err(format!(
                "{}: got {size} bytes, takes at most {MOST}: kubectl's client-side apply keeps a copy of each object in an \
                 annotation of at most 262144 bytes",
                path.display()
            ));
        }
        Ok(wasm)
    }

    /// Reads a module.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        if !bytes.starts_with(b"\0asm") {
            return Err(format!(
                "{}: got a file that is no WebAssembly module, takes the built filter",
                path.display()
            ));
        }
        let mut revision = format!("{:x}", Sha256::digest(&bytes));
        revision.truncate(12);
        Ok(Self { bytes, revision })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The first 12 hexadecimal digits of its SHA-256, or of its image's.
    pub(crate) fn revision(&self) -> &str {
        &self.revision
    }
}
