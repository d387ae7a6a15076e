//! The RPM package format, written by rpmbuild and signed by rpmsign.
//!
//! A package is a tree of files and the lines of a spec file about it. Nothing is derived from the content:
//! what a package requires and provides is what these lines say, and the same lines and files give the same
//! bytes.

use crate::Result;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// No file in a package is younger, and each package was built then: 1 January 2025.
const EPOCH: &str = "1735689600";

/// How the content of a package is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Payload {
    /// As a Debian's rpmbuild packs unless it is told otherwise, but fast rather than small.
    Gzip,
    /// Fast, for the big ones.
    Zstd,
}

/// What a spec file says of a package.
pub struct Rpm<'a> {
    /// The name.
    pub name: &'a str,
    /// The version, without an epoch.
    pub version: &'a str,
    /// The release number, with the distribution's tag.
    pub release: &'a str,
    /// How the content is packed.
    pub payload: Payload,
    /// Further lines of the preamble, such as `Requires: systemd`.
    pub preamble: String,
    /// Whole sections with scripts, such as `%post`.
    pub scripts: String,
    /// The lines of `%files`.
    pub files: Vec<String>,
}

impl Rpm<'_> {
    /// The file name that the package goes by in a repository.
    pub fn file_name(&self) -> String {
        format!("{}-{}-{}.x86_64.rpm", self.name, self.version, self.release)
    }

    /// Packs `tree` as the package `out`.
    pub fn build(&self, tree: &Path, out: &Path) -> Result<()> {
        let scratch = out.with_extension("scratch");
        fs::create_dir_all(&scratch)?;
        let spec = scratch.join("package.spec");
        fs::write(&spec, self.spec(tree))?;
        let define = |name: &str, value: &str| ["--define".to_owned(), format!("{name} {value}")];
        let payload = match self.payload {
            Payload::Gzip => "w1.gzdio",
            Payload::Zstd => "w1.zstdio",
        };
        let mut rpmbuild = Command::new("rpmbuild");
        rpmbuild.args(["-bb", "--quiet", "--target", "x86_64-linux"]).env("SOURCE_DATE_EPOCH", EPOCH);
        for (name, value) in [
            ("_topdir", &*scratch.to_string_lossy()),
            ("_rpmdir", &scratch.to_string_lossy()),
            ("_dbpath", &scratch.join("db").to_string_lossy()),
            ("_build_name_fmt", "package.rpm"),
            ("_binary_payload", payload),
            ("_buildhost", "guest"),
            ("_build_id_links", "none"),
            ("use_source_date_epoch_as_buildtime", "1"),
            ("clamp_mtime_to_source_date_epoch", "1"),
            ("debug_package", "%{nil}"),
            // Nothing may touch the files: they are links to those of others.
            ("__os_install_post", "%{nil}"),
        ] {
            rpmbuild.args(define(name, value));
        }
        finish(rpmbuild.arg(&spec))?;
        fs::rename(scratch.join("package.rpm"), out)?;
        Ok(fs::remove_dir_all(scratch)?)
    }

    fn spec(&self, tree: &Path) -> String {
        let Rpm { name, version, release, preamble, scripts, .. } = self;
        format!(
            "Name: {name}\nVersion: {version}\nRelease: {release}\nSummary: {name} (stand-in for tests)\n\
             License: Apache-2.0\nVendor: Landfall tests\nAutoReqProv: no\n{preamble}\n\
             %description\nStand-in for tests. Not made by, nor endorsed by, whoever makes the real {name}.\n\
             %install\nmkdir -p '%{{buildroot}}'\ncp -al '{}/.' '%{{buildroot}}/'\n{scripts}\n\
             %files\n%defattr(-,root,root,-)\n{}\n",
            tree.display(),
            self.files.join("\n"),
        )
    }
}

/// Signs packages in place, by this very program and the key in the folder `keys`.
pub fn sign(packages: &[PathBuf], keys: &Path) -> Result<()> {
    let own = std::env::current_exe()?;
    // rpmsign names what to sign, which is its own pipe as a rule, and wants the bare signature in a file.
    let command = format!(
        "{} stand-in-packages sign --keys {} --out %{{shescape:%{{?__signature_filename}}}} \
         %{{shescape:%{{?__plaintext_filename}}}}",
        own.display(),
        keys.display()
    );
    let mut rpmsign = Command::new("rpmsign");
    rpmsign.args(["--resign", "--define", "_gpg_name tests", "--define"]);
    finish(rpmsign.arg(format!("__gpg_sign_cmd {command}")).args(packages))
}

/// Takes the signatures out of packages.
pub fn unsign(packages: &[PathBuf]) -> Result<()> {
    finish(Command::new("rpmsign").arg("--delsign").args(packages))
}

/// A tree of files on its way into a package.
pub struct Tree {
    root: PathBuf,
}

impl Tree {
    /// An empty tree in a folder that is not there yet.
    pub fn new(root: PathBuf) -> Result<Self> {
        fs::create_dir_all(&root)?;
        Ok(Self { root })
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Adds a file.
    pub fn file(&self, path: &str, mode: u32, content: &[u8]) -> Result<()> {
        let place = self.place(path)?;
        fs::write(&place, content)?;
        Ok(fs::set_permissions(place, fs::Permissions::from_mode(mode))?)
    }

    /// Adds a folder.
    pub fn folder(&self, path: &str) -> Result<()> {
        Ok(fs::create_dir_all(self.root.join(path))?)
    }

    /// Adds a symbolic link.
    pub fn link(&self, path: &str, target: &str) -> Result<()> {
        Ok(symlink(target, self.place(path)?)?)
    }

    /// Its files and links, as lines of `%files`; the folders are nobody's.
    pub fn listed(&self) -> Result<Vec<String>> {
        self.lines(|_| None)
    }

    /// The same with its folders, which go with the package when they are empty: those right below the root and in
    /// `/var` are the system's.
    pub fn listed_with_folders(&self) -> Result<Vec<String>> {
        let is_its_own = |path: &str| path[1..].contains('/') && !path.starts_with("/var/");
        self.lines(|path| is_its_own(path).then(|| format!("%dir {path}")))
    }

    fn lines(&self, of_folder: impl Fn(&str) -> Option<String>) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                let path = format!("/{}", entry.path().strip_prefix(&self.root)?.display());
                if entry.file_type()?.is_dir() {
                    lines.extend(of_folder(&path));
                    folders.push(entry.path());
                } else {
                    lines.push(path);
                }
            }
        }
        lines.sort();
        Ok(lines)
    }

    fn place(&self, path: &str) -> Result<PathBuf> {
        let place = self.root.join(path);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(place)
    }
}

/// Runs a prepared command; what it printed comes with the error when it fails.
pub(crate) fn finish(command: &mut Command) -> Result<()> {
    let output = command.output().map_err(|error| format!("starting {command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{command:?} ended with {}\n{}", output.status, String::from_utf8_lossy(&said)).into())
}
