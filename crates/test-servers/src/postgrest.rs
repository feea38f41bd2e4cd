//! PostgREST in front of a PostgreSQL of ours, and in front of that the gateway: together what a client
//! of Supabase's data API talks to.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use rustix::process::Signal;
use sha2::Sha256;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use crate::free_port::Port;
use crate::gateway::{Gateway, PREFIX};
use crate::postgres::Postgres;
use crate::problem::{Problem, Result};
use crate::server::{Plan, Running, Server};
use crate::supabase::{ANON, AUTHENTICATOR};
use crate::{process, programs};

/// A running PostgREST. It serves the schema `public` of one database.
#[derive(Debug)]
pub struct Postgrest {
    running: Running,
    gateway: Gateway,
    _admin: Port,
    secret: &'static str,
}

impl Postgrest {
    /// Starts one for that database, whose roles are there (`supabase::make_roles`).
    ///
    /// # Errors
    /// If its program is missing or it does not start.
    pub fn start(server: &Postgres, database: &str) -> Result<Postgrest> {
        let program = programs::find("postgrest")?;
        let secret = "a-secret-for-tests-of-at-least-32-characters";
        let (port, folder) = Running::prepare("postgrest")?;
        let admin = Port::reserve()?;
        let gateway = Gateway::start(port.number())?;
        let database = server.url_of(database).replacen(
            "postgres://postgres",
            &format!("postgres://{AUTHENTICATOR}"),
            1,
        );
        let settings = [
            ("db-uri", database),
            ("db-schemas", "public".to_owned()),
            ("db-anon-role", ANON.to_owned()),
            ("jwt-secret", secret.to_owned()),
            ("server-host", "127.0.0.1".to_owned()),
            ("server-port", port.number().to_string()),
            ("admin-server-port", admin.number().to_string()),
        ];
        let text: String = settings.iter().map(|(key, value)| format!("{key} = \"{value}\"\n")).collect();
        let file = folder.join("conf");
        std::fs::write(&file, text).map_err(Problem::when(file.display()))?;
        let asked = admin.number();
        let plan = Plan {
            name: "postgrest",
            command: Box::new(move || {
                let mut command = process::command(&program, false)?;
                command.arg(&file);
                Ok(command)
            }),
            ready: Box::new(move |_| is_ready(asked)),
            end_signal: Signal::TERM,
        };
        let running = Running::start(plan, port, folder)?;
        Ok(Postgrest { running, gateway, _admin: admin, secret })
    }

    /// A key for that role: a JWT that its secret signed, as Supabase's own keys are. It never expires.
    ///
    /// # Errors
    /// Never, but for a broken cryptographic library.
    pub fn key(&self, role: &str) -> Result<String> {
        let encode = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        let claims = format!("{{\"role\":\"{role}\",\"iss\":\"supabase\"}}");
        let signed = format!("{}.{}", encode("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"), encode(&claims));
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).map_err(Problem::when("HMAC"))?;
        mac.update(signed.as_bytes());
        Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
    }
}

impl Server for Postgrest {
    fn running(&self) -> &Running {
        &self.running
    }

    /// Of the gateway, with the prefix: what Supabase calls the URL of the data API.
    fn url(&self) -> String {
        format!("http://127.0.0.1:{}{PREFIX}", self.gateway.port())
    }
}

/// It knows the schema and has a connection.
fn is_ready(admin: u16) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, admin))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"GET /ready HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
