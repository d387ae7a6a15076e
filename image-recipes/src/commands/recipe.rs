//! Recipes, looked at: nothing is built.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::base::{self, Store};
use crate::error::{Error, Result};
use crate::recipe::{Recipe, schema};
use crate::{plan, render};

/// What can be chosen.
#[derive(Debug, Args)]
pub struct Flags {
    /// What to tell
    #[command(subcommand)]
    pub question: Question,
}

/// What can be asked of a recipe.
#[derive(Debug, Subcommand)]
pub enum Question {
    /// Whether it is right; says what is wrong, and where
    Check {
        /// The recipes
        #[arg(value_name = "RECIPE", required = true)]
        recipes: Vec<PathBuf>,
    },
    /// What it would do, in order, and why
    Plan {
        /// The recipe
        #[arg(value_name = "RECIPE")]
        recipe: PathBuf,
    },
    /// What it puts into an image: the cloud-config, and each file made of its tables
    Render {
        /// The recipe
        #[arg(value_name = "RECIPE")]
        recipe: PathBuf,
    },
    /// Bring its base into the cache, checked, and print where it is
    Fetch {
        /// The recipe
        #[arg(value_name = "RECIPE")]
        recipe: PathBuf,
    },
    /// The JSON schema of recipes, for editors
    Schema,
}

/// Tells.
///
/// # Errors
/// When the recipe is none.
pub fn run(flags: &Flags, json: bool) -> Result<()> {
    match &flags.question {
        Question::Check { recipes } => check(recipes),
        Question::Plan { recipe } => {
            let plan = plan::plan(&Recipe::read(recipe)?)?;
            match json {
                true => println!("{}", printed(&serde_json::json!({ "version": 1, "plan": plan }))?),
                false => print!("{}", plan.lines()),
            }
            Ok(())
        }
        Question::Render { recipe } => {
            print!("{}", rendered(&Recipe::read(recipe)?)?);
            Ok(())
        }
        Question::Fetch { recipe } => fetch(recipe),
        Question::Schema => {
            println!("{}", printed(&schema())?);
            Ok(())
        }
    }
}

/// Everything that is wrong with any of them, and not the first alone.
fn check(recipes: &[PathBuf]) -> Result<()> {
    let mut wrong = 0;
    for path in recipes {
        match Recipe::read(path).and_then(|recipe| plan::plan(&recipe)) {
            Ok(plan) => eprintln!("{:<10} {}", plan.blocked.map_or("right", |_| "blocked"), path.display()),
            Err(e) => {
                wrong += 1;
                eprintln!("{e}");
            }
        }
    }
    match wrong {
        0 => Ok(()),
        wrong => Err(Error::refused(format!("{wrong} of {} recipes are wrong", recipes.len()))),
    }
}

fn fetch(path: &Path) -> Result<()> {
    match base::bring(&Recipe::read(path)?, &Store::of_user()?)? {
        Some(base) => println!("{}", base.path.display()),
        None => {
            eprintln!("{:<10} this base is made from packages: 'landfall-image bootstrap' does that", "note")
        }
    }
    Ok(())
}

/// Each file under its name.
///
/// # Errors
/// When a file of the recipe cannot be read.
pub fn rendered(recipe: &Recipe) -> Result<String> {
    let mut text = format!("==> user-data\n{}", render::cloud_config(recipe, &[])?);
    for file in render::files(recipe)? {
        text.push_str(&format!("==> {}\n{}", file.path, String::from_utf8_lossy(&file.content)));
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    Ok(text)
}

fn printed(value: &serde_json::Value) -> Result<String> {
    serde_json::to_string_pretty(value).map_err(|e| Error::bug(e.to_string()))
}
