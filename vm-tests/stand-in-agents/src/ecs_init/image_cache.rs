//! The agent's image in `/var/cache/ecs`: loaded when the state file says so, else fetched from S3.
//!
//! The state file holds 2 (load the archive, even if an image is there), 1 (loaded once), or nothing.
//! The fetch keeps the real one's flaws: the region is always us-east-1, and a failure leaves empty files.

use super::{VERSION, container};
use crate::docker;
use crate::log::Log;
use crate::wire::{self, Body, Request, Url};
use md5::{Digest, Md5};
use std::fs;
use std::path::Path;

const FOLDER: &str = "/var/cache/ecs";
const BUCKETS: [&str; 2] = ["amazon-ecs-agent", "amazon-ecs-agent-us-east-1"];
const TRIES: usize = 3;

/// Makes sure that the image is in Docker.
pub fn ensure_loaded(log: &Log) -> Result<(), String> {
    let loaded = docker::has_image(container::IMAGE).map_err(|error| error.to_string())?;
    let state = fs::read_to_string(Path::new(FOLDER).join("state")).unwrap_or_default();
    match state.trim() {
        "2" => load(log),
        "1" if loaded => Ok(()),
        "1" => load(log),
        _ => {
            log.info("Downloading Amazon Elastic Container Service Agent");
            download(log)
                .map_err(|why| format!("could not download Amazon Elastic Container Service Agent: {why}"))?;
            load(log)
        }
    }
}

/// Loads the archive and notes it in the state file.
pub fn load(log: &Log) -> Result<(), String> {
    let archive = Path::new(FOLDER).join("ecs-agent.tar");
    log.info(&format!(
        "Loading Amazon Elastic Container Service Agent into Docker from {}",
        archive.display()
    ));
    docker::load_images(&archive).map_err(|error| {
        format!("could not load Amazon Elastic Container Service Agent into Docker: {error}")
    })?;
    fs::write(Path::new(FOLDER).join("state"), "1")
        .map_err(|error| format!("could not write the state: {error}"))
}

fn download(log: &Log) -> Result<(), String> {
    let name = format!("ecs-agent-v{VERSION}.tar");
    let sum = fetched(&format!("{name}.md5"), log).map_err(|why| {
        let _ = fs::write(Path::new(FOLDER).join(format!("ecs-agent-{VERSION}.tar.md5")), "");
        format!("failed to download md5 file {why}")
    })?;
    let archive = fetched(&name, log).map_err(|why| format!("failed to download agent tarball {why}"))?;
    let wanted = String::from_utf8_lossy(&sum).split_whitespace().next().unwrap_or_default().to_owned();
    if hex::encode(Md5::digest(&archive)) != wanted {
        return Err("downloaded agent does not match its checksum".into());
    }
    let file = Path::new(FOLDER).join(&name);
    fs::write(&file, archive).map_err(|error| error.to_string())?;
    let link = Path::new(FOLDER).join("ecs-agent.tar");
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(&file, &link).map_err(|error| error.to_string())
}

/// An object, from the first bucket that has it.
fn fetched(key: &str, log: &Log) -> Result<Vec<u8>, String> {
    let mut failure = String::new();
    for bucket in BUCKETS {
        let url = Url::parse(&format!("https://s3.us-east-1.amazonaws.com/{bucket}/{key}"))
            .map_err(|error| error.to_string())?;
        for _ in 0..TRIES {
            let (host, target) = (url.host_header(), url.target());
            let headers = [("Accept-Encoding", "identity")];
            let user_agent = "amazon-ecs-init";
            let request = Request {
                method: "GET",
                host: &host,
                target: &target,
                user_agent,
                headers: &headers,
                body: Body::None,
            };
            match wire::send(&url, request) {
                Ok(answer) if answer.status == 200 => return Ok(answer.body),
                Ok(answer) => failure = format!("{key}: status {}", answer.status),
                Err(error) => failure = format!("{key}: {error}"),
            }
            log.warn(&failure);
        }
    }
    Err(failure)
}
