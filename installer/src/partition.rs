//! Where AWS is: the host names and package addresses of a region.

use reqwest::Url;

/// A region, and how it is reached.
#[derive(Debug, Clone, Copy)]
pub struct Endpoints<'a> {
    /// The region's name.
    pub region: &'a str,
    /// Whether to use the names that have IPv6 addresses too.
    pub dual_stack: bool,
    /// The base address of a mirror of the agents' packages, laid out as AWS's buckets are.
    pub mirror: Option<&'a str>,
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

    /// What the addresses of both agents' packages begin with.
    fn packages(&self) -> String {
        self.mirror.map_or_else(|| format!("https://{}", self.objects()), str::to_owned)
    }

    /// The host of a service. Names with IPv6 addresses are known of AWS's main partition only.
    #[must_use]
    pub fn service(&self, name: &str) -> String {
        match suffix(self.region) {
            "amazonaws.com" if self.dual_stack => format!("{name}.{}.api.aws", self.region),
            suffix => format!("{name}.{}.{suffix}", self.region),
        }
    }

    /// The SSM agent's package. `system` is `debian` or `linux`, `architecture` as in AWS's names.
    #[must_use]
    pub fn ssm_package(&self, version: Version, system: &str, architecture: &str, ending: &str) -> String {
        format!(
            "{}/amazon-ssm-{}/{}/{system}_{architecture}/amazon-ssm-agent.{ending}",
            self.packages(),
            self.region,
            version.unwrap_or("latest")
        )
    }

    /// What AWS's script for Windows takes everything but the SSM agent from, or its sum.
    #[cfg(any(windows, test))]
    #[must_use]
    pub fn windows_artifacts(&self, ending: &str) -> String {
        format!(
            "{}/amazon-ecs-agent-{}/ECSAnywhereWindowsArtifacts.zip{ending}",
            self.packages(),
            self.region
        )
    }

    /// The SSM agent's installer for Windows.
    #[cfg(any(windows, test))]
    #[must_use]
    pub fn ssm_setup(&self, version: Version) -> String {
        format!(
            "{}/amazon-ssm-{}/{}/windows_amd64/AmazonSSMAgentSetup.exe",
            self.packages(),
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
            "{}/amazon-ecs-agent-{}/amazon-ecs-init-{version}.{architecture}.{ending}",
            self.packages(),
            self.region
        )
    }
}

const COMMERCIAL: &str = "amazonaws.com";
const BY_PREFIX: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
];

/// The domain of the partition that a region belongs to.
#[must_use]
pub fn suffix(region: &str) -> &'static str {
    let found = BY_PREFIX.iter().find(|(prefix, _)| region.starts_with(prefix));
    found.map_or(COMMERCIAL, |(_, suffix)| suffix)
}

/// The host that an address leads to, as whoever asks it reads the address: decoded, in small letters, and
/// without the dot of a whole name. `None` where it leads to none.
#[must_use]
pub fn host_of(url: &str) -> Option<String> {
    Some(Url::parse(url).ok()?.host_str()?.trim_end_matches('.').to_owned())
}

/// Whether an address is among those where AWS itself keeps the agents' packages, of any region and
/// whether the bucket is named in the host or in the path; a bucket of somebody's own is not.
#[must_use]
pub fn is_official(url: &str) -> bool {
    let (Some(host), Ok(url)) = (host_of(url), Url::parse(url)) else { return false };
    let domains = BY_PREFIX.iter().map(|(_, domain)| *domain).chain([COMMERCIAL]);
    let Some(place) = domains.filter_map(|domain| host.strip_suffix(domain)?.strip_suffix('.')).next() else {
        return false;
    };
    let path = decoded(url.path());
    let path = path.trim_start_matches('/');
    let is_bucket = |name: &str| name.starts_with("amazon-ssm-") || name.starts_with("amazon-ecs-agent");
    let whole_store = place == "s3" || place.starts_with("s3.") || place.starts_with("s3-");
    is_bucket(place) || (whole_store && (path.is_empty() || is_bucket(path)))
}

/// A path as the server reads it.
fn decoded(path: &str) -> String {
    let mut pieces = path.split('%');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.get(..2).and_then(|figures| u8::from_str_radix(figures, 16).ok()) {
            Some(byte) => text = text + &char::from(byte).to_string() + &piece[2..],
            None => text = text + "%" + piece,
        }
    }
    text.to_ascii_lowercase()
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
        let endpoints = Endpoints { region: "us-east-1", dual_stack: false, mirror: None };
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
    fn a_mirror_has_the_same_packages_under_its_own_address() {
        let mirror = Some("https://mirror.example/aws");
        let endpoints = Endpoints { region: "eu-west-1", dual_stack: true, mirror };
        assert_eq!(
            endpoints.ssm_package(Some("3.3.0.0"), "debian", "arm64", "deb"),
            "https://mirror.example/aws/amazon-ssm-eu-west-1/3.3.0.0/debian_arm64/amazon-ssm-agent.deb"
        );
        assert_eq!(
            endpoints.ecs_package(None, "arm64", "deb"),
            "https://mirror.example/aws/amazon-ecs-agent-eu-west-1/amazon-ecs-init-latest.arm64.deb"
        );
    }

    #[test]
    fn aws_own_addresses_are_known_however_they_are_written() {
        for official in [
            "https://s3.us-east-1.amazonaws.com",
            "https://s3.us-east-1.amazonaws.com/amazon-ssm-us-east-1/latest",
            "http://S3.DUALSTACK.us-east-1.amazonaws.com.:443/amazon-ecs-agent-us-east-1/x.deb",
            "https://amazon-ecs-agent-us-east-1.s3.us-east-1.amazonaws.com/x.deb",
            "https://s3.cn-north-1.amazonaws.com.cn/amazon-ecs-agent-cn-north-1/x.deb",
            "https://s3.us-east-1.%61mazonaws.com/amazon-ssm-us-east-1/latest",
            "https://s3.us-east-1.amazonaws.com\\amazon-ssm-us-east-1\\latest",
            "https://s3.us-east-1.amazonaws.com/%61mazon-ssm-us-east-1/latest",
            "https://s3.us-east-1.amazonaws.com/harbour/../amazon%2Dssm-us-east-1/latest",
            "https://s3.us-east-1.amazonaws.com/harbour/%2e%2E/amazon-ssm-us-east-1/latest",
            "https://user@s3.us-east-1.\u{ff41}mazonaws.com//amazon-ssm-us-east-1/latest",
        ] {
            assert!(is_official(official), "{official}");
        }
        for other in [
            "https://mirror.example/amazon-ssm-us-east-1",
            "https://s3.us-east-1.amazonaws.com/harbour-mirror",
            "https://harbour.s3.us-east-1.amazonaws.com/amazon-ssm-us-east-1/x.deb",
            "https://s3.us-east-1.amazonaws.com.example/amazon-ssm-us-east-1/x.deb",
        ] {
            assert!(!is_official(other), "{other}");
        }
    }

    #[test]
    fn services_have_other_names_where_there_is_ipv6() {
        let host = |dual_stack| Endpoints { region: "us-east-1", dual_stack, mirror: None }.service("ssm");
        assert_eq!(
            (host(false).as_str(), host(true).as_str()),
            ("ssm.us-east-1.amazonaws.com", "ssm.us-east-1.api.aws")
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
