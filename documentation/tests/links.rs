//! Every link within the repository leads somewhere, and every JSON that is shown is one.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use documentation::pages::{self, Page};

#[test]
fn every_link_within_the_repository_leads_somewhere() {
    let pages = pages::all();
    let by_path: BTreeMap<PathBuf, &Page> = pages.iter().map(|page| (page.path.clone(), page)).collect();
    let mut wrong = Vec::new();
    for page in &pages {
        for link in page.links.iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            wrong.extend(
                broken(page, link, &by_path).map(|why| format!("{}: {link}: {why}", page.path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn broken(page: &Page, link: &str, by_path: &BTreeMap<PathBuf, &Page>) -> Option<&'static str> {
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let target = match file {
        "" => page.path.clone(),
        _ => plain(&page.path.parent().unwrap_or(Path::new("")).join(file)),
    };
    if !pages::root().join(&target).exists() {
        return Some("there is no such file");
    }
    let named =
        anchor.is_none_or(|anchor| by_path.get(&target).is_none_or(|page| page.anchors.contains(anchor)));
    (!named).then_some("there is no such heading")
}

/// Without `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
        plain
    })
}

#[test]
fn every_page_can_be_reached_from_the_readme() {
    let pages = pages::all();
    let leads_to = |page: &Page| -> Vec<PathBuf> {
        let here = page.path.parent().unwrap_or(Path::new("")).to_owned();
        page.links.iter().map(|link| plain(&here.join(link.split('#').next().unwrap_or_default()))).collect()
    };
    let mut reached = vec![PathBuf::from("README.md")];
    let mut at = 0;
    while let Some(path) = reached.get(at).cloned() {
        at += 1;
        let page = pages.iter().find(|page| page.path == path);
        for next in page.map(leads_to).unwrap_or_default() {
            if !reached.contains(&next) {
                reached.push(next);
            }
        }
    }
    let docs = pages.iter().map(|page| &page.path).filter(|path| path.starts_with("docs"));
    let lost: Vec<&PathBuf> = docs.filter(|path| !reached.contains(path)).collect();
    assert!(lost.is_empty(), "no link leads to {lost:?}");
}

#[test]
fn every_json_that_is_shown_is_one() {
    for page in pages::all() {
        for block in page.blocks.iter().filter(|block| block.language == "json") {
            let read: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
            assert!(read.is_ok(), "{}: {}\n{}", page.path.display(), read.unwrap_err(), block.text);
        }
    }
}
