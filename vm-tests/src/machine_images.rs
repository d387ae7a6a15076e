//! The disk images that emulated guests begin with, each made once and kept: a Debian as from its vendor, and the
//! golden image that Landfall's own tools make of it.
//!
//! Both know the tests' world: its names, its certificate authority, its packages, its keys, and the agent through
//! which commands are run. That is written into a disk that has never been booted, so to cloud-init and to Landfall it
//! is a vendor's image all the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use image_recipes::recipe::Architecture;

use crate::cache;
use crate::error::{Error, Result, While};
use crate::host_command;
use crate::introduction::{self, BUNDLE, File};
use crate::offline::Root;
use crate::packages::Packages;
use crate::programs;
use crate::simulator::{self, AUTHORITY, MIRROR_HOST};
use crate::world::{SUITE, TRUST_KEY, World};

pub mod moments;
pub mod releases;
pub mod stand_ins;
pub mod variants;
pub mod with_docker;

/// The release that they are of.
const RELEASE: &str = "debian-12";

/// How what takes minutes is run: in silence, or for a person who sees how far it is.
type Run = fn(&mut Command) -> Result<String>;

const AGENT: &str = "/usr/local/sbin/landfall-test-agent";
const UNIT: &str = "/etc/systemd/system/landfall-test-agent.service";
const WANTED: &str = "/etc/systemd/system/sysinit.target.wants/landfall-test-agent.service";

/// Takes away what a boot leaves of a machine of its own, for a shell that ends at the first failure.
pub(crate) const FORGET: &str = include_str!("machine_images/forget.sh");

/// Starts with the first units and stays to the very end: it is there when a boot or a shutdown is stuck.
const UNIT_TEXT: &str = "[Unit]\n\
    Description=Commands of Landfall's tests\n\
    DefaultDependencies=no\n\
    After=systemd-remount-fs.service\n\n\
    [Service]\n\
    ExecStart=/usr/local/sbin/landfall-test-agent\n\
    Restart=always\n\
    TasksMax=infinity\n\n\
    [Install]\n\
    WantedBy=sysinit.target\n";

/// cloud-init would replace the sources of packages by its own. A machine needs one key for SSH, and an emulated one takes
/// half a minute for the others.
const CLOUD_INIT: &str = "apt: {preserve_sources_list: true}\nssh_genkeytypes: [ed25519]\n";

/// What systemd starts whenever it reads its units, and what has nothing to do in these machines: where they are emulated,
/// it takes a fifth of the time of that. An empty file stands for none.
const IDLE_GENERATORS: [&str; 13] = [
    "bless-boot",
    "cryptsetup",
    "debug",
    "factory-reset",
    "gpt-auto",
    "hibernate-resume",
    "integritysetup",
    "rc-local",
    "run",
    "ssh",
    "system-update",
    "tpm2",
    "veritysetup",
];

/// A Debian 12 from packages, with cloud-init, that knows the tests' world and has nothing of Landfall.
pub fn debian() -> Result<PathBuf> {
    debian_by(host_command::finish)
}

fn debian_by(run: Run) -> Result<PathBuf> {
    let files = known_of_the_world(&Packages::stand_ins(SUITE)?, Architecture::X86_64)?;
    introduced(&base(run, RELEASE, &[])?, &files)
}

/// What an image is told of the tests' world with these packages, but that its bundle of certificates has the world's
/// too.
fn known_of_the_world(packages: &Packages, architecture: Architecture) -> Result<Vec<File>> {
    let keys = tempfile::tempdir()?;
    packages.copy_keys(keys.path())?;
    let authority = simulator::authority()?.join(AUTHORITY);
    let mut files = introduction::files(&packages.system, &authority, keys.path())?;
    files.extend(agent(architecture)?);
    files.push(File::new("/etc/cloud/cloud.cfg.d/90-tests.cfg", CLOUD_INIT));
    let place = |name: &&str| format!("/etc/systemd/system-generators/systemd-{name}-generator");
    files.extend(IDLE_GENERATORS.iter().map(|it| File::new(&place(it), "")));
    Ok(files)
}

/// This base of a Debian after it was given these files.
fn introduced(base: &Path, files: &[File]) -> Result<PathBuf> {
    let authority = simulator::authority()?.join(AUTHORITY);
    let mut ingredients: Vec<&[u8]> = vec![base.as_os_str().as_encoded_bytes()];
    ingredients.extend(files.iter().flat_map(|file| [file.path.as_bytes(), &file.content]));
    let entry = cache::entry("machine-debian", &ingredients, |folder| {
        let raw = folder.join("disk.raw");
        convert(base, "raw", &raw)?;
        let root = Root::of(&raw)?;
        // As update-ca-certificates would, which cannot run here.
        let bundle = File::new(BUNDLE, [root.read(BUNDLE)?, fs::read(&authority)?].concat());
        let files: Vec<&File> = files.iter().chain([&bundle]).collect();
        let removed =
            [vec!["/etc/apt/sources.list".to_owned()], root.list("/etc/apt/sources.list.d")?].concat();
        root.change(&removed, &files, &[(WANTED, UNIT)])?;
        convert(&raw, "qcow2", &folder.join(IMAGE))?;
        Ok(fs::remove_file(raw)?)
    })?;
    Ok(entry.join(IMAGE))
}

/// What commands are run through.
pub(crate) fn agent(architecture: Architecture) -> Result<[File; 2]> {
    let folder = match architecture {
        Architecture::X86_64 => programs::guest_agent()?,
        Architecture::Aarch64 => programs::arm64_tools()?,
    };
    let content = fs::read(folder.join("guest-agent")).doing(|| "reading the tests' agent")?;
    Ok([File { path: AGENT.to_owned(), content, mode: 0o755 }, File::new(UNIT, UNIT_TEXT)])
}

/// A Debian for arm64 from packages, such as debian-12, that knows the world with the packages of its suite.
///
/// Where the testing machine is none of arm64 itself, its base takes a quarter of an hour to an hour: see
/// [`image_recipes::bootstrap`].
pub(crate) fn arm64(release: &str, suite: &str, further: Vec<File>) -> Result<PathBuf> {
    let base = base(host_command::finish_aloud, release, &["--architecture", "aarch64"])?;
    let mut files = known_of_the_world(&Packages::for_arm64(suite)?, Architecture::Aarch64)?;
    files.extend(further);
    introduced(&base, &files)
}

pub(crate) const IMAGE: &str = "disk.qcow2";

pub(crate) fn convert(from: &Path, format: &str, to: &Path) -> Result<()> {
    let options = ["convert", "-O", format].map(Path::new);
    host_command::run("qemu-img", options.into_iter().chain([from, to])).map(drop)
}

/// What `landfall-image bootstrap` makes of a release with these options, made anew when its own code changes.
fn base(run: Run, release: &str, options: &[&str]) -> Result<PathBuf> {
    let sources = programs::workspace().join("image-recipes/src");
    let mut code = Vec::new();
    // The last two make GRUB's images and write the EFI system partition.
    for part in ["bootstrap.rs", "../bootstraps.toml", "grub.rs", "seed/fat.rs"] {
        code.push(fs::read(sources.join(part)).doing(|| format!("reading {part}"))?);
    }
    let mut parts: Vec<PathBuf> =
        fs::read_dir(sources.join("bootstrap"))?.map(|it| Ok(it?.path())).collect::<Result<_>>()?;
    parts.sort();
    for part in parts {
        code.push(fs::read(&part).doing(|| format!("reading {}", part.display()))?);
    }
    let mut code: Vec<&[u8]> = code.iter().map(Vec::as_slice).collect();
    code.push(release.as_bytes());
    code.extend(options.iter().map(|it| it.as_bytes()));
    // What takes an hour where it is emulated does not hold up the others.
    let kind = if options.contains(&"aarch64") { "machine-base-aarch64" } else { "machine-base" };
    let entry = cache::entry(kind, &code, |folder| {
        let mut bootstrap = Command::new(programs::landfall_image()?);
        bootstrap.args(["bootstrap", release]).args(options).arg("--output").arg(folder.join(IMAGE));
        run(&mut bootstrap).map(drop)
    })?;
    Ok(entry.join(IMAGE))
}

/// The golden image: Debian 12 after `landfall-image bake`.
pub fn golden() -> Result<PathBuf> {
    golden_with(host_command::finish)
}

/// The same, for a person who sees how far it is.
pub fn golden_aloud() -> Result<PathBuf> {
    golden_with(host_command::finish_aloud)
}

fn golden_with(run: Run) -> Result<PathBuf> {
    golden_of(run, &debian_by(run)?, RELEASE, &Packages::stand_ins(SUITE)?)
}

/// What `bake` makes of this base of a release, with these packages.
fn golden_of(run: Run, base: &Path, release: &str, packages: &Packages) -> Result<PathBuf> {
    let digest = image_recipes::outputs::sha256(base)?;
    let recipe = recipe(release, base, &digest, fs::read_to_string(packages.trust_fingerprint())?.trim());
    let ingredients = [
        recipe.as_bytes(),
        &fs::read(programs::landfall()?)?,
        &fs::read(programs::landfall_image()?)?,
        packages.objects.as_os_str().as_encoded_bytes(),
    ];
    let entry = cache::entry("machine-golden", &ingredients, |folder| {
        let file = folder.join("golden.toml");
        fs::write(&file, &recipe)?;
        bake(&file, folder, packages, run)
    })?;
    disk_in(&entry)
}

/// Bakes a recipe in a world of its own.
fn bake(recipe: &Path, folder: &Path, packages: &Packages, run: Run) -> Result<()> {
    let mut world = World::with(packages)?;
    let mut bake = world.at_gateway(&programs::landfall_image()?)?;
    bake.arg("bake").arg(recipe).arg("--output").arg(folder).arg("--binary").arg(programs::landfall()?);
    run(&mut bake).map(drop)
}

fn disk_in(entry: &Path) -> Result<PathBuf> {
    let is_disk = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "qcow2");
    let mut files = fs::read_dir(entry)?.flatten().map(|it| it.path());
    files.find(is_disk).ok_or_else(|| Error::new(format!("{} has no image", entry.display())))
}

/// What Landfall is told of the tests' mirror, in its environment's words.
pub fn mirror_in_the_environment() -> Result<String> {
    let fingerprint = fs::read_to_string(Packages::stand_ins(SUITE)?.trust_fingerprint())?;
    Ok(format!(
        "LANDFALL_MIRROR=https://{MIRROR_HOST} LANDFALL_TRUST_KEY={TRUST_KEY} LANDFALL_TRUST_FINGERPRINT={}",
        fingerprint.trim()
    ))
}

/// Region and cluster are a seed's to name.
fn recipe(release: &str, base: &Path, digest: &str, fingerprint: &str) -> String {
    format!(
        "# The golden image of the tests.\n\
         base = {{ release = \"{release}\", file = \"{}\", digest = \"sha256:{digest}\" }}\n\
         outputs = [\"qcow2\"]\n\n\
         [landfall]\n\
         mirror = \"https://{MIRROR_HOST}\"\n\
         trust-key = \"{TRUST_KEY}\"\n\
         trust-fingerprint = \"{fingerprint}\"\n",
        base.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recipe_of_the_golden_image_is_one() {
        let fingerprint = &"0123456789ABCDEF".repeat(3)[..40];
        let text = recipe(RELEASE, Path::new("/base.qcow2"), &"0".repeat(64), fingerprint);
        image_recipes::recipe::Recipe::parse(&text, "golden.toml").unwrap();
    }
}
