//! Which proxy: the one that was chosen for Landfall, else the one that this environment uses anyway.
//!
//! As curl has it, `http_proxy` is not asked: it is for plain HTTP, which only apt speaks. Where no proxy
//! was chosen for Landfall, apt is handed that variable as it is, when it is run.

use crate::cli::Options;
use crate::error::{Error, Result};
use crate::host::Machine;
use crate::proxy::Proxy;

const USUAL: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
const SPARED: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// The proxy of the flags or the configuration file, else of the usual environment.
pub(super) fn chosen(host: &dyn Machine, options: &Options) -> Result<Option<Proxy>> {
    let set =
        |name: &&'static str| host.env(name).filter(|value| !value.is_empty()).map(|value| (*name, value));
    let usual = || USUAL.iter().find_map(set);
    let Some((from, url)) = options.proxy.clone().map(|url| ("--proxy", url)).or_else(usual) else {
        return match &options.no_proxy {
            Some(hosts) if !hosts.is_empty() => {
                Err(Error::refused("--no-proxy was given, and no proxy that these hosts could do without")
                    .hint("give --proxy http://HOST:PORT too, or set https_proxy, or leave --no-proxy out"))
            }
            _ => Ok(None),
        };
    };
    // An empty one says: none, whatever the environment has.
    if url.is_empty() {
        return Ok(None);
    }
    let spared = options.no_proxy.clone().or_else(|| SPARED.iter().find_map(set).map(|(_, hosts)| hosts));
    Proxy::parse(&url, &spared.unwrap_or_default(), from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::fresh;

    fn with(variables: &[(&str, &str)], flag: Option<&str>, no_proxy: Option<&str>) -> Result<Option<Proxy>> {
        let mut fake = fresh();
        fake.variables.extend(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let options = Options {
            proxy: flag.map(str::to_owned),
            no_proxy: no_proxy.map(str::to_owned),
            ..Options::default()
        };
        chosen(&fake, &options)
    }

    fn url(variables: &[(&str, &str)], flag: Option<&str>) -> Option<String> {
        with(variables, flag, None).unwrap().map(|proxy| proxy.url)
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_https_proxy_over_all_proxy() {
        let environment = [("HTTPS_PROXY", "http://secure:1"), ("all_proxy", "http://all:1")];
        assert_eq!(url(&environment, Some("http://flag:1")).as_deref(), Some("http://flag:1"));
        assert_eq!(url(&environment, None).as_deref(), Some("http://secure:1"));
        assert_eq!(url(&environment[1..], None).as_deref(), Some("http://all:1"));
        assert_eq!(url(&[("https_proxy", "")], None), None);
        assert_eq!(url(&[("http_proxy", "http://plain:1")], None), None);
    }

    #[test]
    fn an_empty_flag_means_no_proxy_whatever_the_environment_says() {
        assert_eq!(url(&[("https_proxy", "http://proxy:1")], Some("")), None);
    }

    #[test]
    fn hosts_to_spare_come_from_the_flag_else_from_the_environment() {
        let environment = [("https_proxy", "http://proxy:1"), ("NO_PROXY", "a.example, b.example")];
        let spared = |flag| with(&environment, None, flag).unwrap().unwrap().no_proxy;
        assert_eq!(spared(None), ["a.example", "b.example"]);
        assert_eq!(spared(Some("c.example")), ["c.example"]);
    }

    #[test]
    fn hosts_to_spare_a_proxy_that_is_not_there_are_refused() {
        let plain = [("http_proxy", "http://plain:1"), ("NO_PROXY", "a.example")];
        let error = with(&plain, None, Some("b.example")).unwrap_err();
        assert!(error.exit_code() == 2 && error.hint.is_some(), "{error}");
        assert_eq!(with(&plain, None, None).unwrap(), None);
        assert_eq!(
            with(&plain, Some(""), Some("b.example")).unwrap(),
            None,
            "a file's, which a flag turns off"
        );
    }

    #[test]
    fn a_password_in_the_environment_is_refused_and_named_by_its_variable_alone() {
        let error = with(&[("all_proxy", "http://ann:sesame@proxy:1")], None, None).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.what.contains("all_proxy") && !error.to_string().contains("sesame"), "{error}");
    }
}
