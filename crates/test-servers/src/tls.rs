//! A certificate for servers on the loopback. A client that trusts it as a root trusts the server.

use std::path::Path;

use crate::problem::{Problem, Result};

/// A certificate and its key, both PEM. Clients are not asked for one.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate; it is its own root.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl Tls {
    /// A new one for `localhost` and 127.0.0.1.
    ///
    /// # Errors
    /// If the cryptographic library has no randomness.
    pub fn self_signed() -> Result<Tls> {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).map_err(Problem::when("a certificate"))?;
        Ok(Tls { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() })
    }

    /// Writes both where a server reads them; the key for its owner alone.
    pub(crate) fn write(&self, certificate: &Path, key: &Path) -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        for (file, content) in [(certificate, &self.certificate), (key, &self.key)] {
            let problem = || Problem::when(file.display());
            std::fs::write(file, content).map_err(problem())?;
            std::fs::set_permissions(file, PermissionsExt::from_mode(0o600)).map_err(problem())?;
        }
        Ok(())
    }
}
