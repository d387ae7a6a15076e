//! What package managers say when they refuse: whether to try again, which lines tell why, what to do.
//!
//! Most end with one code for everything, so their words, in English by our own environment, are all there is
//! to go by.

use distro_matrix::Manager;

use crate::error::Error;
use crate::host::Output;

mod preview;

pub(crate) use preview::{Preview, spoken};

const MOST_LINES: usize = 5;
const LOCKED: [&str; 9] = [
    "Could not get lock",
    "Unable to lock",
    "Unable to acquire the dpkg",
    "locked by another process",
    // zypper; rpm, twice; dnf 4 and yum 3 where they are told not to wait.
    "System management is locked",
    "can't create transaction lock",
    "can't create keyring lock",
    "already locked by",
    "Existing lock",
];
const FULL: &str = "No space left on device";
/// What cannot be had: unknown to the lists, or the lists could not be read.
const NOT_TO_BE_HAD: [&str; 9] = [
    "Unable to locate",
    "Unable to find a match",
    "No match for argument",
    "No package ",
    "No provider of",
    "Failed to download",
    "Error downloading packages",
    "Cannot download",
    "not found on medium",
];
/// What a repository has is not what its key signed.
const UNSIGNED: [&str; 8] = [
    "is not signed",
    "GPG check FAILED",
    "not correct for this package",
    "OpenPGP check for",
    "Signature verification failed",
    "GPG signature",
    "signed with an unknown key",
    "couldn't be verified",
];

/// Whether somebody else's lock was all that was in the way.
pub(crate) fn is_locked(output: &Output) -> bool {
    !output.ok() && LOCKED.iter().any(|words| output.stderr.contains(words) || output.stdout.contains(words))
}

/// The lines that tell why, each once: apt's errors, dpkg's with what explains them, else those of the others.
pub(crate) fn telling(output: &Output) -> String {
    let lines: Vec<&str> = output.stderr.lines().collect();
    let is_error = |line: &str| line.starts_with("E:") || line.starts_with("dpkg: error");
    let mut told: Vec<&str> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        // dpkg explains itself in an indented line below.
        let explains = line.starts_with(' ') && at > 0 && lines[at - 1].starts_with("dpkg: error");
        if (is_error(line) || explains) && !told.contains(&line.trim()) {
            told.push(line.trim());
        }
    }
    if told.is_empty() {
        told = of_rpms_managers(output);
    }
    told.truncate(MOST_LINES);
    if told.is_empty() { output.tail() } else { told.join("; ") }
}

/// What tells nothing about why.
const NOISE: [&str; 19] = [
    "warning:",
    "Importing",
    "Userid",
    "Fingerprint",
    "From ",
    "Key imported",
    "Updating and loading",
    "Repositories loaded",
    "Last metadata",
    "History:",
    "Please ",
    "Problem occurred during",
    "Installation has ",
    "Some of the repositories",
    // dnf 5 shows how far it is on standard error.
    "---",
    "Total size",
    "After this operation",
    "Downloading",
    "Complete!",
];
/// What zypper says on standard output and not on standard error.
const OF_ZYPPER: [&str; 8] = [
    "Problem: ",
    "Warning: File",
    "nothing provides",
    "conflicts with",
    "obsoletes",
    "No provider of",
    "is not signed",
    "returned error",
];

/// dnf tells why on standard error, and more besides; zypper in part on standard output.
fn of_rpms_managers(output: &Output) -> Vec<&str> {
    let is_bar = |line: &str| line.starts_with('[') && line.contains('%');
    let is_noise =
        |line: &&str| line.is_empty() || is_bar(line) || NOISE.iter().any(|words| line.starts_with(words));
    let is_zyppers = |line: &&str| OF_ZYPPER.iter().any(|words| line.contains(words));
    let said =
        output.stderr.lines().map(|line| line.trim().trim_start_matches("- ")).filter(|it| !is_noise(it));
    let mut told: Vec<&str> = Vec::new();
    for line in said.chain(output.stdout.lines().map(str::trim).filter(is_zyppers)) {
        if !told.contains(&line) {
            told.push(line);
        }
    }
    told
}

/// The command that reads the package lists, for people.
pub(crate) fn reading_lists(manager: Manager) -> String {
    let verb = match manager {
        Manager::Apt => "update",
        Manager::Zypper => "refresh",
        Manager::Yum | Manager::Dnf | Manager::Dnf5 => "makecache",
    };
    format!("'{} {verb}'", manager.program())
}

/// A repository that does not answer fails the lists; only if the installation fails too is it fatal. Where
/// Docker cannot be had and it is known where it is, that is the hint.
pub(crate) fn refusal(manager: Manager, known: Option<&str>, update: &Output, install: &Output) -> Error {
    let why = telling(install);
    let mut what = format!("the package manager refused the installation: {why}");
    // What the lists lack, most say again.
    let is_said_again = |told: &str| told.split("; ").next().is_some_and(|first| why.contains(first));
    if !update.ok() && !is_said_again(&telling(update)) {
        what = format!("{what} (reading the package lists had failed: {})", telling(update));
    }
    let said = |words: &[&str]| {
        words.iter().any(|words| install.stderr.contains(words) || install.stdout.contains(words))
    };
    let unread = !update.ok() && !update.stderr.contains(FULL);
    let hint = if said(&UNSIGNED) {
        "nothing of it was installed: a repository of this machine has what its key did not sign; see where it comes from before trying again".to_owned()
    } else if unread || said(&NOT_TO_BE_HAD) {
        let mend =
            format!("mend the package sources ({} must end well) and run again", reading_lists(manager));
        known.filter(|_| why.contains("docker")).map_or(mend.clone(), |known| format!("{known}; or {mend}"))
    } else {
        format!("{}'s own words are above: mend what they name, and run again", manager.program())
    };
    Error::failed(what).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(stderr: &str) -> Output {
        Output { code: 100, stdout: String::new(), stderr: stderr.into() }
    }

    #[test]
    fn package_sources_are_blamed_only_where_they_are_to_blame() {
        let fine = Output::default();
        let blamed = |update: &Output, install: &str| {
            refusal(Manager::Apt, None, update, &refused(install)).hint.unwrap().contains("package sources")
        };
        assert!(blamed(&fine, "E: Unable to locate package docker.io"));
        assert!(blamed(&refused("E: Could not resolve 'deb.invalid'"), "E: Failed to fetch x"));
        assert!(!blamed(&fine, "E: You don't have enough free space in /var/cache/apt/archives/."));
        assert!(!blamed(&refused("E: Write error - write (28: No space left on device)"), "E: Write error"));
        assert!(!blamed(&fine, "E: Packages need to be removed but remove is disabled."));
        assert!(!blamed(&fine, "E: Packages were downgraded and -y was used without --allow-downgrades."));
    }

    #[test]
    fn the_lines_that_tell_why_are_kept_with_what_explains_them() {
        let said = "N: Ignoring a file\ndpkg: error processing archive agent.deb (--unpack):\n \
            new package pre-installation script subprocess returned error exit status 1\n\
            Errors were encountered while processing:\n agent.deb\n\
            E: Sub-process /usr/bin/dpkg returned an error code (1)\n";
        assert_eq!(
            telling(&refused(said)),
            "dpkg: error processing archive agent.deb (--unpack):; \
             new package pre-installation script subprocess returned error exit status 1; \
             E: Sub-process /usr/bin/dpkg returned an error code (1)"
        );
        assert_eq!(telling(&refused("one\ntwo\n")), "one; two");
    }

    #[test]
    fn of_zyppers_history_the_cause_is_told_and_a_hint_of_the_release_only_where_docker_is_missing() {
        let unsigned = "Repository 'os' is invalid.\n[os|http://os.test/] Failed to retrieve new repository metadata.\nHistory:\n \
            - Signature verification failed for repomd.xml\n\nPlease check if the URIs defined for this repository are pointing to a valid repository.\n";
        assert_eq!(
            telling(&refused(unsigned)),
            "Repository 'os' is invalid.; [os|http://os.test/] Failed to retrieve new repository metadata.; \
             Signature verification failed for repomd.xml"
        );
        let hint = |said: &str| {
            let known = Some("Docker is in the Containers module");
            refusal(Manager::Zypper, known, &refused(said), &refused(said)).hint.unwrap()
        };
        assert!(hint(unsigned).contains("its key did not sign"));
        assert!(
            hint("No provider of 'docker' found.").starts_with("Docker is in the Containers module; or mend")
        );
        assert!(
            hint("No provider of 'iptables' found.")
                .starts_with("mend the package sources ('zypper refresh'")
        );
    }
}
