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
    assert_eq!(trust, Trust { aws: Use::Ssm, certificate: None });
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
    let url = "https://harbour:sesame@mirror.example/";
    refused(|options| options.mirror = Some(url.into()), "holds a user's name");
    let error = asked(|options| options.mirror = Some(url.into())).unwrap_err();
    assert!(!format!("{error:?}").contains("sesame"));
}
