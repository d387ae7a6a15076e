//! Images made of the golden one, or as it is: in another form, with other files, on another file system.

use std::fs;
use std::path::{Path, PathBuf};

use image_recipes::export;
use image_recipes::outputs::{self, Folder};
use image_recipes::recipe::{Architecture, FileSystem, Format, Recipe};

use super::{RELEASE, bake, base, convert, disk_in, golden, known_of_the_world, recipe};
use crate::cache;
use crate::error::{Result, While};
use crate::host_command;
use crate::introduction::{BUNDLE, File};
use crate::offline::Root;
use crate::packages::Packages;
use crate::programs;
use crate::simulator::{self, AUTHORITY};
use crate::world::SUITE;

/// The golden image in another form, by Landfall's own export. Of an OVA its disk, as an import streams it.
pub fn exported(format: Format) -> Result<PathBuf> {
    let golden = golden()?;
    let ingredients = [golden.as_os_str().as_encoded_bytes(), format.ending().as_bytes()];
    let entry = cache::entry("machine-exported", &ingredients, |folder| {
        let raw = folder.join("whole.img");
        convert(&golden, "raw", &raw)?;
        // What it makes has the name of its file.
        let text = format!("base = \"{RELEASE}\"\noutputs = [\"{}\"]\n", format.ending());
        let file = folder.join("golden.toml");
        fs::write(&file, text)?;
        let recipe = Recipe::read(&file).doing(|| "reading a recipe")?;
        let output = Folder::lock(folder).doing(|| "locking a folder")?;
        export::export(&raw, &recipe, &output).doing(|| "exporting the golden image")?;
        if format == Format::Ova {
            let (ova, into) = (folder.join("golden.ova"), Path::new("--directory"));
            let unpack = [Path::new("--extract"), Path::new("--file"), &ova, into, folder];
            host_command::run("tar", unpack.iter().chain([&Path::new("golden-disk1.vmdk")]))?;
            fs::remove_file(&ova)?;
        }
        Ok(fs::remove_file(raw)?)
    })?;
    Ok(entry.join(match format {
        Format::Ova => "golden-disk1.vmdk".to_owned(),
        other => format!("golden.{}", other.ending()),
    }))
}

/// The golden image with further files, each a path and all of it, as a raw disk.
pub fn golden_and(further: &[(&str, &str)]) -> Result<PathBuf> {
    let golden = golden()?;
    let mut ingredients = vec![golden.as_os_str().as_encoded_bytes()];
    ingredients.extend(further.iter().flat_map(|(path, content)| [path.as_bytes(), content.as_bytes()]));
    let entry = cache::entry("machine-changed", &ingredients, |folder| {
        let raw = folder.join("disk.raw");
        convert(&golden, "raw", &raw)?;
        let files: Vec<File> = further.iter().map(|(path, content)| File::new(path, *content)).collect();
        Root::of(&raw)?.change(&[], &files.iter().collect::<Vec<_>>(), &[])
    })?;
    Ok(entry.join("disk.raw"))
}

/// Units in the folder of another's wishes have to be links, which a recipe cannot make; a wish it can.
const WISH: &str = "/etc/systemd/system/sysinit.target.d/agent.conf";

/// What `bake` makes of a base on another file system. Nothing writes into such a base before it boots, so its recipe
/// brings what it knows of the world.
pub fn golden_on(file_system: FileSystem) -> Result<PathBuf> {
    let base = base(host_command::finish, RELEASE, &["--filesystem", file_system.word()])?;
    let packages = Packages::stand_ins(SUITE)?;
    let digest = outputs::sha256(&base).doing(|| "reading the base")?;
    let fingerprint = fs::read_to_string(packages.trust_fingerprint())?;
    let (landfall, program) = (programs::landfall()?, programs::landfall_image()?);
    let mut files = known_of_the_world(&packages, Architecture::X86_64)?;
    let authority = fs::read(simulator::authority()?.join(AUTHORITY))?;
    files.push(File::new(BUNDLE, [fs::read(BUNDLE).unwrap_or_default(), authority].concat()));
    files.push(File::new(WISH, "[Unit]\nWants=landfall-test-agent.service\n"));
    files.push(File::new("/etc/apt/sources.list.d/0000main.sources", "# The world's own is beside this.\n"));
    let recipe = recipe(RELEASE, &base, &digest, fingerprint.trim());
    let mut ingredients: Vec<Vec<u8>> =
        vec![recipe.clone().into(), fs::read(&landfall)?, fs::read(&program)?];
    ingredients.push(packages.objects.as_os_str().as_encoded_bytes().to_vec());
    ingredients.extend(files.iter().flat_map(|file| [file.path.clone().into(), file.content.clone()]));
    let ingredients: Vec<&[u8]> = ingredients.iter().map(Vec::as_slice).collect();
    let entry = cache::entry("machine-golden-on", &ingredients, |folder| {
        let mut text = recipe.clone();
        for (index, file) in files.iter().enumerate() {
            let source = format!("file{index}");
            fs::write(folder.join(&source), &file.content)?;
            text += &format!(
                "\n[[files]]\npath = \"{}\"\nsource = \"{source}\"\nmode = \"0{:o}\"\n",
                file.path, file.mode
            );
        }
        let file = folder.join("golden.toml");
        fs::write(&file, text)?;
        bake(&file, folder, &packages, host_command::finish)
    })?;
    disk_in(&entry)
}
