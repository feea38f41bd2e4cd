//! TLS: a certificate that nobody vouches for is refused, one of a private authority is trusted when it is named.

use std::process::Command;

use bridge_store::StoreFault;
use test_servers::redis::Options;
use test_servers::{Redis, Server, Tls};

/// Set for the second process of this test: trust is taken from the environment when a process connects first.
const URL: &str = "BRIDGE_STORE_TEST_TLS_URL";

#[tokio::test]
async fn a_private_authority_is_trusted_when_it_is_named() {
    if let Some(url) = std::env::var_os(URL) {
        let store = bridge_backends::redis::open(url.to_str().unwrap()).unwrap();
        super::rebuild(&*store, 1).await;
        return;
    }
    let tls = Tls::self_signed().unwrap();
    let certificate = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(certificate.path(), &tls.certificate).unwrap();
    let server = Redis::start(&Options { tls: Some(tls), ..Options::default() }).unwrap();

    let error = bridge_backends::redis::open(&server.url()).unwrap().ping().await.unwrap_err();
    assert_eq!(error.kind, StoreFault::Unavailable);
    let source = error.source.unwrap().to_string();
    assert!(source.contains("certificate") && source.contains("SSL_CERT_FILE"), "{source}");

    let trusting = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "redis::tls::a_private_authority_is_trusted_when_it_is_named"])
        .env(URL, server.url())
        .env("SSL_CERT_FILE", certificate.path())
        .output()
        .unwrap();
    assert!(trusting.status.success(), "{}", String::from_utf8_lossy(&trusting.stdout));
}
