//! Where AWS is: the host names and package addresses of a region.

/// A region, and how it is reached.
#[derive(Debug, Clone, Copy)]
pub struct Endpoints<'a> {
    /// The region's name.
    pub region: &'a str,
    /// Whether to use the names that have IPv6 addresses too.
    pub dual_stack: bool,
}

/// Which version of a package.
pub type Version<'a> = Option<&'a str>;

impl Endpoints<'_> {
    /// The host of the region's object store, where both agents' packages are.
    #[must_use]
    pub fn objects(&self) -> String {
        let suffix = suffix(self.region);
        let stack = if self.dual_stack { "dualstack." } else { "" };
        format!("s3.{stack}{}.{suffix}", self.region)
    }

    /// The SSM agent's package. `system` is `debian` or `linux`, `architecture` as in AWS's names.
    #[must_use]
    pub fn ssm_package(&self, version: Version, system: &str, architecture: &str, ending: &str) -> String {
        format!(
            "https://{}/amazon-ssm-{}/{}/{system}_{architecture}/amazon-ssm-agent.{ending}",
            self.objects(),
            self.region,
            version.unwrap_or("latest")
        )
    }

    /// The ECS agent's package, named by the package manager's own architecture.
    #[must_use]
    pub fn ecs_package(&self, version: Version, architecture: &str, ending: &str) -> String {
        let version = match version {
            None | Some("latest") => "latest".to_owned(),
            Some(version) if version.contains('-') => version.to_owned(),
            Some(version) => format!("{version}-1"),
        };
        format!(
            "https://{}/amazon-ecs-agent-{}/amazon-ecs-init-{version}.{architecture}.{ending}",
            self.objects(),
            self.region
        )
    }
}

/// The domain of the partition that a region belongs to.
#[must_use]
pub fn suffix(region: &str) -> &'static str {
    const BY_PREFIX: [(&str, &str); 6] = [
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("us-isof-", "csp.hci.ic.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
    ];
    let found = BY_PREFIX.iter().find(|(prefix, _)| region.starts_with(prefix));
    found.map_or("amazonaws.com", |(_, suffix)| suffix)
}

/// Whether a text can be a region's name.
#[must_use]
pub fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    parts.len() >= 3
        && parts[..parts.len() - 1].iter().all(word)
        && parts[parts.len() - 1].parse::<u8>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_at_the_addresses_that_aws_documents() {
        let endpoints = Endpoints { region: "us-east-1", dual_stack: false };
        assert_eq!(
            endpoints.ecs_package(None, "amd64", "deb"),
            "https://s3.us-east-1.amazonaws.com/amazon-ecs-agent-us-east-1/amazon-ecs-init-latest.amd64.deb"
        );
        assert_eq!(
            endpoints.ecs_package(Some("1.105.1"), "arm64", "deb"),
            "https://s3.us-east-1.amazonaws.com/amazon-ecs-agent-us-east-1/amazon-ecs-init-1.105.1-1.arm64.deb"
        );
        assert_eq!(
            endpoints.ssm_package(None, "debian", "amd64", "deb"),
            "https://s3.us-east-1.amazonaws.com/amazon-ssm-us-east-1/latest/debian_amd64/amazon-ssm-agent.deb"
        );
    }

    #[test]
    fn each_partition_has_its_own_domain() {
        let hosts = ["cn-north-1", "eusc-de-east-1", "us-gov-west-1", "us-isob-east-1"].map(suffix);
        assert_eq!(hosts, ["amazonaws.com.cn", "amazonaws.eu", "amazonaws.com", "sc2s.sgov.gov"]);
    }

    #[test]
    fn a_slip_of_the_pen_is_no_region() {
        assert!(["us-east-1", "eusc-de-east-1", "ap-southeast-2"].iter().all(|text| is_region(text)));
        assert!(
            !["", "us-east", "useast1", "us-east-1a", "US-EAST-1", "us--1"]
                .iter()
                .any(|text| is_region(text))
        );
    }
}
