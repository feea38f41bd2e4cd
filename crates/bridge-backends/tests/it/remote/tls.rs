//! TLS to the remote's database means what `sslmode` says.

use bridge_backends::remote;
use test_servers::{Postgres, Result, Tls, legs, postgres};

use super::stage::reason;

fn start() -> Result<(Postgres, Tls)> {
    let tls = Tls::self_signed()?;
    let options = postgres::Options {
        tls: Some(tls.clone()),
        password: Some("secret".into()),
        ..postgres::Options::default()
    };
    Ok((Postgres::start(&options)?, tls))
}

#[tokio::test(flavor = "multi_thread")]
async fn sslmode_says_who_is_trusted() {
    let Some((server, tls)) = legs::or_skip("remote: TLS", start()) else { return };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), tls.certificate).unwrap();
    let ping = async |options: &str| {
        let url = format!("{}?{options}", server.url_of("postgres"));
        reason(remote::open(&url, None).unwrap().ping().await)
    };
    // The function is missing: so the connection was made.
    let advice = "migrate --remote-sql";
    let trusted = format!("sslmode=verify-full&sslrootcert={}", file.path().display());
    for options in [&trusted, "sslmode=require", "sslmode=prefer", "sslmode=disable"] {
        let why = ping(options).await;
        assert!(why.contains(advice), "{options}: {why}");
    }
    let why = ping("sslmode=verify-full").await;
    assert!(why.contains("certificate"), "{why}");
}
