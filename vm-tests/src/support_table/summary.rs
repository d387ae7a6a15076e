//! Where Landfall works, in short: a row for each family, with what ran in one sentence each.

use distro_matrix::{Distro, Support};

use super::evidence::{Evidence, Tried};
use super::page::commit_words;
use super::{docker_from, families, generation, joined, joined_by};

/// What ran, ran on this alone.
const ARCHITECTURE: &str = "x86_64";

pub(super) fn table(evidence: &Evidence) -> String {
    let mut text = "| | releases | package manager | Docker from | ran |\n|---|---|---|---|---|\n".to_owned();
    for (family, mut releases) in families() {
        releases.retain(|distro| distro.refused.is_none() && distro.windows.is_none());
        if !releases.is_empty() {
            text += &format!(
                "| {family} | {} | {} | {} | {} |\n",
                joined(releases.iter().copied()),
                grouped(&releases, |distro| generation(distro.packages.manager).to_owned()),
                grouped(&releases, docker_from),
                ran(evidence, &releases)
            );
        }
    }
    text + "\n" + &turned_away() + &newest(evidence)
}

/// What is the same for all, or each with the releases that it is of; what most have comes last, without them.
fn grouped(releases: &[&'static Distro], of: impl Fn(&Distro) -> String) -> String {
    let mut groups: Vec<(String, Vec<&Distro>)> = Vec::new();
    for distro in releases {
        let what = of(distro);
        match groups.iter_mut().find(|(known, _)| *known == what) {
            Some((_, group)) => group.push(distro),
            None => groups.push((what, vec![distro])),
        }
    }
    groups.sort_by_key(|(_, group)| group.len());
    let last = groups.len().saturating_sub(1);
    let words = groups.into_iter().enumerate().map(|(place, (what, group))| match place == last {
        true => what,
        false => format!("{what} ({})", joined(group)),
    });
    words.collect::<Vec<_>>().join("; ")
}

/// What became of whom; the largest group is all the others.
fn ran(evidence: &Evidence, releases: &[&'static Distro]) -> String {
    let these = |is_it: fn(&Tried) -> bool| -> Vec<&Distro> {
        releases.iter().copied().filter(|distro| is_it(&evidence.tried(distro, ARCHITECTURE))).collect()
    };
    let mut groups = vec![
        (these(|it| matches!(it, Tried::Itself(_))), ["ran itself", "ran themselves"]),
        (these(|it| matches!(it, Tried::StandIn(_))), ["ran as a stand-in", "ran as stand-ins"]),
        (
            these(|it| matches!(it, Tried::Misnamed(_))),
            ["with a dnf 4 under the name yum alone, as a stand-in"; 2],
        ),
        (these(|it| matches!(it, Tried::Lent(_))), ["by another's stand-in"; 2]),
        (these(|it| matches!(it, Tried::Never)), ["planned, never run"; 2]),
    ];
    groups.retain(|(group, _)| !group.is_empty());
    let named = groups.len() - 1;
    groups.sort_by_key(|(group, _)| group.len() > releases.len() / 2);
    let words = groups.into_iter().enumerate().map(|(place, (group, [of_one, of_many]))| {
        let how = if group.len() == 1 { of_one } else { of_many };
        match place {
            _ if named == 0 => how.to_owned(),
            _ if place == named && group.len() > 3 => format!("the others {how}"),
            _ => format!("{} {how}", joined(group)),
        }
    });
    words.collect::<Vec<_>>().join("; ")
}

fn turned_away() -> String {
    let refused = families().into_iter().flat_map(|(_, releases)| releases);
    let refused = refused.filter(|distro| distro.support == Support::Refused);
    format!("Turned away with a reason: {}.\n", joined_by("; ", refused))
}

fn newest(evidence: &Evidence) -> String {
    match evidence.runs().first() {
        Some((date, commit)) => {
            format!("The newest run in this table is of {date}, at {}.\n", commit_words(commit))
        }
        None => "No run is in this table yet.\n".to_owned(),
    }
}
