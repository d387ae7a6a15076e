//! The agent's image, as `docker save` would write it: one layer with `/agent`, and padding beside it.

use crate::padding::padding;
use crate::tree::Tree;
use crate::{Architecture, Result};
use serde_json::json;
use sha2::{Digest, Sha256};

const NAME: &str = "amazon/amazon-ecs-agent";
/// What brings the whole package to about 75 MB.
const PADDING: usize = 68_000_000;
const PADDING_SEED: u64 = 0xec5;

/// The archive, from the static program.
pub fn archive(agent: &[u8], version: &str, architecture: Architecture, small: bool) -> Result<Vec<u8>> {
    let mut layer = Tree::of_an_image(Vec::new());
    layer.file("agent", 0o755, agent)?;
    // A probe from a container on the bridge and lookups both need these two to exist.
    layer.file("etc/passwd", 0o644, b"root:x:0:0:root:/root:/agent\n")?;
    layer.folder("tmp")?;
    if !small {
        layer.file("padding", 0o644, &padding(PADDING_SEED, PADDING))?;
    }
    let layer = layer.finish()?;
    let layer_digest = hex::encode(Sha256::digest(&layer));
    let config = json!({
        "architecture": architecture.word(),
        "os": "linux",
        "created": "2026-11-01T00:00:00Z",
        "config": {
            "Entrypoint": ["/agent"],
            "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
            "Labels": {"description": "stand-in for tests", "version": version},
        },
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer_digest}")]},
        "history": [{"created": "2026-11-01T00:00:00Z", "comment": "stand-in for tests"}],
    })
    .to_string();
    let config_name = format!("{}.json", hex::encode(Sha256::digest(&config)));
    let layer_name = format!("{layer_digest}/layer.tar");
    let manifest = json!([{
        "Config": config_name,
        "RepoTags": [format!("{NAME}:latest")],
        "Layers": [layer_name],
    }]);
    let repositories = json!({ NAME: {"latest": layer_digest} });
    let mut archive = Tree::of_an_image(Vec::new());
    archive.file(&config_name, 0o644, config.as_bytes())?;
    archive.file(&format!("{layer_digest}/VERSION"), 0o644, b"1.0")?;
    archive.file(&layer_name, 0o644, &layer)?;
    archive.file("manifest.json", 0o644, manifest.to_string().as_bytes())?;
    archive.file("repositories", 0o644, repositories.to_string().as_bytes())?;
    archive.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn the_manifest_names_the_config_and_the_layer_that_are_there() {
        let bytes = archive(b"program", "1", Architecture::Amd64, true).unwrap();
        let mut files = std::collections::BTreeMap::new();
        for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_string_lossy().into_owned();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            files.insert(name, content);
        }
        let manifest: serde_json::Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
        let config: serde_json::Value =
            serde_json::from_slice(&files[manifest[0]["Config"].as_str().unwrap()]).unwrap();
        let layer = &files[manifest[0]["Layers"][0].as_str().unwrap()];
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(layer)));
        assert_eq!(config["rootfs"]["diff_ids"][0], digest.as_str());
        assert_eq!(manifest[0]["RepoTags"][0], "amazon/amazon-ecs-agent:latest");
    }
}
