//! What the servers of the agents' packages offer: as much of a file as Landfall reads, its control data.

use std::path::Path;

use super::Fake;
use crate::error::{Error, Result};
use crate::host::ControlData;

/// What a machine is offered unless a test says otherwise.
pub(super) const LATEST: [(&str, &str); 2] =
    [("amazon-ssm-agent", "3.3.0.0-1"), ("amazon-ecs-init", "1.105.1-1")];

impl Fake {
    /// From now on this file comes in the place of the package of that name.
    pub fn offer(&mut self, instead_of: &str, name: &str, version: &str) {
        let (name, version, architecture) = (name.into(), version.into(), self.packages_for().into());
        self.offers.insert(instead_of.into(), ControlData { name, version, architecture });
    }

    /// The text of the file that comes for a package.
    pub(super) fn offered(&self, name: &str) -> String {
        let latest = LATEST.iter().find(|(package, _)| *package == name).map_or("1", |(_, version)| version);
        match self.offers.get(name) {
            Some(other) => format!("{}\n{}\n{}\n", other.name, other.version, other.architecture),
            None => format!("{name}\n{latest}\n{}\n", self.packages_for()),
        }
    }

    /// The text of the file at an address of one version of the SSM agent's package; what is offered in its
    /// place comes there too.
    pub(super) fn one_version(&self, url: &str) -> Option<String> {
        let (_, rest) = url.split_once("/amazon-ssm-us-east-1/")?;
        let version =
            rest.split('/').next().filter(|text| text.starts_with(|it: char| it.is_ascii_digit()))?;
        let none_instead = !self.offers.contains_key("amazon-ssm-agent");
        none_instead.then(|| format!("amazon-ssm-agent\n{version}-1\n{}\n", self.packages_for()))
    }

    /// The package manager's word for this processor.
    fn packages_for(&self) -> &'static str {
        if self.has_rpm() { "x86_64" } else { "amd64" }
    }

    pub(super) fn control_of(&self, file: &Path) -> Result<ControlData> {
        let text = self.disk.text(&file.display().to_string()).unwrap_or_default();
        let mut lines = text.lines().map(str::to_owned);
        let fields = (lines.next(), lines.next(), lines.next());
        let (Some(name), Some(version), Some(architecture)) = fields else {
            return Err(Error::failed(format!("{} is no package", file.display())));
        };
        Ok(ControlData { name, version, architecture })
    }
}
