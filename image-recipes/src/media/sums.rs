//! The digests that a bake wrote beside its images: an image that is not what they say goes onto no medium.

use std::path::Path;

use crate::build::SUMS;
use crate::error::{Error, Result, While};

/// Holds an image's SHA-256 against each list of digests in its folder that names it; says where there is none.
///
/// # Errors
/// When one says otherwise.
pub fn check(image: &Path, sha256: &str) -> Result<()> {
    let folder = image.parent().unwrap_or(Path::new("."));
    let name = image.file_name().unwrap_or_default().to_string_lossy();
    let mut lists = 0;
    for entry in std::fs::read_dir(folder).while_doing(|| format!("listing {}", folder.display()))?.flatten()
    {
        if !entry.file_name().to_string_lossy().ends_with(SUMS) {
            continue;
        }
        let text =
            std::fs::read_to_string(entry.path()).while_doing(|| "reading a list of digests".into())?;
        for (digest, file) in text.lines().filter_map(|line| line.split_once("  ")) {
            if file != name {
                continue;
            }
            if digest != sha256 {
                return Err(Error::problems(format!(
                    "{} is not what {} says: {sha256}",
                    image.display(),
                    entry.path().display()
                ))
                .hint("bake it again, or copy it again from where it was baked"));
            }
            lists += 1;
        }
    }
    if lists == 0 {
        eprintln!("note: nothing beside {name} tells its digest, which is {sha256}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_image_than_was_baked_is_refused_and_one_of_another_name_is_not_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("a.qcow2");
        std::fs::write(&image, "").unwrap();
        check(&image, "00").unwrap();
        std::fs::write(folder.path().join("a.SHA256SUMS"), "00  a.qcow2\n11  aa.qcow2\n").unwrap();
        check(&image, "00").unwrap();
        let error = check(&image, "11").unwrap_err();
        assert_eq!(error.exit_code(), 3);
    }
}
