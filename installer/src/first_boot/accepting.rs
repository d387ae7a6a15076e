//! From what a source had to options that `up` takes, or a refusal that names the source.
//!
//! A seed is refused whole: one that asks for more than a seed may is not taken for the rest of it.

use std::path::Path;

use serde_json::{Map, Value};

use super::source::Found;
use super::{Policy, Seed, Source, signed};
use crate::activation::Activation;
use crate::cli::Options;
use crate::components::ecs_agent;
use crate::config::Config;
use crate::error::{Error, Result, While};
use crate::host::Host;
use crate::step::env_value;

/// What `aws ssm create-activation` prints; boto3 adds the last.
const PRINTED: [&str; 3] = ["ActivationId", "ActivationCode", "ResponseMetadata"];

/// A seed that counts.
pub struct Accepted {
    /// Where it came from.
    pub source: Source,
    /// The same in words.
    pub place: String,
    /// What to register with.
    pub options: Options,
    /// What the signer said of it, where a signature was demanded.
    pub signer: Option<String>,
}

/// Judges what was found.
///
/// # Errors
/// A sentence that says which source and what.
pub fn accept(host: &dyn Host, found: &Found, policy: &Policy, image: &Options) -> Result<Accepted> {
    let place = &found.place;
    let signer = signer(found, policy)?;
    let seed = parse(found)?;
    let told = [("region", &seed.region, &policy.region), ("cluster", &seed.cluster, &policy.cluster)];
    for (what, named, expected) in told {
        if let (Some(named), Some(expected)) = (named, expected)
            && named != expected
        {
            return Err(Error::refused(format!(
                "the seed from {place} names the {what} '{named}', and the policy of this image expects '{expected}'"
            ))
            .hint("give the machine the seed that is meant for it; the policy is fixed in the image"));
        }
    }
    let options = merge(seed, policy, image)?;
    let judging = || format!("reading the seed from {place}");
    Config::resolve(host, &options).while_doing(judging)?;
    if let (Some(id), Some(code)) = (&options.activation_id, &options.activation_code) {
        Activation::new(id.clone(), code.clone()).while_doing(judging)?;
    } else if options.activation_file.is_none() {
        return Err(Error::refused(format!("the seed from {place} has no activation")).hint(
            "a seed has activation-id and activation-code, or is what 'aws ssm create-activation' prints",
        ));
    }
    Ok(Accepted { source: found.source, place: place.clone(), options, signer })
}

/// What a machine goes on with that is registered already, and whose seed is gone. Where it belongs was said by that
/// seed, or by a person at the machine, and is what the ECS agent was told: the image's choice was not theirs.
///
/// # Errors
/// When the machine cannot be read.
pub fn without_seed(host: &dyn Host, region: String, policy: &Policy, image: &Options) -> Result<Options> {
    let told = host.read(Path::new(ecs_agent::CONFIGURATION))?.unwrap_or_default();
    let told = String::from_utf8_lossy(&told);
    let told = |key| env_value(&told, key).map(str::to_owned);
    // An empty one is a choice, too: none.
    let proxy = Some(told("HTTPS_PROXY").unwrap_or_default());
    let seed = Seed { region: Some(region), proxy, no_proxy: told("NO_PROXY"), ..Seed::default() };
    let policy = Policy { cluster: None, ..policy.clone() };
    let image = Options { cluster: None, attribute: Vec::new(), tag: Vec::new(), ..image.clone() };
    merge(seed, &policy, &image)
}

fn signer(found: &Found, policy: &Policy) -> Result<Option<String>> {
    if policy.seed_keys.is_empty() {
        return Ok(None);
    }
    let Some(signature) = &found.signature else {
        let hint = match found.source {
            Source::Prompt => "what is typed cannot be signed: give the seed by another source".into(),
            _ => format!("sign it with minisign, and give the signature {}", found.source_of_signature()),
        };
        return Err(Error::refused(format!(
            "the seed from {} is not signed, and the policy of this image demands it",
            found.place
        ))
        .hint(hint));
    };
    signed::verify(found.seed.expose().as_bytes(), signature, &policy.seed_keys, &found.place).map(Some)
}

fn parse(found: &Found) -> Result<Seed> {
    let text = found.seed.expose();
    if text.trim_start().starts_with('{') {
        // What cloud-init and OpenStack hold is a table already; what a person holds is what AWS's tool printed.
        return match serde_json::from_str::<Value>(text) {
            Ok(Value::Object(table)) if !table.contains_key("ActivationId") => {
                serde_json::from_str(text).map_err(|e| not_understood(found, &e.to_string(), None))
            }
            Ok(Value::Object(table)) => must_be_as_printed(found, &table).and_then(|()| of_activation(found)),
            _ => of_activation(found),
        };
    }
    toml::from_str(text).map_err(|e| {
        let line = e.span().map(|span| text[..span.start].matches('\n').count() + 1);
        not_understood(found, e.message(), line)
    })
}

/// Whoever adds to it means something by that, which would not be done.
fn must_be_as_printed(found: &Found, table: &Map<String, Value>) -> Result<()> {
    let Some(more) = table.keys().find(|key| !PRINTED.contains(&key.as_str())) else { return Ok(()) };
    Err(Error::refused(format!(
        "the seed from {} has '{}' beside what 'aws ssm create-activation' prints",
        found.place,
        more.escape_debug()
    ))
    .hint("give what that printed and no more, or a seed in TOML, which may name a region and a cluster"))
}

fn of_activation(found: &Found) -> Result<Seed> {
    let activation = Activation::parse(&found.seed, None, &found.place)?;
    Ok(Seed {
        activation_id: Some(activation.id),
        activation_code: Some(activation.code.expose().to_owned()),
        ..Seed::default()
    })
}

/// Of the parser's words only those that repeat nothing of a value, which may be the code.
fn not_understood(found: &Found, words: &str, line: Option<usize>) -> Error {
    let place = line.map_or_else(String::new, |line| format!(", line {line}"));
    let unknown = words.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
    let what = match unknown {
        Some(field) => {
            format!(
                "the seed from {}{place} asks for '{}', which no seed may",
                found.place,
                field.escape_debug()
            )
        }
        None if words.starts_with("invalid type") => {
            format!("the seed from {}{place} has a value of the wrong type", found.place)
        }
        None => format!("the seed from {}{place} is not TOML", found.place),
    };
    Error::refused(what).hint(
        "a seed has region, cluster, activation-id, activation-code, attribute, tag, proxy and no-proxy, and nothing else",
    )
}

/// The seed before the policy before the image's own configuration.
fn merge(seed: Seed, policy: &Policy, image: &Options) -> Result<Options> {
    let has_activation = seed.activation_id.is_some() || seed.activation_code.is_some();
    if has_activation && !(seed.activation_id.is_some() && seed.activation_code.is_some()) {
        return Err(Error::refused("the seed has only one of activation-id and activation-code")
            .hint("an activation is both"));
    }
    let mut rest = image.clone();
    // It was for the machine that the image was made on.
    rest.policy = None;
    rest.skip_registration = false;
    if has_activation {
        (rest.activation_file, rest.activation_id, rest.activation_code) = (None, None, None);
    }
    let options = Options {
        region: seed.region.or(policy.region.clone()),
        cluster: seed.cluster.or(policy.cluster.clone()),
        activation_id: seed.activation_id,
        activation_code: seed.activation_code.map(crate::secret::Secret::new),
        attribute: seed.attribute,
        tag: seed.tag,
        proxy: seed.proxy,
        no_proxy: seed.no_proxy,
        expect_account: policy.account.clone(),
        ..Options::default()
    };
    Ok(options.or(rest))
}
