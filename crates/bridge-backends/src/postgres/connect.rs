//! From an address to connections: what is read from the URL, and how TLS is spoken. Not the pool.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a server may take to accept a connection and the login on it.
pub(super) const CONNECT: Duration = Duration::from_secs(2);

/// Why an address cannot be used, whoever listens there.
#[derive(Debug, thiserror::Error)]
pub enum BadUrl {
    /// The address cannot be read.
    #[error(
        "the address of PostgreSQL cannot be read: {0}; it looks like postgres://USER:PASSWORD@HOST:5432/DATABASE"
    )]
    Unreadable(String),
    /// Something that every connection needs is missing.
    #[error(
        "the address of PostgreSQL names no {0}: it looks like postgres://USER:PASSWORD@HOST:5432/DATABASE"
    )]
    Missing(&'static str),
    /// `sslrootcert` cannot be used.
    #[error("the certificates in {file}, named by sslrootcert, cannot be used: {why}")]
    Certificates {
        /// The file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// The machine has none.
    #[error(
        "sslmode=verify-full needs certificates to trust and this machine has none: name a file of them with sslrootcert=FILE"
    )]
    NoCertificates,
}

/// Where to connect and how.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) config: Config,
    pub(crate) tls: MakeRustlsConnect,
}

impl Address {
    /// Reads a URL. `sslmode` means what it means everywhere else: `require` encrypts and trusts whoever
    /// answers, `verify-full` wants a certificate for that host.
    pub(crate) fn parse(url: &str) -> Result<Address, BadUrl> {
        let (url, verification) = take_verification(url);
        let mut config: Config = url.parse().map_err(|e| BadUrl::Unreadable(said(&e)))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(BadUrl::Missing("host"));
        }
        for (part, given) in [("user", config.get_user()), ("database", config.get_dbname())] {
            if given.is_none_or(str::is_empty) {
                return Err(BadUrl::Missing(part));
            }
        }
        if config.get_application_name().is_none() {
            config.application_name("sms-bridge");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        config.keepalives_idle(Duration::from_secs(60));
        Ok(Address { config, tls: MakeRustlsConnect::new(verification.client_config()?) })
    }
}

/// What the library says without its "error: " in front of the cause.
fn said(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

#[derive(Default)]
struct Verification {
    full: bool,
    roots: Option<String>,
}

/// Takes out of a URL what the library does not know: `sslmode=verify-full` and `sslrootcert`.
fn take_verification(url: &str) -> (String, Verification) {
    let mut verification = Verification::default();
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), verification) };
    let mut kept = form_urlencoded::Serializer::new(String::new());
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*key, &*value) {
            ("sslmode", "verify-full" | "verify-ca") => {
                verification.full = true;
                kept.append_pair("sslmode", "require");
            }
            ("sslrootcert", file) => {
                if file != "system" {
                    verification.roots = Some(file.to_owned());
                }
            }
            _ => {
                kept.append_pair(&key, &value);
            }
        }
    }
    // The library reads `+` as a plus.
    (format!("{base}?{}", kept.finish().replace('+', "%20")), verification)
}

impl Verification {
    fn client_config(self) -> Result<ClientConfig, BadUrl> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|e| BadUrl::Unreadable(e.to_string()))?;
        if self.full {
            return Ok(builder.with_root_certificates(self.trusted()?).with_no_client_auth());
        }
        let anyone = Arc::new(Anyone { provider });
        Ok(builder.dangerous().with_custom_certificate_verifier(anyone).with_no_client_auth())
    }

    fn trusted(self) -> Result<RootCertStore, BadUrl> {
        let mut trusted = RootCertStore::empty();
        let Some(file) = self.roots else {
            trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return if trusted.is_empty() { Err(BadUrl::NoCertificates) } else { Ok(trusted) };
        };
        let mut add = || -> Result<(), Box<dyn std::error::Error>> {
            for certificate in CertificateDer::pem_file_iter(&file)? {
                trusted.add(certificate?)?;
            }
            if trusted.is_empty() { Err("it holds none".into()) } else { Ok(()) }
        };
        match add() {
            Ok(()) => Ok(trusted),
            Err(why) => Err(BadUrl::Certificates { why: why.to_string(), file }),
        }
    }
}

/// Who asked for encryption only trusts any certificate, as with every other client of PostgreSQL. SCRAM
/// still proves to both that the other knows the password, bound to this connection.
#[derive(Debug)]
struct Anyone {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
