//! Whose certificates a client believes.
//!
//! A centre makes its own certificate at its first start, so that two commands on a fresh machine are enough. On
//! this machine that one is believed; anywhere else an authority must be named. The address decides, never an option.

use super::ClientError;
use crate::wire::ALPN_FRAMES;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, IdleTimeout, TransportConfig, VarInt};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Whose certificate is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Whoever answers, at loopback addresses alone.
    Loopback,
    /// Whoever this authority vouches for; a PEM file.
    Authority(PathBuf),
}

/// How to connect to this address.
pub fn client_config(address: SocketAddr, trust: &Trust) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?;
    let mut tls = match trust {
        Trust::Authority(path) => builder
            .with_root_certificates(roots(path)?)
            .with_no_client_auth(),
        Trust::Loopback if address.ip().is_loopback() => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(OwnMachine(provider)))
            .with_no_client_auth(),
        Trust::Loopback => return Err(ClientError::NeedsAuthority(address)),
    };
    tls.alpn_protocols = vec![ALPN_FRAMES.to_vec()];
    let quic =
        QuicClientConfig::try_from(tls).map_err(|error| Error::General(error.to_string()))?;
    let mut config = ClientConfig::new(Arc::new(quic));
    config.transport_config(Arc::new(transport()));
    Ok(config)
}

fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(30_000))))
        .keep_alive_interval(Some(Duration::from_secs(5)))
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(0));
    transport
}

fn roots(path: &Path) -> Result<RootCertStore, ClientError> {
    let refuse = |reason: String| ClientError::Authority {
        path: path.display().to_string(),
        reason,
    };
    let mut roots = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| refuse(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| refuse(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(refuse("no certificate in it".into()));
    }
    Ok(roots)
}

/// Believes whoever answers at a loopback address. Signatures of the handshake are verified all the same.
#[derive(Debug)]
struct OwnMachine(Arc<CryptoProvider>);

impl ServerCertVerifier for OwnMachine {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_believed_without_an_authority() {
        let there = |text: &str| client_config(text.parse().unwrap(), &Trust::Loopback);
        assert!(there("127.0.0.1:4433").is_ok());
        assert!(there("[::1]:4433").is_ok());
        for text in ["10.0.0.1:4433", "0.0.0.0:4433", "[::]:4433"] {
            assert!(
                matches!(there(text), Err(ClientError::NeedsAuthority(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn a_file_without_a_certificate_is_no_authority() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let trust = Trust::Authority(file.path().to_owned());
        let refused = client_config("127.0.0.1:4433".parse().unwrap(), &trust);
        assert!(matches!(refused, Err(ClientError::Authority { .. })));
    }
}
