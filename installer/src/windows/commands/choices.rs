//! Choices that mean nothing on Windows, those that mean something else there, and those that outlive a restart.

use std::path::{Path, PathBuf};

use crate::cli::{DockerSource, Options};
use crate::config::{self, Config};
use crate::error::{Error, Result};
use crate::host::Machine;
use crate::proxy::Proxy;
use crate::windows::step::Pin;

/// What was chosen, and the sum that the SSM agent's installer must have: on Linux `--package-sha256` is of a package that
/// is named beside it. As there it counts besides the signature, and alone with `--skip-gpg-check`.
///
/// # Errors
/// When a choice has no meaning here, or is none.
pub(super) fn resolve(host: &dyn Machine, options: &Options) -> Result<(Config, Option<Pin>)> {
    must_fit(options)?;
    let alone = options.skip_gpg_check;
    let pin = config::sum(options)?.map(|sha256| Pin { sha256, alone });
    if alone && pin.is_none() {
        return Err(Error::refused("--skip-gpg-check cannot be honoured by itself")
            .hint("the SSM agent's installer is always verified: give its sum with --package-sha256"));
    }
    let of_linux = Options { package_sha256: None, skip_gpg_check: false, ..options.clone() };
    Ok((Config::resolve(host, &of_linux)?, pin))
}

/// Refuses what has no meaning here, rather than to leave it out in silence.
///
/// # Errors
/// The first choice that has none.
fn must_fit(options: &Options) -> Result<()> {
    let source = options.docker_install_source;
    let of_linux: [(&str, bool); 18] = [
        ("--docker-mirror", options.docker_mirror.is_some()),
        ("--docker-trust-fingerprint", options.docker_trust_fingerprint.is_some()),
        ("--docker-install-source docker", source == Some(DockerSource::Docker)),
        ("--docker-install-source distro", source == Some(DockerSource::Distro)),
        ("--deb-url", options.deb_url.is_some()),
        ("--rpm-url", options.rpm_url.is_some()),
        ("--trust-key", options.trust_key.is_some()),
        ("--trust-fingerprint", options.trust_fingerprint.is_some()),
        ("--allow", !options.allow.is_empty()),
        ("--allow-downgrade", options.allow_downgrade),
        ("--exec-version", options.exec_version.is_some()),
        ("--certs-file", options.certs_file.is_some()),
        ("--ip-compatibility", options.ip_compatibility.is_some()),
        ("--selinux", options.selinux.is_some()),
        ("--policy", options.policy.is_some()),
        ("--enable-gpu", options.enable_gpu),
        ("--lock-timeout", options.lock_timeout.is_some()),
        // AWS's module starts the agent that it brings.
        ("--no-start", options.no_start),
    ];
    match of_linux.iter().find(|(_, given)| *given) {
        Some((flag, _)) => Err(Error::refused(format!("{flag} means nothing on Windows"))
            .hint("leave it out; docs/windows.md has what can be chosen")),
        None => Ok(()),
    }
}

/// What a run after a restart goes on with. The code of an activation is never among it: where it was given in a file,
/// the file is read then; otherwise only the installation goes on by itself.
///
/// # Errors
/// When the path of the activation's file cannot be made whole.
pub(super) fn kept(
    options: &Options,
    proxy: Option<&Proxy>,
    absolute: impl Fn(&PathBuf) -> Result<PathBuf>,
) -> Result<String> {
    let file = options.activation_file.as_ref().filter(|file| file.as_path() != Path::new("-"));
    let kept = Options {
        activation_file: file.map(absolute).transpose()?,
        activation_code: None,
        skip_registration: options.skip_registration || file.is_none(),
        // The service has none of the variables that whoever began may have it from.
        proxy: options.proxy.clone().or_else(|| proxy.map(|it| it.url.clone())),
        no_proxy: options.no_proxy.clone().or_else(|| proxy.map(|it| it.no_proxy.join(","))),
        ..options.clone()
    };
    toml::to_string(&kept).map_err(|e| Error::bug(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use crate::windows::fake::fresh;

    #[test]
    fn an_activation_is_not_kept_over_a_restart_and_its_file_is_read_then() {
        let given = Options {
            region: Some("us-east-1".into()),
            activation_id: Some("an-id".into()),
            activation_code: Some(Secret::new("TheCodeTheCodeTheCode".into())),
            ..Options::default()
        };
        let absolute = |file: &PathBuf| Ok(PathBuf::from("C:/here").join(file));
        let text = kept(&given, None, absolute).unwrap();
        assert!(!text.contains("TheCode"), "{text}");
        let read: Options = toml::from_str(&text).unwrap();
        assert!(read.skip_registration && read.region.as_deref() == Some("us-east-1"), "{text}");
        let given = Options { activation_file: Some("a.json".into()), ..given };
        let read: Options = toml::from_str(&kept(&given, None, absolute).unwrap()).unwrap();
        assert!(!read.skip_registration);
        assert_eq!(read.activation_file, Some("C:/here/a.json".into()));
    }

    #[test]
    fn a_sum_is_that_of_the_ssm_agents_installer_and_needs_no_package_beside_it() {
        let given = |sum: &str| Options {
            region: Some("us-east-1".into()),
            package_sha256: Some(sum.into()),
            ..Options::default()
        };
        let pin = |options: &Options| Ok::<_, Error>(resolve(&fresh(), options)?.1);
        let besides = Pin { sha256: "ab".repeat(32), alone: false };
        assert_eq!(pin(&given(&"AB".repeat(32))).unwrap(), Some(besides.clone()));
        let alone = Options { skip_gpg_check: true, ..given(&"ab".repeat(32)) };
        assert_eq!(pin(&alone).unwrap(), Some(Pin { alone: true, ..besides }));
        for wrong in [given("ab"), Options { package_sha256: None, ..alone }] {
            assert_eq!(pin(&wrong).unwrap_err().exit_code(), 2);
        }
    }

    #[test]
    fn a_proxy_of_the_environment_outlives_a_restart_and_one_that_was_chosen_counts_before_it() {
        let proxy = Proxy::parse("http://proxy.example:3128", "a.example,b.example", "https_proxy").unwrap();
        let read = |options: &Options| -> Options {
            toml::from_str(&kept(options, Some(&proxy), |file| Ok(file.clone())).unwrap()).unwrap()
        };
        let found = read(&Options::default());
        assert_eq!(found.proxy.as_deref(), Some("http://proxy.example:3128"));
        assert_eq!(found.no_proxy.as_deref(), Some("a.example,b.example"));
        let chosen = Options { proxy: Some("http://other:1".into()), ..Options::default() };
        assert_eq!(read(&chosen).proxy.as_deref(), Some("http://other:1"));
    }

    #[test]
    fn a_choice_for_linux_is_refused_by_its_name() {
        let error = must_fit(&Options { enable_gpu: true, ..Options::default() }).unwrap_err();
        assert!(error.exit_code() == 2 && error.what.contains("--enable-gpu"), "{error}");
        must_fit(&Options { cluster: Some("harbour".into()), ..Options::default() }).unwrap();
    }
}
