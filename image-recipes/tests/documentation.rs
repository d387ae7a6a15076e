//! What the documentation shows is taken by the program as it stands there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use image_recipes::recipe::Recipe;
use image_recipes::seed::For;
use image_recipes::seed::inventory::{self, Defaults};

/// The blocks of a page that are marked so.
fn blocks(page: &str, mark: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page);
    let text = fs::read_to_string(path).unwrap();
    let fence = format!("```{mark}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn every_recipe_that_is_shown_is_one() {
    let recipes = blocks("images.md", "toml recipe");
    assert!(recipes.len() >= 2);
    for text in recipes {
        Recipe::parse(&text, "images.md").unwrap_or_else(|e| panic!("{e}\n{text}"));
    }
}

#[test]
fn every_inventory_that_is_shown_is_one() {
    let folder = tempfile::tempdir().unwrap();
    for (mark, name) in [("csv", "hosts.csv"), ("toml inventory", "hosts.toml")] {
        let text = blocks("images.md", mark).remove(0);
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let inventory =
            inventory::read(&path, &Defaults::default(), For::VendorImage).unwrap_or_else(|e| panic!("{e}"));
        assert!(inventory.warnings.is_empty());
    }
}

#[test]
fn every_snippets_folder_is_told_of() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/images.md")).unwrap();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("snippets")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(page.contains(&format!("`{name}/`")), "{name}");
    }
}
