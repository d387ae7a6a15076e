//! What the documentation shows is taken by the program as it stands there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use image_recipes::recipe::Recipe;
use image_recipes::seed::For;
use image_recipes::seed::inventory::{self, Defaults};

/// The blocks of all pages of a folder that are marked so, each with its page.
fn blocks(folder: &Path, mark: &str) -> Vec<(PathBuf, String)> {
    let fence = format!("```{mark}\n");
    let mut blocks = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            blocks.extend(self::blocks(&path, mark));
        } else {
            let text = fs::read_to_string(&path).unwrap();
            let marked = text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
            blocks.extend(marked.map(|block| (path.clone(), block)));
        }
    }
    blocks
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

#[test]
fn every_recipe_that_is_shown_is_one() {
    let recipes = blocks(&docs(), "toml recipe");
    assert!(recipes.len() >= 4);
    for (page, text) in recipes {
        Recipe::parse(&text, &page.display().to_string()).unwrap_or_else(|e| panic!("{e}\n{text}"));
    }
}

#[test]
fn every_inventory_that_is_shown_is_one() {
    let folder = tempfile::tempdir().unwrap();
    for (mark, name) in [("csv", "hosts.csv"), ("toml inventory", "hosts.toml")] {
        let inventories = blocks(&docs(), mark);
        assert!(!inventories.is_empty());
        for (page, text) in inventories {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let read = inventory::read(&path, &Defaults::default(), For::VendorImage);
            let inventory = read.unwrap_or_else(|e| panic!("{}: {e}", page.display()));
            assert!(inventory.warnings.is_empty());
        }
    }
}

#[test]
fn every_snippets_folder_is_told_of() {
    let page = fs::read_to_string(docs().join("images.md")).unwrap();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("snippets")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(page.contains(&format!("`{name}/`")), "{name}");
    }
}
