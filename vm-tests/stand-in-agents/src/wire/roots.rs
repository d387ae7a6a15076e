//! The certificates to trust: the system's, found the way Go programs find them.
//!
//! `SSL_CERT_FILE` and `SSL_CERT_DIR` move the file and the folder, each by itself. Every file of a
//! folder counts, whatever its name: inside the ECS agent's container the hashed links point to places
//! that are not mounted, and only the bundle beside them can be read.

use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::load_certs_from_paths;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
];

/// The client's side of TLS; read once, like Go's.
pub fn client_config() -> Arc<ClientConfig> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    CONFIG.get_or_init(|| Arc::new(built())).clone()
}

fn built() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for file in certificate_files() {
        roots.add_parsable_certificates(load_certs_from_paths(Some(&file), None).certs);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn certificate_files() -> Vec<PathBuf> {
    let bundle = match std::env::var_os("SSL_CERT_FILE") {
        Some(file) => Some(PathBuf::from(file)),
        None => BUNDLES.iter().map(PathBuf::from).find(|file| file.exists()),
    };
    let mut files: Vec<PathBuf> = bundle.into_iter().collect();
    // Without the variable the bundle has all that the usual folders have.
    if let Some(folders) = std::env::var_os("SSL_CERT_DIR") {
        for folder in std::env::split_paths(&folders) {
            files.extend(files_in(&folder));
        }
    }
    files
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect()
}
