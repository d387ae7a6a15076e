//! `check-images`: whether the vendors' images are where the distribution matrix says, for whoever has the internet.
//!
//! Nothing is downloaded but the lists of digests: of an image its first byte is asked for.

use std::collections::BTreeSet;

use distro_matrix::{Distro, Image};
use image_recipes::base::{Client, digests};

use crate::error::{Error, Result};

/// Asks for each image of a release whose name begins so, and says in a line each what came of it.
pub fn run(beginning: &str) -> Result<()> {
    let client = Client::new()?;
    let (mut right, mut wrong) = (0, 0);
    for (distro, architecture, image) in images(beginning) {
        let name = format!("{}/{architecture}", distro.release);
        match check(&client, image) {
            Found::Right(what) => {
                right += 1;
                println!("{:<10} {name}: {what}", "right");
            }
            Found::Wrong(why) => {
                wrong += 1;
                println!("{:<10} {name}: {why}", "WRONG");
            }
            Found::Nowhere => println!("{:<10} {name}: no public address of it is known", "none"),
        }
    }
    match (right, wrong) {
        (0, 0) => Err(Error::new(format!(
            "no release with an address of an image begins with '{beginning}'\nhint: releases are named as the files of distro-matrix/distros are"
        ))),
        (_, 0) => {
            println!("{right} are right");
            Ok(())
        }
        _ => Err(Error::new(format!("{wrong} of {} are wrong", right + wrong))),
    }
}

/// Each image once: derivatives may share one.
fn images(beginning: &str) -> impl Iterator<Item = (&'static Distro, &'static str, &'static Image)> {
    let releases = distro_matrix::all().iter().filter(move |it| it.release.starts_with(beginning));
    let mut asked = BTreeSet::new();
    let all = releases
        .flat_map(|distro| distro.images.iter().map(move |(name, image)| (distro, name.as_str(), image)));
    all.filter(move |(.., image)| image.url.is_none() || asked.insert(image.url.clone()))
}

/// What came of asking.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Right(String),
    Wrong(String),
    Nowhere,
}

fn check(client: &Client, image: &Image) -> Found {
    let Some(url) = &image.url else { return Found::Nowhere };
    let bytes = match client.ask(url, 0) {
        Ok(Ok(answer)) if answer.status().is_success() => answer.content_length().unwrap_or_default(),
        Ok(Ok(answer)) => return Found::Wrong(format!("{url} was answered with {}", answer.status())),
        Ok(Err(reason)) => return Found::Wrong(format!("{url}: {reason}")),
        Err(error) => return Found::Wrong(error.to_string()),
    };
    let digest = match (&image.digests, &image.digest) {
        (Some(list), _) => match client.text(list).and_then(|text| digests::of(&text, url)) {
            Ok(digest) => digest.to_string(),
            Err(error) => return Found::Wrong(format!("{list}: {error}")),
        },
        (None, Some(digest)) => digest.clone(),
        (None, None) => {
            return Found::Wrong("neither a digest of it is known nor a list of digests".to_owned());
        }
    };
    Found::Right(format!("{} MiB, {digest}", bytes >> 20))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    use super::*;

    /// Serves an image and a list that names it, on loopback, until the tests end.
    fn server(listed: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = String::new();
                BufReader::new(stream.try_clone().unwrap()).read_line(&mut request).unwrap();
                let list = format!("{}  {listed}\n", "a".repeat(64));
                let (status, body) = match request.split(' ').nth(1).unwrap() {
                    "/disk.qcow2" => ("200 OK", "disk"),
                    "/SHA256SUMS" => ("200 OK", list.as_str()),
                    _ => ("404 Not Found", ""),
                };
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).unwrap();
            }
        });
        base
    }

    fn image(base: &str, name: &str) -> Image {
        Image {
            url: Some(format!("{base}/{name}")),
            digests: Some(format!("{base}/SHA256SUMS")),
            digest: None,
            file_system: "ext4".into(),
            firmware: vec!["bios".into()],
            user: "debian".into(),
            first_boot: "cloud-init".into(),
        }
    }

    #[test]
    fn an_image_is_right_where_it_is_there_and_its_vendors_list_names_it() {
        let client = Client::new().unwrap();
        let base = server("disk.qcow2");
        let right = check(&client, &image(&base, "disk.qcow2"));
        assert_eq!(right, Found::Right(format!("0 MiB, sha256:{}", "a".repeat(64))));
        let gone = check(&client, &image(&base, "gone.qcow2"));
        assert_eq!(gone, Found::Wrong(format!("{base}/gone.qcow2 was answered with 404 Not Found")));
        let base = server("another.qcow2");
        let Found::Wrong(why) = check(&client, &image(&base, "disk.qcow2")) else {
            panic!("it is not listed")
        };
        assert!(why.contains("the list of digests does not name disk.qcow2"), "{why}");
        let nowhere = Image { url: None, ..image(&base, "x") };
        assert_eq!(check(&client, &nowhere), Found::Nowhere);
    }

    #[test]
    fn every_image_with_an_address_is_asked_for_once() {
        let urls: Vec<&str> = images("").filter_map(|(.., image)| image.url.as_deref()).collect();
        let mut once = urls.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(urls.len(), once.len());
        assert!(urls.len() > 30, "only {} addresses", urls.len());
        assert!(images("fedora-43").all(|(distro, ..)| distro.release == "fedora-43"));
    }
}
