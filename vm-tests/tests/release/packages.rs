//! The packages of a release: that they say what they are, hold what they should, and come out alike.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use vm_tests::programs;

use crate::sandbox::{BASE, assert_refused, finish, said, stdout};

const PROGRAM: &str = "#!/bin/sh\necho landfall 0.1.0\n";

/// A release of stand-ins with its packages.
struct Release(TempDir);

impl Release {
    fn new() -> Self {
        Self::made("/var/tmp")
    }

    /// With what is made on the way in that folder.
    fn made(scratch: &str) -> Self {
        let release = Self(TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap());
        for architecture in ["x86_64", "aarch64"] {
            fs::write(release.file(&format!("landfall-{architecture}-linux.cdx.json")), "{}").unwrap();
        }
        programs::complete(release.0.path(), PROGRAM.as_bytes()).unwrap();
        let output = build(release.0.path()).env("TMPDIR", scratch).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        release
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn build(folder: &Path) -> Command {
    let mut command = programs::script("build-packages");
    command
        .args(["--base-url", BASE, "--version", "0.1.0"])
        .arg(folder)
        .env("SOURCE_DATE_EPOCH", "1795348800");
    command
}

const PACKAGES: [(&str, &str, &str); 2] = [
    ("x86_64", "landfall_0.1.0-1_amd64.deb", "landfall-0.1.0-1.x86_64.rpm"),
    ("aarch64", "landfall_0.1.0-1_arm64.deb", "landfall-0.1.0-1.aarch64.rpm"),
];

fn asked(program: &str, arguments: &[&str], file: &Path) -> String {
    let output = run(Command::new(program).args(arguments).arg(file));
    assert!(output.status.success(), "{program} {arguments:?}: {}", said(&output));
    stdout(&output)
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|e| panic!("{command:?}: {e}; scripts/setup installs it"))
}

#[test]
fn each_package_is_for_its_architecture_needs_nothing_and_holds_the_program_and_its_manual() {
    let release = Release::new();
    for (architecture, deb, rpm) in PACKAGES {
        let (deb, rpm) = (release.file(deb), release.file(rpm));
        let word = if architecture == "x86_64" { "amd64" } else { "arm64" };
        let fields = asked("dpkg-deb", &["--field"], &deb);
        for line in ["Package: landfall", "Version: 0.1.0-1", &format!("Architecture: {word}")] {
            assert!(fields.lines().any(|it| it == line), "{line}: {fields}");
        }
        assert!(!fields.contains("Depends:"), "{fields}");
        let named = asked("rpm", &["-qp", "--queryformat", "%{name} %{version}-%{release} %{arch}\n"], &rpm);
        assert_eq!(named, format!("landfall 0.1.0-1 {architecture}\n"));
        let needed = asked("rpm", &["-qp", "--requires"], &rpm);
        assert!(needed.lines().all(|it| it.starts_with("rpmlib(") || it == "/bin/sh"), "{needed}");

        let in_deb = asked("dpkg-deb", &["--contents"], &deb);
        let in_rpm = asked("rpm", &["-qplv"], &rpm);
        let pages = ["landfall.1", "landfall-up.1", "landfall-self-update.1", "landfall-identity-renew.1"];
        let mut expected: Vec<String> =
            pages.iter().map(|it| format!("/usr/share/man/man1/{it}.gz")).collect();
        expected.extend(
            [
                "/usr/bin/landfall",
                "/usr/share/man/man5/landfall-config.toml.5.gz",
                "/usr/share/bash-completion/completions/landfall",
                "/usr/share/fish/vendor_completions.d/landfall.fish",
                "/usr/share/doc/landfall/bill-of-materials.cdx.json.gz",
            ]
            .map(str::to_owned),
        );
        for (listing, own) in [
            (&in_deb, ["/usr/share/zsh/vendor-completions/_landfall", "/usr/share/doc/landfall/copyright"]),
            (&in_rpm, ["/usr/share/zsh/site-functions/_landfall", "/usr/share/licenses/landfall/LICENSE"]),
        ] {
            for path in expected.iter().map(String::as_str).chain(own) {
                assert!(listing.lines().any(|line| line.ends_with(path)), "{path} is not in\n{listing}");
            }
            // A unit or a file in /etc would do something on a machine that nobody asked to become an instance.
            assert!(
                listing.lines().all(|line| !line.contains("systemd") && !line.contains("/etc")),
                "{listing}"
            );
        }
        let scratch = TempDir::new().unwrap();
        let extracted = run(Command::new("dpkg-deb").arg("--extract").arg(&deb).arg(scratch.path()));
        assert!(extracted.status.success(), "{}", said(&extracted));
        assert_eq!(fs::read_to_string(scratch.path().join("usr/bin/landfall")).unwrap(), PROGRAM);
    }
}

#[test]
fn the_same_programs_make_the_same_packages_in_another_folder_and_on_another_file_system() {
    let (one, two) = (Release::new(), Release::made("/dev/shm"));
    for (_, deb, rpm) in PACKAGES {
        for name in [deb, rpm] {
            assert!(fs::read(one.file(name)).unwrap() == fs::read(two.file(name)).unwrap(), "{name}");
        }
    }
}

#[test]
fn the_packages_are_among_the_sums_that_are_signed() {
    let release = Release::new();
    let finished = finish(release.0.path(), &[]).output().unwrap();
    assert!(finished.status.success(), "{}", said(&finished));
    let sums = fs::read_to_string(release.file("SHA256SUMS")).unwrap();
    for (_, deb, rpm) in PACKAGES {
        assert!([deb, rpm].iter().all(|name| sums.contains(&format!("  {name}\n"))), "{sums}");
    }
}

#[test]
fn lintian_has_nothing_to_say_and_rpmlint_nothing_that_is_not_meant() {
    let release = Release::new();
    let (_, deb, rpm) = PACKAGES[0];
    let lint = run(Command::new("lintian").args(["--allow-root", "--info"]).arg(release.file(deb)));
    // An override that fits nothing is for the real program, which a script stands in for here.
    let tags =
        stdout(&lint).lines().filter(|it| it.starts_with(['E', 'W'])).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(tags, [""; 0], "{}", said(&lint));
    let meant = [
        "no-signature",              // what signs a release signs the sums of its files
        "no-manual-page-for-binary", // it looks for another compression than gzip
        "manpage-not-compressed",
        "invalid-license",             // this list of licences is older than that name
        "no-binary",                   // a script stands in for the program here
        "dangerous-command-in-%preun", // the copy that stays where an instance runs
    ];
    let lint = run(Command::new("rpmlint").arg(release.file(rpm)));
    let told = stdout(&lint);
    let told = told.lines().filter(|line| line.contains(": E: ") || line.contains(": W: "));
    let others: Vec<&str> = told.filter(|line| !meant.iter().any(|it| line.contains(it))).collect();
    assert_eq!(others, [""; 0], "{}", said(&lint));
}

#[test]
fn a_folder_without_programs_and_a_version_that_is_none_are_refused() {
    let folder = TempDir::new().unwrap();
    assert_refused(&build(folder.path()).output().unwrap(), 2, "there is no landfall-x86_64-linux");
    let mut command = programs::script("build-packages");
    command.args(["--base-url", BASE, "--version", "0.1"]).arg(folder.path());
    assert_refused(&command.output().unwrap(), 2, "'0.1' is no version");
}
