//! The Debian package format: an `ar` archive of a version, a control archive and a data archive.
//!
//! Written here rather than by dpkg-deb, which refuses what the real SSM package does: naming conffiles
//! that it does not contain.

use crate::Result;
use crate::tree::Tree;
use flate2::{Compression, write::GzEncoder};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// A package's parts.
pub struct Deb<'a> {
    /// The control file's text.
    pub control: String,
    /// Maintainer scripts and `conffiles`: name, mode, text.
    pub control_files: Vec<(&'a str, u32, &'a str)>,
    /// `data.tar.gz`
    pub data: Vec<u8>,
}

impl Deb<'_> {
    /// Writes the package.
    pub fn write(&self, file: &Path) -> Result<()> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut control = packed_tree();
        control.file("control", 0o644, self.control.as_bytes())?;
        for (name, mode, text) in &self.control_files {
            control.file(name, *mode, text.as_bytes())?;
        }
        let mut ar = File::create(file)?;
        ar.write_all(b"!<arch>\n")?;
        write_member(&mut ar, "debian-binary", b"2.0\n")?;
        write_member(&mut ar, "control.tar.gz", &control.finish()?.finish()?)?;
        write_member(&mut ar, "data.tar.gz", &self.data)
    }
}

/// A tree that is packed as it is written, fast rather than small: most of it is padding.
pub fn packed_tree() -> Tree<GzEncoder<Vec<u8>>> {
    Tree::of_a_package(GzEncoder::new(Vec::new(), Compression::fast()))
}

fn write_member(ar: &mut impl Write, name: &str, content: &[u8]) -> Result<()> {
    writeln!(ar, "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`", 0, 0, 0, "100644", content.len())?;
    ar.write_all(content)?;
    if content.len() % 2 == 1 {
        ar.write_all(b"\n")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_has_a_header_of_sixty_bytes_and_an_even_length() {
        let mut ar = Vec::new();
        write_member(&mut ar, "debian-binary", b"odd").unwrap();
        assert_eq!(ar.len(), 60 + 4);
        assert!(ar[..60].ends_with(b"`\n"));
    }
}
