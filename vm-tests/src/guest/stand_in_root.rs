//! The root file system of a Debian that poses as an RPM distribution.
//!
//! A plain root with the package manager on it is disguised in these steps: rpm gets a database with the
//! packages that a distribution surely has and the key that signs them; what the distribution configures is
//! laid down; and apt, dpkg, and everything that Landfall would have to bring are taken away.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use stand_in_packages::Distribution;

use super::base_root;
use crate::cache;
use crate::error::{Result, While};
use crate::host_command;
use crate::packages;
use crate::simulator::PACKAGES_HOST;
use crate::system::StandIn;

/// The recipe below is part of what a root is made from.
const RECIPE: &[u8] = include_bytes!("stand_in_root.rs");

/// Programs that no guest has from the start, whatever the package manager's Debian package asks for.
const BROUGHT_BY_LANDFALL: &[&str] = &[
    "sysctl",
    "ps",
    "free",
    "pgrep",
    "pkill",
    "iptables",
    "ip6tables",
    "nft",
    "dmidecode",
    "curl",
    "docker",
];

/// What makes a Debian known as one, and a link of its own that leads nowhere, which systemd minds.
const DEBIAN: &[&str] = &[
    "etc/apt",
    "etc/debian_version",
    "etc/dpkg",
    "etc/modules-load.d/modules.conf",
    "usr/lib/apt",
    "usr/lib/dpkg",
    "usr/share/dpkg",
    "var/cache/apt",
    "var/lib/apt",
    "var/lib/dpkg",
];

/// What of the above a machine has from the beginning that has this.
const COME_ALONG: &[(&str, &[&str])] =
    &[("curl", &["curl"]), ("firewalld", &["iptables", "ip6tables", "nft"])];

/// The root of this stand-in, ready to be copied; do not change it in place.
pub fn of(stand_in: StandIn) -> Result<PathBuf> {
    with(stand_in, &[])
}

/// The same with further packages of Debian's, which rpm does not know of.
pub fn with(stand_in: StandIn, further: &[&str]) -> Result<PathBuf> {
    let distribution = stand_in.distribution()?;
    let further_packages = further.iter().map(|name| (*name).to_owned());
    let packages: Vec<String> = distribution.manager.iter().cloned().chain(further_packages).collect();
    let plain = base_root::debian_with(&distribution.base, &packages)?;
    let description = fs::read(stand_in.file())?;
    let base_packages = packages::base_packages(stand_in)?;
    let key = packages::signing_keys()?.join("trust-key.asc");
    let ingredients = [
        RECIPE,
        plain.as_os_str().as_encoded_bytes(),
        base_packages.as_os_str().as_encoded_bytes(),
        &description,
        &fs::read(&key)?,
    ];
    let entry = cache::entry("stand-in-root", &ingredients, |folder| {
        let root = folder.join("root");
        let copy = [Path::new("--archive"), Path::new("--reflink=auto"), &plain, &root];
        host_command::run("cp", copy)?;
        Disguise { root: &root, distribution: &distribution, further }.put_on(&key, &base_packages)
    })?;
    Ok(entry.join("root"))
}

struct Disguise<'a> {
    root: &'a Path,
    distribution: &'a Distribution,
    further: &'a [&'a str],
}

impl Disguise<'_> {
    fn put_on(&self, key: &Path, base_packages: &Path) -> Result<()> {
        self.rpm_database(key, base_packages).doing(|| "making the database of rpm")?;
        self.configuration(key)?;
        self.names_of_dnf()?;
        self.presets()?;
        self.product()?;
        self.hide()?;
        // The link of a Debian leads to a file of its own.
        let release = self.root.join("etc/os-release");
        fs::remove_file(&release)?;
        symlink("../usr/lib/os-release", release)?;
        Ok(fs::write(self.root.join("usr/lib/os-release"), &self.distribution.os_release)?)
    }

    /// Debian's rpm keeps its database in the home folder unless it is told otherwise.
    fn rpm_database(&self, key: &Path, base_packages: &Path) -> Result<()> {
        self.write("etc/rpm/macros", &format!("%_dbpath /var/lib/rpm\n{}", self.distribution.rpm_macros))?;
        let inside = self.root.join("tmp/base-packages");
        fs::create_dir(&inside)?;
        let mut arguments =
            vec!["--install".to_owned(), "--noscripts".to_owned(), "--nosignature".to_owned()];
        for package in fs::read_dir(base_packages)? {
            let package = package?;
            fs::copy(package.path(), inside.join(package.file_name()))?;
            arguments.push(format!("/tmp/base-packages/{}", package.file_name().to_string_lossy()));
        }
        fs::copy(key, inside.join("key.asc"))?;
        // Unsigned as they are, and rpm of a strict distribution would not have them.
        arguments.extend(["--define", "_pkgverify_level none"].map(str::to_owned));
        self.rpm(&["--import".to_owned(), "/tmp/base-packages/key.asc".to_owned()])?;
        self.rpm(&arguments)?;
        Ok(fs::remove_dir_all(inside)?)
    }

    fn rpm(&self, arguments: &[String]) -> Result<()> {
        let mut all = vec![self.root.display().to_string(), "rpm".to_owned()];
        all.extend_from_slice(arguments);
        host_command::run("chroot", all).map(drop)
    }

    /// The distribution's repository and its key, and how the package manager is set up.
    fn configuration(&self, key: &Path) -> Result<()> {
        let Distribution { repository_file, key_file, .. } = self.distribution;
        let id = Path::new(repository_file).file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let refresh = if repository_file.contains("zypp") { "autorefresh=1\ntype=rpm-md\n" } else { "" };
        self.write(
            repository_file,
            &format!(
                "[{id}]\nname={id}\nbaseurl=http://{PACKAGES_HOST}/\nenabled=1\n{refresh}\
                 gpgcheck=1\ngpgkey=file:///{key_file}\n"
            ),
        )?;
        self.write(key_file, &fs::read_to_string(key)?)?;
        if self.root.join("usr/bin/dnf-3").exists() {
            let settings = "[main]\ngpgcheck=1\ninstallonly_limit=3\nclean_requirements_on_remove=True\n\
                            best=True\nskip_if_unavailable=False\n";
            self.write("etc/dnf/dnf.conf", settings)?;
        } else if self.root.join("usr/bin/dnf5").exists() {
            self.write("etc/dnf/dnf.conf", "[main]\n")?;
        }
        // Debian's own: a repository of what was installed before, which breaks checks of signatures.
        for plugins in ["etc/dnf/plugins", "etc/dnf/libdnf5-plugins"] {
            self.write(&format!("{plugins}/local.conf"), "[main]\nenabled = false\n")?;
        }
        for (path, content) in &self.distribution.files {
            self.write(path, content)?;
        }
        Ok(())
    }

    /// The names that the real ones have.
    fn names_of_dnf(&self) -> Result<()> {
        let bin = self.root.join("usr/bin");
        for program in ["dnf-3", "dnf5"].into_iter().filter(|program| bin.join(program).exists()) {
            for name in ["dnf", "yum"].into_iter().filter(|name| !bin.join(name).exists()) {
                symlink(program, bin.join(name))?;
            }
        }
        if self.distribution.only_yum {
            fs::remove_file(bin.join("yum"))?;
            fs::rename(bin.join("dnf-3"), bin.join("yum"))?;
            fs::remove_file(bin.join("dnf"))?;
        }
        Ok(())
    }

    /// What is installed is not enabled: Debian's answer is the opposite one.
    fn presets(&self) -> Result<()> {
        self.write("usr/lib/systemd/system-preset/99-default-disable.preset", "disable *\n")
    }

    /// What libzypp asks for the release.
    fn product(&self) -> Result<()> {
        let release = &self.distribution.release;
        let Some(product) = &release.product else { return Ok(()) };
        let folder = "etc/products.d";
        self.write(
            &format!("{folder}/{product}.prod"),
            &format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<product schemeversion=\"0\">\n\
                 <vendor>Landfall tests</vendor>\n<name>{product}</name>\n<version>{version}</version>\n\
                 <release>1</release>\n<arch>x86_64</arch>\n<summary>{product} (stand-in for tests)</summary>\n\
                 <register><target>{product}-x86_64</target></register>\n</product>\n",
                version = release.version
            ),
        )?;
        Ok(symlink(format!("{product}.prod"), self.root.join(folder).join("baseproduct"))?)
    }

    fn hide(&self) -> Result<()> {
        for path in DEBIAN.iter().map(|path| self.root.join(path)).filter(|it| it.symlink_metadata().is_ok())
        {
            match path.is_dir() {
                true => fs::remove_dir_all(path)?,
                false => fs::remove_file(path)?,
            }
        }
        let come_along = COME_ALONG.iter().filter(|(package, _)| self.further.contains(package));
        let come_along: Vec<&str> = come_along.flat_map(|(_, programs)| *programs).copied().collect();
        for folder in ["usr/bin", "usr/sbin"] {
            for entry in fs::read_dir(self.root.join(folder))? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let of_debian = name.starts_with("apt") || name.starts_with("dpkg");
                let is_brought = BROUGHT_BY_LANDFALL.contains(&&*name) && !come_along.contains(&&*name);
                if of_debian || is_brought {
                    fs::remove_file(entry.path())?;
                }
            }
        }
        Ok(())
    }

    fn write(&self, path: &str, content: &str) -> Result<()> {
        let place = self.root.join(path);
        fs::create_dir_all(place.parent().unwrap_or(self.root))?;
        fs::write(&place, content).doing(|| format!("writing {}", place.display()))
    }
}
