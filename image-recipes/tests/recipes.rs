//! The ready recipes: one per release with a vendor's image or a bootstrap. Most images cannot be had where tests
//! run, so each recipe is read, planned and rendered, and what comes of it is a file that a person can read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use image_recipes::commands::recipe::rendered;
use image_recipes::plan::plan;
use image_recipes::recipe::{Recipe, Source};

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn recipes() -> Vec<Recipe> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(here("recipes")).unwrap().map(|it| it.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| Recipe::read(path).unwrap_or_else(|e| panic!("{e}"))).collect()
}

#[test]
fn there_is_a_recipe_for_every_release_with_an_image_and_for_no_other() {
    let with_image =
        distro_matrix::linux().filter(|it| it.refused.is_none() && it.images.contains_key("x86_64"));
    let wanted: BTreeSet<String> = with_image.map(|it| it.release.clone()).collect();
    let there: BTreeSet<String> = recipes().iter().map(|it| it.origin.name()).collect();
    assert_eq!(there, wanted);
}

#[test]
fn a_recipe_is_of_the_release_that_it_is_called_after() {
    for recipe in recipes() {
        assert_eq!(recipe.base.release, Some(recipe.origin.name()));
    }
}

#[test]
fn what_each_recipe_comes_to_is_what_is_written_down() {
    let folder = here("tests/rendered");
    let mut differing = Vec::new();
    let mut left: BTreeSet<String> =
        fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    for recipe in recipes() {
        let name = format!("{}.txt", recipe.origin.name());
        let made = format!("==> plan\n{}{}", plan(&recipe).unwrap().lines(), rendered(&recipe).unwrap());
        let path = folder.join(&name);
        if std::env::var_os("LANDFALL_ACCEPT").is_some() {
            fs::write(&path, &made).unwrap();
        }
        if fs::read_to_string(&path).unwrap_or_default() != made {
            differing.push(name.clone());
        }
        left.remove(&name);
    }
    assert!(
        differing.is_empty(),
        "LANDFALL_ACCEPT=1 cargo test -p image-recipes --test recipes writes {differing:?}"
    );
    assert!(left.is_empty(), "of no recipe: {left:?}");
}

#[test]
fn a_recipe_that_cannot_run_as_it_is_says_why() {
    for recipe in recipes() {
        let without_digest = match recipe.base.source(recipe.architecture).unwrap() {
            Source::Packages(_) => false,
            Source::Download { digest, list, .. } => digest.is_none() && list.is_none(),
            Source::File { digest, .. } => digest.is_none(),
        };
        assert_eq!(plan(&recipe).unwrap().blocked.is_some(), without_digest, "{}", recipe.origin.name());
    }
}
