//! The centre's certificate, and TLS as we want it: version 1.3, our own provider, no early data.
//!
//! The certificate is made at the first start and kept in the data folder; its key is readable by its owner alone.

use crate::wire::{ALPN_FRAMES, ALPN_JSON};
use quinn::crypto::rustls::QuicServerConfig;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const CERTIFICATE_FILE: &str = "certificate.pem";
const KEY_FILE: &str = "certificate.key";
/// The names the certificate is good for: this machine, as long as every listener is on loopback.
const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file of it.
    #[error("cannot {doing} {}: {source}; look at who may read and write there", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// One of the two files is there, the other is not or cannot be read.
    #[error("{}: {reason}; remove {CERTIFICATE_FILE} and {KEY_FILE} beside it to have new ones made", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It cannot be made.
    #[error(
        "a certificate cannot be made: {0}; this is a defect, report it with the version (`liandong --version`)"
    )]
    Make(#[from] rcgen::Error),
    /// TLS does not take it.
    #[error(
        "TLS cannot be set up with the centre's certificate: {0}; remove {CERTIFICATE_FILE} and {KEY_FILE} from the data folder to have new ones made"
    )]
    Tls(String),
}

/// A certificate and its key.
pub struct Identity {
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// The one of this data folder; made if there is none.
    pub fn of(data: &Path) -> Result<Identity, IdentityError> {
        let (certificate, key) = (data.join(CERTIFICATE_FILE), data.join(KEY_FILE));
        if !certificate.exists() && !key.exists() {
            make(&certificate, &key)?;
        }
        read(&certificate, &key)
    }
}

fn make(certificate: &Path, key: &Path) -> Result<(), IdentityError> {
    let names: Vec<String> = OWN_NAMES.map(String::from).to_vec();
    let made = rcgen::generate_simple_self_signed(names)?;
    // The key first: a certificate without its key would be found and refused at every start after a crash here.
    write(key, &made.signing_key.serialize_pem(), 0o600)?;
    write(certificate, &made.cert.pem(), 0o644)
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), IdentityError> {
    let fault = |doing| {
        move |source| IdentityError::Io {
            doing,
            path: path.to_path_buf(),
            source,
        }
    };
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(fault("create"))?;
    file.write_all(text.as_bytes()).map_err(fault("write"))?;
    file.sync_all().map_err(fault("sync"))
}

fn read(certificate: &Path, key: &Path) -> Result<Identity, IdentityError> {
    let unusable = |path: &Path, reason: String| IdentityError::Unusable {
        path: path.to_path_buf(),
        reason,
    };
    let text = |path: &Path| {
        std::fs::read(path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => unusable(path, "is missing, while its pair is there".into()),
            _ => IdentityError::Io {
                doing: "read",
                path: path.to_path_buf(),
                source,
            },
        })
    };
    let certificates = CertificateDer::pem_slice_iter(&text(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(certificate, error.to_string()))?;
    if certificates.is_empty() {
        return Err(unusable(certificate, "holds no certificate".into()));
    }
    let key = PrivateKeyDer::from_pem_slice(&text(key)?)
        .map_err(|error| unusable(key, error.to_string()))?;
    Ok(Identity { certificates, key })
}

/// TLS for the listener. The provider is passed by hand: a process default could be anybody's.
pub fn server_crypto(identity: &Identity) -> Result<Arc<QuicServerConfig>, IdentityError> {
    let refuse = |error: rustls::Error| IdentityError::Tls(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(refuse)?
        .with_no_client_auth()
        .with_single_cert(identity.certificates.clone(), identity.key.clone_key())
        .map_err(refuse)?;
    tls.alpn_protocols = vec![ALPN_FRAMES.to_vec(), ALPN_JSON.to_vec()];
    // Early data could be replayed; commands are never taken in it.
    assert_eq!(tls.max_early_data_size, 0, "early data must stay off");
    let quic =
        QuicServerConfig::try_from(tls).map_err(|error| IdentityError::Tls(error.to_string()))?;
    Ok(Arc::new(quic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_certificate_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let first = Identity::of(folder.path()).unwrap();
        let second = Identity::of(folder.path()).unwrap();
        assert_eq!(first.certificates, second.certificates);
        let key = folder.path().join(KEY_FILE);
        let mode = std::fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        server_crypto(&second).unwrap();
    }

    #[test]
    fn half_an_identity_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        Identity::of(folder.path()).unwrap();
        std::fs::remove_file(folder.path().join(KEY_FILE)).unwrap();
        let error = Identity::of(folder.path()).err().unwrap().to_string();
        assert!(error.contains(KEY_FILE), "{error}");
        std::fs::write(folder.path().join(KEY_FILE), "nonsense").unwrap();
        assert!(Identity::of(folder.path()).is_err());
    }
}
