//! Whether iptables can do anything: its older kind, `legacy`, needs tables that newer kernels come without.

use std::path::Path;

use crate::error::Result;
use crate::host::Host;

/// There from the moment on that the kernel has loaded them.
const LOADED: &str = "/proc/net/ip_tables_names";
const MODULE: &str = "/ip_tables.ko";

/// Whether iptables is the older kind here, and the running kernel has no tables for it. Where the kernel's modules
/// cannot be seen, as in a container, that is not known, and counts as no.
pub(super) fn lacks_its_tables(host: &dyn Host, kernel: &str) -> Result<bool> {
    let Some(program) = host.which("iptables") else { return Ok(false) };
    let is_legacy = host.resolve(&program)?.is_some_and(|it| it.to_string_lossy().contains("legacy"));
    if !is_legacy || host.stat(Path::new(LOADED))?.is_some() {
        return Ok(false);
    }
    let modules = |list: &str| host.read(&Path::new("/lib/modules").join(kernel).join(list));
    let has = |list: &[u8]| String::from_utf8_lossy(list).contains(MODULE);
    let Some(loadable) = modules("modules.dep")? else { return Ok(false) };
    Ok(!has(&loadable) && !has(&modules("modules.builtin")?.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::{Kind, Node, fresh};

    #[test]
    fn the_older_iptables_lacks_its_tables_where_the_kernel_lists_none() {
        let lacks = |program: &str, modules: Option<&str>, loaded: bool| {
            let mut fake = fresh();
            let node = Node { kind: Kind::Link, mode: 0o777, content: program.as_bytes().into() };
            fake.disk.make(Path::new("/usr/sbin/iptables"), node, jiff::Timestamp::UNIX_EPOCH).unwrap();
            modules.into_iter().for_each(|it| fake.put("/lib/modules/6.12/modules.dep", it, 0o644));
            if loaded {
                fake.put(LOADED, "", 0o444);
            }
            lacks_its_tables(&fake, "6.12").unwrap()
        };
        let (legacy, nft) = ("/usr/sbin/xtables-legacy-multi", "/usr/sbin/xtables-nft-multi");
        let (none, some) =
            ("kernel/net/netfilter/nf_tables.ko.xz:\n", "kernel/net/ipv4/netfilter/ip_tables.ko.xz: x\n");
        assert!(lacks(legacy, Some(none), false));
        assert!(!lacks(nft, Some(none), false) && !lacks(legacy, Some(some), false));
        assert!(!lacks(legacy, Some(none), true), "built in");
        assert!(!lacks(legacy, None, false), "its modules are not to be seen");
        assert!(!lacks_its_tables(&fresh(), "6.12").unwrap());
    }
}
