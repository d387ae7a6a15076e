//! What the documentation shows is what is there.

use std::fs;
use std::path::Path;

#[test]
fn adding_a_distro_shows_a_file_of_the_matrix_as_it_is() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = fs::read_to_string(here.join("distros/rocky-9.toml")).expect("a release");
    let text = fs::read_to_string(here.join("../docs/adding-a-distro.md")).expect("the documentation");
    assert!(text.contains(&format!("```toml\n{file}```\n")));
}
