//! What `run` found, as JUnit's XML, which build servers read.

use std::fs;
use std::path::Path;

use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use super::{Outcome, Report};
use crate::error::{Result, While};

/// Writes it.
pub(super) fn write(file: &Path, reports: &[Report]) -> Result<()> {
    let text = text(reports)?;
    fs::write(file, text).doing(|| format!("writing {}", file.display()))
}

/// A suite for each release; a cell is a test case of it.
fn text(reports: &[Report]) -> Result<String> {
    let mut junit = Junit::new("landfall");
    for release in reports.chunk_by(|one, other| one.cell.distro.release == other.cell.distro.release) {
        let mut suite = TestSuite::new(&*release[0].cell.distro.release);
        suite.add_test_cases(release.iter().map(case));
        junit.add_test_suite(suite);
    }
    junit.to_string().doing(|| "writing JUnit's XML")
}

fn case(report: &Report) -> TestCase {
    let status = match &report.outcome {
        Outcome::Ran | Outcome::Prepared => TestCaseStatus::success(),
        Outcome::Failed(why) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(why.as_str());
            status
        }
        Outcome::Skipped(why) | Outcome::NoImage(why) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(why.as_str());
            status
        }
    };
    let mut case = TestCase::new(report.cell.to_string(), status);
    case.set_time(report.took);
    case
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::matrix;

    #[test]
    fn each_cell_is_a_case_of_its_releases_suite() {
        let report = |name: &str, outcome| Report {
            cell: matrix::named(name).unwrap(),
            outcome,
            took: Duration::from_secs(61),
        };
        let text = text(&[
            report("debian-12/x86_64/bios/up", Outcome::Ran),
            report("debian-12/x86_64/uefi/up", Outcome::Failed("status <1> & no \"id\"".into())),
            report("rhel-9/x86_64/uefi/up", Outcome::NoImage("for customers".into())),
        ])
        .unwrap();
        for part in [
            r#"<testsuite name="debian-12" tests="2" skipped="0" errors="0" failures="1">"#,
            r#"<testcase name="debian-12/x86_64/bios/up" time="61.000"/>"#,
            r#"<failure message="status &lt;1&gt; &amp; no &quot;id&quot;"/>"#,
            r#"<testsuite name="rhel-9" tests="1" skipped="1" errors="0" failures="0">"#,
            r#"<skipped message="for customers"/>"#,
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }
}
