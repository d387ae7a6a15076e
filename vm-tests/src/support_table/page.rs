//! The generated parts of `docs/support.md`.

use distro_matrix::{Distro, Format, Support};

use super::evidence::{Evidence, PLANS, Tried};
use super::{docker_from, families, generation, joined, short};
use crate::proofs::Proof;

const NEVER: &str = "planned, never run";

/// A table for each family, with a row for each release and architecture.
pub(super) fn releases(evidence: &Evidence) -> String {
    let mut text = runs(evidence);
    for (family, releases) in families() {
        text += &format!(
            "\n## {family}\n\n| release | file | support | architecture | detected | planned | package manager | booted |\n\
             |---|---|---|---|---|---|---|---|\n"
        );
        for distro in &releases {
            let mut architectures: Vec<&str> =
                distro.architectures.keys().map(String::as_str).rev().collect();
            if architectures.is_empty() {
                architectures.push("any");
            }
            text.extend(architectures.into_iter().map(|it| row(evidence, distro, it)));
        }
        text += "\n";
        text += &notes(releases);
    }
    text + "\n"
}

fn runs(evidence: &Evidence) -> String {
    let runs = evidence.runs();
    if runs.is_empty() {
        return "No run was recorded.\n".to_owned();
    }
    let words: Vec<String> =
        runs.iter().map(|(date, commit)| format!("{date} at {}", commit_words(commit))).collect();
    format!("What ran, ran on {}.\n", words.join(", on "))
}

/// The commit, and whether that was all.
pub(super) fn commit_words(commit: &str) -> String {
    match commit.split_once(' ') {
        Some((commit, rest)) => format!("`{commit}` {rest}"),
        None => format!("`{commit}`"),
    }
}

fn row(evidence: &Evidence, distro: &Distro, architecture: &str) -> String {
    let cells = [
        short(distro).to_owned(),
        format!("`{}`", distro.release),
        support(distro),
        architecture.to_owned(),
        detected(evidence, distro),
        planned(evidence, distro, architecture),
        package_manager(evidence, distro, architecture),
        booted(evidence, distro, architecture),
    ];
    format!("| {} |\n", cells.join(" | "))
}

fn support(distro: &Distro) -> String {
    let end = distro.end_of_life.as_deref();
    match (distro.support, end) {
        (Support::Refused, _) => "refused".to_owned(),
        (Support::Eol, Some(end)) => format!("end of life since {end}"),
        (Support::Eol, None) => "end of life".to_owned(),
        (_, Some(end)) => format!("supported until {end}"),
        (_, None) => "supported, rolls on".to_owned(),
    }
}

/// Why releases are refused, and what to do about the end of those that have ended: once for all that it is said of.
fn notes(mut releases: Vec<&'static Distro>) -> String {
    let mut text = String::new();
    releases.retain(|distro| note(distro).is_some());
    while let Some(first) = releases.first().and_then(|distro| note(distro)) {
        let (alike, rest): (Vec<&Distro>, _) =
            releases.into_iter().partition(|distro| note(distro).as_ref() == Some(&first));
        releases = rest;
        text += &format!("- {}, {first}.\n", joined(alike));
    }
    text
}

fn note(distro: &Distro) -> Option<String> {
    match (&distro.refused, &distro.after_end) {
        (Some(reason), _) => Some(format!("refused: {reason}")),
        (None, Some(after)) if distro.support == Support::Eol => Some(format!("past its end: {after}")),
        _ => None,
    }
}

/// Windows has no os-release: it is known by its build.
fn detected(evidence: &Evidence, distro: &Distro) -> String {
    if distro.windows.is_some() {
        return "by its build".to_owned();
    }
    let count = evidence.detected(distro);
    format!("{count} file{}", if count == 1 { "" } else { "s" })
}

fn planned(evidence: &Evidence, distro: &Distro, architecture: &str) -> String {
    if distro.windows.is_some() {
        return format!("[its plan](../installer/tests/plans/windows/{}.txt)", distro.release);
    }
    match evidence.planned(distro, architecture) {
        0 => "no".to_owned(),
        count => format!("[{count} plans](../{PLANS}/{})", distro.release),
    }
}

fn package_manager(evidence: &Evidence, distro: &Distro, architecture: &str) -> String {
    if distro.refused.is_some() || distro.windows.is_some() {
        return "no".to_owned();
    }
    let manager = generation(distro.packages.manager);
    let text = match evidence.tried(distro, architecture) {
        Tried::Never => return NEVER.to_owned(),
        Tried::Itself(proof) => format!("{} itself, {}", versions(distro, proof), run(proof)),
        Tried::StandIn(proof) => format!("{} ({}), {}", versions(distro, proof), stand_in(proof), run(proof)),
        Tried::Lent(proof) => format!("{manager}, by {}'s stand-in", proof.release),
        Tried::Misnamed(proof) => format!(
            "{manager}: {NEVER}; dnf {} under the name {} ({}), {}",
            proof.manager_number(),
            proof.manager,
            stand_in(proof),
            run(proof)
        ),
    };
    if distro.subscription { format!("{text}; its subscription's repositories: {NEVER}") } else { text }
}

fn versions(distro: &Distro, proof: &Proof) -> String {
    let manager = generation(distro.packages.manager).split(' ').next().unwrap_or_default();
    let database = match distro.packages.manager.format() {
        Format::Deb => "dpkg",
        Format::Rpm => "rpm",
    };
    format!("{manager} {} and {database} {}", proof.manager_number(), proof.database_number())
}

fn stand_in(proof: &Proof) -> String {
    let name = |release: &str| distro_matrix::named(release).map_or(release, short).to_owned();
    let on = proof.stand_in_on.as_deref().unwrap_or_default();
    format!("stand-in: {} on {}", name(&proof.release), name(on))
}

fn run(proof: &Proof) -> String {
    format!("{}, {}", proof.date, commit_words(&proof.commit))
}

fn booted(evidence: &Evidence, distro: &Distro, architecture: &str) -> String {
    if distro.windows.is_some() {
        return "never run on real Windows".to_owned();
    }
    match evidence.tried(distro, architecture) {
        Tried::Itself(proof) => format!("in a {}", proof.machine),
        _ => "no".to_owned(),
    }
}

/// The releases that derivatives are taken for, with the files that say so.
pub(super) fn derivatives(evidence: &Evidence) -> String {
    let mut text = "| like | os-release files |\n|---|---|\n".to_owned();
    for distro in families().into_iter().flat_map(|(_, releases)| releases) {
        let files: Vec<String> =
            evidence.derivatives(distro).iter().map(|file| format!("`{file}`")).collect();
        if !files.is_empty() {
            text += &format!("| {} | {} |\n", short(distro), files.join(", "));
        }
    }
    text
}

/// What each word of `--docker-install-source` means, by releases for which it means the same.
pub(super) fn docker() -> String {
    let mut text =
        "| releases | `all`, where nothing is asked for | `distro` | `docker` |\n|---|---|---|---|\n"
            .to_owned();
    for (_, mut releases) in families() {
        releases.retain(|distro| distro.refused.is_none() && distro.windows.is_none());
        while let Some(first) = releases.first().copied() {
            let words = sources(first);
            let (alike, rest): (Vec<&Distro>, _) =
                releases.into_iter().partition(|distro| sources(distro) == words);
            releases = rest;
            text += &format!("| {} | {} |\n", joined(alike), words.join(" | "));
        }
    }
    text
}

fn sources(distro: &Distro) -> [String; 3] {
    let packages = &distro.packages;
    let own = match packages.docker.as_slice() {
        [] => "refused: it has none that would do".to_owned(),
        names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    };
    let docker = match packages.docker_repository {
        Some(_) => "Docker's repository",
        None => "refused: Docker has no repository for it",
    };
    [docker_from(distro), own, docker.to_owned()]
}
