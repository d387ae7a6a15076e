//! Which certificate counts where, and which combinations are refused before anything is touched.

use super::*;
use crate::config::Config;
use crate::host::fake::{TRUST_FINGERPRINT, TRUST_KEY, fresh};

const MIRROR: &str = "https://mirror.example/aws";

fn asked(change: impl FnOnce(&mut Options)) -> Result<Config> {
    let mut options = Options { region: Some("us-east-1".into()), ..Options::default() };
    change(&mut options);
    Config::resolve(&fresh(), &options)
}

fn trusting(options: &mut Options) {
    options.trust_key = Some(TRUST_KEY.into());
    options.trust_fingerprint = Some(TRUST_FINGERPRINT.into());
}

fn refused(change: impl FnOnce(&mut Options), what: &str) {
    let error = asked(change).unwrap_err();
    assert!(error.exit_code() == 2 && error.hint.is_some(), "{error}");
    assert!(error.what.contains(what), "{error}");
}

fn counts(config: &Config, url: &str) -> bool {
    config.sources.trust(Use::Ecs, url).certificate.is_some()
}

#[test]
fn a_certificate_counts_for_its_mirror_and_nowhere_else() {
    let config = asked(|options| {
        trusting(options);
        options.mirror = Some(format!("{MIRROR}/"));
    })
    .unwrap();
    assert_eq!(config.sources.mirror.as_deref(), Some(MIRROR));
    assert!(counts(&config, &config.endpoints().ecs_package(None, "amd64", "deb")));
    assert!(counts(&config, &config.endpoints().ssm_package(None, "debian", "amd64", "deb")));
    for elsewhere in
        ["https://mirror.example/aws-2/x.deb", "https://s3.us-east-1.amazonaws.com/x.deb", MIRROR]
    {
        assert!(!counts(&config, elsewhere), "{elsewhere}");
    }
}

#[test]
fn a_certificate_counts_for_the_deb_it_was_given_with_and_not_for_the_other_package() {
    let url = "https://files.example/amazon-ecs-init.deb";
    let config = asked(|options| {
        trusting(options);
        options.deb_url = Some(url.into());
    })
    .unwrap();
    assert!(counts(&config, url));
    assert!(!counts(&config, &config.endpoints().ssm_package(None, "debian", "amd64", "deb")));
}

#[test]
fn a_mirror_needs_no_certificate_because_aws_keys_count_there_too() {
    let config = asked(|options| options.mirror = Some(MIRROR.into())).unwrap();
    let trust = config.sources.trust(Use::Ssm, MIRROR);
    assert_eq!(trust, Trust::of(Use::Ssm));
}

#[test]
fn a_certificate_without_an_address_of_its_own_is_refused() {
    refused(trusting, "no address that it could count for");
}

#[test]
fn a_certificate_for_aws_own_addresses_is_refused() {
    for official in
        ["https://s3.us-east-1.amazonaws.com", "https://amazon-ssm-us-east-1.s3.us-east-1.amazonaws.com/x"]
    {
        let mirror = |options: &mut Options| {
            trusting(options);
            options.mirror = Some(official.into());
        };
        refused(mirror, "AWS's own address");
        let deb = |options: &mut Options| {
            trusting(options);
            options.mirror = Some(MIRROR.into());
            options.deb_url = Some(official.into());
        };
        refused(deb, "AWS's own address");
    }
}

#[test]
fn a_certificate_and_its_fingerprint_go_together() {
    let mirror = |options: &mut Options| options.mirror = Some(MIRROR.into());
    let alone = |options: &mut Options| {
        mirror(options);
        options.trust_key = Some(TRUST_KEY.into());
    };
    refused(alone, "without --trust-fingerprint");
    let alone = |options: &mut Options| {
        mirror(options);
        options.trust_fingerprint = Some(TRUST_FINGERPRINT.into());
    };
    refused(alone, "without --trust-key");
    let another = |options: &mut Options| {
        mirror(options);
        trusting(options);
        options.trust_fingerprint = Some("0".repeat(40));
    };
    refused(another, "has the fingerprint C1D7F907");
}

#[test]
fn an_address_that_is_none_or_holds_a_password_is_refused() {
    for url in ["mirror.example", "ftp://mirror.example/", "https://", "https:///x", "https://a b/", ""] {
        refused(|options| options.mirror = Some(url.into()), "is not an address");
        refused(|options| options.deb_url = Some(url.into()), "is not an address");
    }
    for url in
        ["https://harbour:sesame@mirror.example/", "https://mirror.example/x.deb?X-Amz-Signature=sesame"]
    {
        refused(|options| options.mirror = Some(url.into()), "holds a user's name or a query");
        let error = asked(|options| options.deb_url = Some(url.into())).unwrap_err();
        assert!(!format!("{error:?}").contains("sesame"));
    }
}

#[test]
fn an_address_without_tls_is_refused_before_anything_is_fetched() {
    let url = "http://mirror.example/aws";
    refused(|options| options.mirror = Some(url.into()), "is not reached over TLS");
    refused(|options| options.deb_url = Some(url.into()), "is not reached over TLS");
}

const DEB: &str = "https://files.example/amazon-ecs-init.deb";
const SUM: &str = "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn a_sum_is_asked_of_the_package_it_was_given_with_beside_its_signature() {
    let config = asked(|options| {
        options.deb_url = Some(DEB.into());
        options.package_sha256 = Some(SUM.into());
    })
    .unwrap();
    let trust = config.sources.trust(Use::Ecs, DEB);
    assert_eq!((trust.sha256, trust.unsigned), (Some(SUM.to_lowercase()), false));
    assert_eq!(config.sources.trust(Use::Ssm, MIRROR), Trust::of(Use::Ssm));
}

#[test]
fn a_signature_may_be_left_out_for_a_named_package_with_a_sum_and_for_no_other() {
    let config = asked(|options| {
        options.deb_url = Some(DEB.into());
        options.package_sha256 = Some(SUM.into());
        options.skip_gpg_check = true;
    })
    .unwrap();
    assert!(config.sources.trust(Use::Ecs, DEB).unsigned);
    let ssm = config.endpoints().ssm_package(None, "debian", "amd64", "deb");
    assert_eq!(config.sources.trust(Use::Ssm, &ssm), Trust::of(Use::Ssm));
}

#[test]
fn leaving_a_signature_out_without_a_package_and_its_sum_is_refused() {
    let skip = |options: &mut Options| options.skip_gpg_check = true;
    refused(skip, "--skip-gpg-check cannot be honoured by itself");
    let no_sum = |options: &mut Options| {
        skip(options);
        options.deb_url = Some(DEB.into());
    };
    refused(no_sum, "--skip-gpg-check cannot be honoured by itself");
    let no_package = |options: &mut Options| {
        skip(options);
        options.mirror = Some(MIRROR.into());
        options.package_sha256 = Some(SUM.into());
    };
    refused(no_package, "--skip-gpg-check cannot be honoured by itself");
}

#[test]
fn a_sum_of_nothing_and_a_sum_that_is_none_are_refused() {
    refused(|options| options.package_sha256 = Some(SUM.into()), "no package that it could be of");
    for text in ["", "0123", &SUM.replace('0', "x")] {
        let options = |options: &mut Options| {
            options.deb_url = Some(DEB.into());
            options.package_sha256 = Some(text.to_owned());
        };
        refused(options, "is not a SHA-256");
    }
}
