//! PostgREST as a client of Supabase sees it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use test_servers::{Postgres, Postgrest, Result, Server, legs, postgres, supabase};

fn start(options: &postgres::Options) -> Result<(Postgres, Postgrest)> {
    let database = Postgres::start(options)?;
    supabase::make_roles(&database, "postgres")?;
    database.sql(
        "postgres",
        "create table t as select 7 as number; revoke all on t from anon;
         alter role authenticator password 'secret'",
    )?;
    let server = Postgrest::start(&database, "postgres")?;
    Ok((database, server))
}

/// The whole answer to a GET.
fn get(url: &str, path: &str, headers: &str) -> String {
    let (address, prefix) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    write!(stream, "GET /{prefix}{path} HTTP/1.1\r\nhost: {address}\r\n{headers}\r\n").unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn a_key_opens_what_its_role_may_see() {
    for password in [None, Some("secret".to_owned())] {
        let options = postgres::Options { password, ..postgres::Options::default() };
        let Some((_database, server)) = legs::or_skip("postgrest", start(&options)) else { return };
        let ask = |key: &str| {
            get(&server.url(), "/t", &format!("apikey: {key}\r\nauthorization: Bearer {key}\r\n"))
        };
        let service = server.key(supabase::SERVICE_ROLE).unwrap();
        let answer = ask(&service);
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("[{\"number\":7}]"), "{answer}");
        let answer = ask(&server.key(supabase::ANON).unwrap());
        assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("42501"), "{answer}");
        assert!(ask("nonsense").starts_with("HTTP/1.1 401"), "{}", ask("nonsense"));
        assert!(get(&server.url(), "/t", "").contains("No API key"));

        server.kill().unwrap();
        assert_eq!(ask(&service), "");
        server.restart().unwrap();
        assert!(ask(&service).starts_with("HTTP/1.1 200"));
        server.pause().unwrap();
        assert_eq!(ask(&service), "", "paused");
    }
}
