//! The bill of materials, CycloneDX 1.6: every package with its version and its package URL.
//! <https://cyclonedx.org/docs/1.6/json/> and <https://github.com/package-url/purl-spec>.
//!
//! The same contents give the same bytes: no time, and a serial number that is made of the content.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::contents::{Contents, Manager};
use crate::manifest::Manifest;
use crate::packages::Package;

/// What the file's name ends with, after the image's.
pub const ENDING: &str = "cdx.json";

/// The bill of an image.
#[must_use]
pub fn bill(manifest: &Manifest) -> Value {
    let contents = &manifest.contents;
    let system = format!("{} {}", contents.system, contents.system_version);
    let mut components = vec![json!({
        "type": "operating-system",
        "bom-ref": "system",
        "name": contents.system,
        "version": contents.system_version,
        "description": system.trim(),
    })];
    components.extend(contents.packages.iter().flatten().map(|package| component(contents, package)));
    components.push(json!({
        "type": "application",
        "bom-ref": "landfall",
        "name": "landfall",
        "hashes": [{ "alg": "SHA-256", "content": manifest.made_of.landfall }],
    }));
    let mut bill = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "",
        "version": 1,
        "metadata": {
            "tools": { "components": [{
                "type": "application",
                "name": "landfall-image",
                "version": env!("CARGO_PKG_VERSION"),
            }] },
            "component": {
                "type": "platform",
                "bom-ref": "image",
                "name": manifest.name,
                "version": manifest.key,
            },
        },
        "components": components,
        "compositions": [{
            "aggregate": if contents.packages.is_some() { "incomplete" } else { "unknown" },
            "assemblies": ["image"],
        }],
    });
    bill["serialNumber"] = serial(&bill).into();
    bill
}

fn component(contents: &Contents, package: &Package) -> Value {
    let purl = purl(contents, package);
    json!({
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "purl": purl,
    })
}

fn purl(contents: &Contents, package: &Package) -> String {
    let Package { name, version, architecture } = package;
    let system = encoded(&contents.system);
    let distro = format!("{system}-{}", encoded(&contents.system_version));
    let architecture = encoded(architecture);
    match contents.manager {
        Manager::Dpkg => format!(
            "pkg:deb/{system}/{}@{}?arch={architecture}&distro={distro}",
            encoded(name),
            encoded(version)
        ),
        // An rpm's epoch is a qualifier of its own.
        Manager::Rpm => {
            let (epoch, version) = version.split_once(':').unwrap_or(("", version));
            let epoch = if epoch.is_empty() { String::new() } else { format!("&epoch={epoch}") };
            format!(
                "pkg:rpm/{system}/{}@{}?arch={architecture}&distro={distro}{epoch}",
                encoded(name),
                encoded(version)
            )
        }
    }
}

/// As a part of a package URL.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => encoded.push(byte as char),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// A UUID of version 8: of our own making, which is a digest of the content.
fn serial(bill: &Value) -> String {
    let mut bytes: [u8; 16] = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(bill.to_string())[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let figures = hex::encode(bytes);
    let parts = [&figures[..8], &figures[8..12], &figures[12..16], &figures[16..20], &figures[20..]];
    format!("urn:uuid:{}", parts.join("-"))
}
