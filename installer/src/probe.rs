//! What needs the network, asked before anything is touched.
//!
//! A closed firewall, a DNS without answers or a wrong clock would otherwise be found half-way, some of
//! them only when the activation is used. Only what the plan will really ask is asked.

use jiff::SignedDuration;

use crate::error::{Error, Result};
use crate::host::Host;
use crate::partition;
use crate::plan::Plan;
use crate::step::Step;

/// The service refuses signatures that are further from its own time than this.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// Asks the endpoints that this plan will need.
///
/// # Errors
/// When one cannot be reached, or its clock and ours disagree. Nothing was touched.
pub fn probe(host: &dyn Host, plan: &Plan) -> Result<()> {
    let addresses = addresses(host, plan)?;
    for answer in host.reach(&addresses) {
        let Some(theirs) = answer? else { continue };
        let ahead = host.now().duration_since(theirs);
        if ahead.abs() > TOLERANCE {
            let word = if ahead.is_positive() { "ahead of" } else { "behind" };
            return Err(Error::failed(format!(
                "this machine's clock is {} minutes {word} AWS's, and signatures would be refused",
                ahead.abs().as_mins()
            ))
            .hint("set the clock, best by NTP: 'timedatectl set-ntp true'; then run again"));
        }
    }
    Ok(())
}

fn addresses(host: &dyn Host, plan: &Plan) -> Result<Vec<String>> {
    let mut addresses = Vec::new();
    for item in plan {
        match &item.step {
            Step::InstallPackages(install) if item.step.check(host)?.is_some() => {
                addresses.extend(install.missing_files(host)?.iter().filter_map(|file| origin(&file.url)));
            }
            Step::Register(register) if item.step.check(host)?.is_some() => {
                let region = &register.region;
                addresses.push(format!("https://ssm.{region}.{}/", partition::suffix(region)));
            }
            _ => {}
        }
    }
    addresses.sort();
    addresses.dedup();
    Ok(addresses)
}

/// The address of a URL's host alone.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    Some(format!("{scheme}://{}/", rest.split('/').next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_host_of_a_package_is_asked() {
        assert_eq!(origin("https://s3.example/a/b.deb").as_deref(), Some("https://s3.example/"));
    }
}
