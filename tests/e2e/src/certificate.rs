//! A self-signed certificate, made once a process: QUIC has no connections in the clear, nor has Kubernetes.
//!
//! ASN.1 in DER (X.690) by hand: a crate for it would bring a parser of certificates along.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

/// The name that it is for, and that clients ask for. It is for 127.0.0.1, too.
pub const NAME: &str = "shop.test";

/// A certificate and its key, both in DER.
pub struct Identity {
    /// The certificate (RFC 5280).
    pub certificate: Vec<u8>,
    /// The key (PKCS #8).
    pub key: Vec<u8>,
}

/// This process' certificate.
///
/// # Panics
/// When the system has no random numbers.
pub fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("random numbers");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).expect("a key");
        let content = content(pair.public_key().as_ref());
        let signature = pair.sign(&random, &content).expect("random numbers");
        let certificate = sequence(&[&content, &ecdsa_with_sha256(), &bits(signature.as_ref())]);
        Identity { certificate, key: key.as_ref().to_vec() }
    })
}

/// DER in the armour of PEM (RFC 7468).
#[must_use]
pub fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// What is signed.
fn content(public_key: &[u8]) -> Vec<u8> {
    let version_3 = der(0xa0, &[&der(0x02, &[&[2]])]);
    let serial = der(0x02, &[&[1]]);
    let common_name = sequence(&[&[0x06, 3, 0x55, 4, 3], &der(0x0c, &[NAME.as_bytes()])]);
    let name = sequence(&[&der(0x31, &[&common_name])]);
    let validity = sequence(&[&der(0x17, &[b"200101000000Z"]), &der(0x17, &[b"491231235959Z"])]);
    let p256 = [0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    let key = sequence(&[&sequence(&[&p256]), &bits(public_key)]);
    let names = sequence(&[&der(0x82, &[NAME.as_bytes()]), &der(0x87, &[&[127, 0, 0, 1]])]);
    let subject_alternative_name = sequence(&[&[0x06, 3, 0x55, 0x1d, 17], &der(0x04, &[&names])]);
    let extensions = der(0xa3, &[&sequence(&[&subject_alternative_name])]);
    sequence(&[&version_3, &serial, &ecdsa_with_sha256(), &name, &validity, &name, &key, &extensions])
}

fn ecdsa_with_sha256() -> Vec<u8> {
    sequence(&[&[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]])
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    der(0x30, parts)
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    der(0x03, &[&[0], bytes])
}

/// A tag, the length, the parts.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = match content.len() {
        length @ 0..0x80 => vec![length as u8],
        length @ 0x80..0x100 => vec![0x81, length as u8],
        length => [&[0x82], &(length as u16).to_be_bytes()[..]].concat(),
    };
    [&[tag], &length[..], &content].concat()
}
