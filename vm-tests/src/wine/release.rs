//! What wine says of itself, so that it is taken for a release of Windows Server: a label, and no more.

use std::fs;

use super::Wine;
use crate::error::Result;

/// What a machine can be labelled as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Windows Server 2016.
    Server2016,
    /// Windows Server 2019.
    Server2019,
    /// Windows Server, version 20H2, which there is without a desktop alone.
    Server20H2,
    /// Windows Server 2022.
    Server2022,
    /// Windows Server 2025.
    Server2025,
}

impl Release {
    /// All of them.
    pub const ALL: [Release; 5] = [
        Release::Server2016,
        Release::Server2019,
        Release::Server20H2,
        Release::Server2022,
        Release::Server2025,
    ];

    /// The number of its build, by which releases are told apart.
    pub fn build(self) -> &'static str {
        match self {
            Release::Server2016 => "14393",
            Release::Server2019 => "17763",
            Release::Server20H2 => "19042",
            Release::Server2022 => "20348",
            Release::Server2025 => "26100",
        }
    }

    fn product(self) -> &'static str {
        match self {
            Release::Server2016 => "Windows Server 2016 Datacenter",
            Release::Server2019 => "Windows Server 2019 Datacenter",
            Release::Server20H2 => "Windows Server Datacenter",
            Release::Server2022 => "Windows Server 2022 Datacenter",
            Release::Server2025 => "Windows Server 2025 Datacenter",
        }
    }

    fn installation(self) -> &'static str {
        if self == Release::Server20H2 { "Server Core" } else { "Server" }
    }
}

impl Wine {
    /// Labels the machine: from now on its registry has what that of this release has.
    pub fn pose_as(&self, release: Release) -> Result<()> {
        let (build, product, installation) = (release.build(), release.product(), release.installation());
        let label = format!(
            "REGEDIT4\n\n\
             [HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows NT\\CurrentVersion]\n\
             \"CurrentBuild\"=\"{build}\"\n\
             \"CurrentBuildNumber\"=\"{build}\"\n\
             \"ProductName\"=\"{product}\"\n\
             \"EditionID\"=\"ServerDatacenter\"\n\
             \"InstallationType\"=\"{installation}\"\n\n\
             [HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Control\\ProductOptions]\n\
             \"ProductType\"=\"ServerNT\"\n"
        );
        let file = self.file(FILE)?;
        fs::write(&file, label)?;
        self.must("reg", &["import", &format!(r"C:\{FILE}")])?;
        Ok(fs::remove_file(file)?)
    }
}

const FILE: &str = "label.reg";
