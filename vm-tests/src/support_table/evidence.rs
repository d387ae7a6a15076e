//! What tests say of a release: how often it is detected, how often planned, and what ran.
//!
//! A stand-in lends its proof to other releases by one rule, [`Evidence::lender`], and to nobody else.

use std::collections::BTreeMap;
use std::fs;

use distro_matrix::{Distro, Manager};

use super::{generation, in_order};
use crate::error::{Result, While};
use crate::programs::workspace;
use crate::proofs::Proof;

const DETECTED: &str = "distro-matrix/os-release/expected.tsv";
pub(super) const PLANS: &str = "installer/tests/plans/releases";

pub(super) struct Evidence<'a> {
    /// An os-release file's name, with the release and the support it is taken for.
    detected: Vec<(String, String, String)>,
    /// The accepted plans: by release, by the file's name.
    plans: BTreeMap<String, BTreeMap<String, String>>,
    proofs: &'a [Proof],
}

/// How far a release's package manager was proved.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tried<'a> {
    /// The release itself ran.
    Itself(&'a Proof),
    /// A Debian ran that poses as it, with its package manager.
    StandIn(&'a Proof),
    /// Another release's stand-in ran, with the same generation of package manager and a plan of the same steps.
    Lent(&'a Proof),
    /// A stand-in ran with another generation of package manager under the same name.
    Misnamed(&'a Proof),
    /// Nothing ran.
    Never,
}

impl<'a> Evidence<'a> {
    pub(super) fn gather(proofs: &'a [Proof]) -> Result<Self> {
        let table = fs::read_to_string(workspace().join(DETECTED)).doing(|| format!("reading {DETECTED}"))?;
        let rows = table.lines().filter(|line| !line.starts_with('#'));
        let detected = rows.filter_map(|row| {
            let mut columns = row.split('\t').map(str::to_owned);
            Some((columns.next()?, columns.next()?, columns.next()?))
        });
        let mut plans = BTreeMap::new();
        for release in fs::read_dir(workspace().join(PLANS)).doing(|| format!("reading {PLANS}"))? {
            let release = release?;
            let mut texts = BTreeMap::new();
            for plan in fs::read_dir(release.path())? {
                let plan = plan?;
                texts.insert(name(&plan), fs::read_to_string(plan.path())?);
            }
            plans.insert(name(&release), texts);
        }
        Ok(Self { detected: detected.collect(), plans, proofs })
    }

    /// How many os-release files are taken for the release itself; of one that is turned away, how many are called
    /// like it.
    pub(super) fn detected(&self, distro: &Distro) -> usize {
        let is_it = |(file, release, support): &&(String, String, String)| match distro.refused {
            Some(_) => file == &distro.release || file.starts_with(&format!("{}-", distro.release)),
            None => release == &distro.release && support != "untested",
        };
        self.detected.iter().filter(is_it).count()
    }

    /// The os-release files of derivatives of the release.
    pub(super) fn derivatives(&self, distro: &Distro) -> Vec<&str> {
        let is_one = |it: &&(String, String, String)| it.1 == distro.release && it.2 == "untested";
        self.detected.iter().filter(is_one).map(|it| it.0.as_str()).collect()
    }

    /// How many plans were accepted with what they ask on this architecture.
    pub(super) fn planned(&self, distro: &Distro, architecture: &str) -> usize {
        let asks = format!("\nOn {architecture} it asks:\n");
        self.plans
            .get(&distro.release)
            .map_or(0, |plans| plans.values().filter(|it| it.contains(&asks)).count())
    }

    pub(super) fn tried(&self, distro: &Distro, architecture: &str) -> Tried<'a> {
        let here = self.proofs.iter().filter(|proof| proof.architecture == architecture);
        let own = here.clone().filter(|proof| proof.release == distro.release);
        match own.max_by_key(|proof| (proof.stand_in_on.is_none(), &proof.date)) {
            Some(proof) if proof.stand_in_on.is_none() => Tried::Itself(proof),
            Some(proof) if is_of_generation(proof, distro.packages.manager) => Tried::StandIn(proof),
            Some(proof) => Tried::Misnamed(proof),
            None => self.lender(distro, here).map_or(Tried::Never, Tried::Lent),
        }
    }

    /// A stand-in's proof counts for another release of its family that has the same generation of the same package
    /// manager and, on a fresh machine, a plan of the same kinds of steps in the same order: so Docker comes from the
    /// same kind of source. What ran as itself lends nothing.
    fn lender(&self, distro: &Distro, proofs: impl Iterator<Item = &'a Proof>) -> Option<&'a Proof> {
        let lends = |proof: &&Proof| {
            let Some(lender) = distro_matrix::named(&proof.release) else { return false };
            let manager = distro.packages.manager;
            distro.refused.is_none()
                && proof.stand_in_on.is_some()
                && lender.family == distro.family
                && lender.packages.manager == manager
                && is_of_generation(proof, manager)
                && self.steps(lender).is_some_and(|steps| self.steps(distro) == Some(steps))
        };
        proofs.filter(lends).max_by_key(|proof| in_order(&proof.release))
    }

    /// The kinds of steps of the accepted plan for a fresh machine, by the word that each begins with.
    fn steps(&self, distro: &Distro) -> Option<Vec<&str>> {
        self.plans.get(&distro.release)?.get("fresh.txt").map(|plan| step_words(plan).collect())
    }

    /// The proofs, newest first.
    pub(super) fn runs(&self) -> Vec<(&str, &str)> {
        let mut runs: Vec<(&str, &str)> =
            self.proofs.iter().map(|proof| (proof.date.as_str(), proof.commit.as_str())).collect();
        runs.sort_unstable_by(|one, other| other.cmp(one));
        runs.dedup();
        runs
    }
}

fn name(entry: &fs::DirEntry) -> String {
    entry.file_name().to_string_lossy().into_owned()
}

/// `12. install docker, iptables` is `install`.
fn step_words(plan: &str) -> impl Iterator<Item = &str> {
    plan.lines().filter_map(|line| {
        let (number, step) = line.trim_start().split_once(". ")?;
        number.parse::<u32>().ok()?;
        step.split(' ').next()
    })
}

/// Whether what ran is of the generation that the matrix means; where it tells none apart, any is.
fn is_of_generation(proof: &Proof, manager: Manager) -> bool {
    let major = proof.manager_number().split('.').next().unwrap_or_default();
    generation(manager).split_once(' ').is_none_or(|(_, meant)| meant == major)
}

#[cfg(test)]
mod tests;
