//! `amazon-ssm-agent`: the command line, and which part of the agent it calls.
//!
//! Flags are Go's: one dash or two, `-name value` or `-name=value`. Without any flag it is the daemon.

mod config;
mod daemon;
mod fingerprint;
mod hardware;
mod key_pair;
mod places;
mod registration;
mod role_token;
mod shared_credentials;
mod vault;

pub(crate) use config::Config;
pub(crate) use hardware::primary_address;
pub(crate) use places::Places;
pub(crate) use shared_credentials::{read_credentials, shared_file};
pub(crate) use vault::Vault;

use crate::log::Log;
use registration::Activation;
use std::process::ExitCode;

/// The version that the stand-in stands in for.
pub const VERSION: &str = "3.3.0.0";

/// Runs the program with its arguments (without its own name).
pub fn run(arguments: Vec<String>) -> ExitCode {
    if arguments.is_empty() {
        return daemon::run(&Places::of_the_system());
    }
    let Some(flags) = Flags::parse(&arguments) else {
        usage();
        return ExitCode::from(2);
    };
    if flags.version {
        println!("SSM Agent version: {VERSION} (stand-in for tests)");
        return ExitCode::SUCCESS;
    }
    let places = Places::of_the_system();
    let log = Log::ssm(&places.logs());
    ExitCode::from(answer(&flags, &places, &log))
}

fn answer(flags: &Flags, places: &Places, log: &Log) -> u8 {
    let config = Config::read(&places.config(), log);
    if flags.fingerprint {
        return fingerprint::change_threshold(&Vault::new(places), flags.similarity_threshold, log);
    }
    if !flags.register {
        usage();
        return 1;
    }
    if let Some(activation) = flags.activation() {
        return registration::register(&activation, places, &config, log);
    }
    if flags.clear {
        return registration::clear(places, log);
    }
    usage();
    1
}

#[derive(Default, Debug, PartialEq)]
struct Flags {
    register: bool,
    clear: bool,
    fingerprint: bool,
    version: bool,
    yes: bool,
    disable_similarity_check: bool,
    code: String,
    id: String,
    region: String,
    similarity_threshold: i64,
}

impl Flags {
    fn parse(arguments: &[String]) -> Option<Self> {
        let mut flags = Flags { similarity_threshold: 40, ..Flags::default() };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let name = argument.strip_prefix("--").or(argument.strip_prefix('-'))?;
            let (name, attached) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (name, None),
            };
            let mut value = || attached.clone().or_else(|| rest.next().cloned());
            match name {
                "register" => flags.register = true,
                "clear" => flags.clear = true,
                "fingerprint" => flags.fingerprint = true,
                "version" => flags.version = true,
                "y" => flags.yes = true,
                "disableSimilarityCheck" => flags.disable_similarity_check = true,
                "code" => flags.code = value()?,
                "id" => flags.id = value()?,
                "region" => flags.region = value()?,
                "similarityThreshold" => flags.similarity_threshold = value()?.parse().ok()?,
                _ => return None,
            }
        }
        Some(flags)
    }

    fn activation(&self) -> Option<Activation> {
        if self.code.is_empty() || self.id.is_empty() || self.region.is_empty() {
            return None;
        }
        Some(Activation {
            code: self.code.clone(),
            id: self.id.clone(),
            region: self.region.clone(),
            yes: self.yes,
            disable_similarity_check: self.disable_similarity_check,
        })
    }
}

fn usage() {
    eprintln!("\nCommand-line Usage (stand-in for tests):");
    eprintln!("\t-register -code CODE -id ID -region REGION [-disableSimilarityCheck] [-y]");
    eprintln!("\t-register -clear\tforgets the registration");
    eprintln!("\t-fingerprint -similarityThreshold N\t1 to 100, or -1 for no check");
    eprintln!("\t-version");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Option<Flags> {
        Flags::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn flags_take_one_dash_or_two_and_an_equals_sign() {
        let one = parsed("-register -code C -id I -region R -y").unwrap();
        assert_eq!(one, parsed("--register --code=C --id=I -region=R --y").unwrap());
        assert!(one.yes && one.activation().is_some());
    }

    #[test]
    fn an_unknown_flag_or_a_missing_value_is_refused() {
        assert_eq!(parsed("-regsiter"), None);
        assert_eq!(parsed("-register -code"), None);
    }

    #[test]
    fn without_a_region_there_is_no_activation() {
        assert!(parsed("-register -code C -id I").unwrap().activation().is_none());
    }
}
