//! What a recipe would do, in order, with the reason for each step: decided from the recipe and the matrix alone.
//! Nothing is fetched, built or looked at.

use serde::Serialize;

use crate::bake::ONE_ARCHITECTURE;
use crate::error::Result;
use crate::recipe::{Architecture, Kernel, Recipe, Source};
use crate::render;

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What happens.
    pub what: String,
    /// Why.
    pub why: String,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What is still missing before it can run, where something is.
    pub blocked: Option<String>,
}

/// The plan of a recipe.
///
/// # Errors
/// When the base does not resolve, or a file of the recipe cannot be read.
pub fn plan(recipe: &Recipe) -> Result<Plan> {
    let mut plan = Plan { steps: Vec::new(), blocked: None };
    base(recipe, &mut plan)?;
    if recipe.architecture != Architecture::X86_64 {
        plan.blocked = Some(ONE_ARCHITECTURE.into());
    }
    plan.add(
        format!("grow an overlay of it to {}, and boot that once", recipe.size),
        "packages, labels and the initramfs come from the system's own programs; the base itself stays as it is",
    );
    system(recipe, &mut plan)?;
    plan.add(
        "install Landfall, Docker and both agents, gated and without an identity",
        "a clone then only registers",
    );
    let kept = render::kept(recipe);
    let but = if kept.is_empty() { String::new() } else { format!(", but for {}", kept.join(", ")) };
    plan.add(
        format!("seal: take away everything that is one machine's own{but}; check it; power off"),
        "whatever stays is in every clone",
    );
    match file_system(recipe)? {
        None | Some("ext4") => plan.add(
            "read the disk from outside, against this recipe and the seal list",
            "a shutdown may write again what the seal took away",
        ),
        Some(other) => plan.add(
            "hold what it told of its packages, keys and units against this recipe, and take the word of 'landfall seal \
             --verify' in it",
            format!("its root is {other}, and only ext4 is read from outside"),
        ),
    }
    for format in &recipe.outputs {
        plan.add(
            format!("write {}.{}", recipe.origin.name(), format.ending()),
            "it is one of the recipe's outputs",
        );
    }
    plan.add(
        "write SHA256SUMS, the bill of materials and the manifest beside them",
        "so that others can tell what this is",
    );
    Ok(plan)
}

/// The root's file system, where it is known.
fn file_system(recipe: &Recipe) -> Result<Option<&'static str>> {
    let image = match recipe.base.source(recipe.architecture)? {
        Source::Packages(_) => return Ok(Some(recipe.filesystem.word())),
        _ => recipe.base.distro()?.and_then(|it| it.images.get(recipe.architecture.name())),
    };
    Ok(image.map(|it| it.file_system.as_str()))
}

fn base(recipe: &Recipe, plan: &mut Plan) -> Result<()> {
    let digest =
        |digest: Option<String>| digest.map_or("its vendor's list of digests".into(), |it| format!("'{it}'"));
    match recipe.base.source(recipe.architecture)? {
        Source::Packages(distro) => {
            let kernel = match recipe.kernel {
                Kernel::Generic => "the kernel with all drivers",
                Kernel::Cloud => "the kernel for clouds",
            };
            plan.add(
                format!(
                    "bootstrap {} from its packages, with {kernel} and its root on {}",
                    distro.name,
                    recipe.filesystem.word()
                ),
                "the recipe asks for packages and not for the vendor's image",
            );
        }
        Source::Download { url, digest: None, list: None } => {
            plan.add(format!("fetch {url}"), "it is the vendor's image");
            plan.blocked =
                Some("nothing says what the image has to be: write its digest into the base".into());
        }
        Source::Download { url, digest: known, .. } => plan.add(
            format!(
                "fetch {url}, unless it is here, and hold it against {}",
                digest(known.map(String::from))
            ),
            "it is the image that the recipe starts from",
        ),
        Source::File { path, digest: Some(known) } => plan.add(
            format!("hold {} against '{known}'", path.display()),
            "it is the image that the recipe starts from",
        ),
        Source::File { path, digest: None } => {
            plan.add(format!("take {}", path.display()), "it is the image that the recipe starts from");
            plan.blocked =
                Some("nothing says what the file has to be: write its digest into the base".into());
        }
    }
    Ok(())
}

fn system(recipe: &Recipe, plan: &mut Plan) -> Result<()> {
    plan.add(format!("set the time zone {}", recipe.time_zone), "the recipe, or UTC where it says nothing");
    if let Some(name) = &recipe.hostname {
        plan.add(format!("call it {name}"), "the recipe names it; cloud-init and seeds name clones");
    }
    if !recipe.packages.is_empty() {
        let names: Vec<&str> = recipe.packages.iter().map(|it| it.as_str()).collect();
        plan.add(format!("install {}", names.join(", ")), "packages of the recipe");
    }
    for user in &recipe.users {
        let keys = user.ssh_keys.len();
        let sudo = if user.sudo { ", may become root" } else { "" };
        plan.add(format!("make the user {} ({keys} keys{sudo})", user.name), "a user of the recipe");
    }
    for file in render::files(recipe)? {
        let bytes = file.content.len();
        plan.add(format!("write {} ({bytes} bytes, mode {})", file.path, file.mode), why(file.path.as_str()));
    }
    Ok(())
}

fn why(path: &str) -> &'static str {
    match path {
        render::CONFIG => "the recipe's table 'landfall'",
        render::DAEMON_JSON => "the recipe's table 'docker'",
        landfall_contract::policy::PATH => {
            "what a first boot may do is fixed here, and no seed can change it"
        }
        _ => "a file of the recipe",
    }
}

impl Plan {
    fn add(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.steps.push(Step { what: what.into(), why: why.into() });
    }

    /// For people: a numbered line for each step, its reason below.
    #[must_use]
    pub fn lines(&self) -> String {
        let steps = self
            .steps
            .iter()
            .zip(1..)
            .map(|(step, number)| format!("{number:>3}. {}\n     {}\n", step.what, step.why));
        let blocked = self.blocked.iter().map(|what| format!("     blocked: {what}\n"));
        steps.chain(blocked).collect()
    }
}
