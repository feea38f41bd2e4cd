//! The remote as a PostgreSQL, with or without a pooler in front. One connection, opened when it is needed.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_store::audit::Unsynced;
use bridge_store::remote::{Paused, Pushed, Remote};
use futures_util::future::{self, Either};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::types::Type;

use super::batch::{self, Failure, Function};
use super::one;
use super::reason::Secret;
use super::{ANSWER_WITHIN, OpenError, RUN_THE_SQL, no_answer};
use crate::postgres::connect::Address;

/// Parse, bind and execute in one flight, with no name: a pooler by transaction cannot part them.
fn call_of(function: &str) -> String {
    format!("select public.{function}($1::text::jsonb)::text")
}

/// A connection is driven by whoever waits for its answer; while nobody does, it rests.
type Connection = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send>>;

struct Session {
    client: Client,
    /// `None` when it has ended.
    connection: Option<Connection>,
}

/// A client of the remote's database.
pub(super) struct Postgres {
    address: Address,
    password: Secret,
    session: Mutex<Option<Session>>,
}

impl Postgres {
    pub(super) fn open(url: &str) -> Result<Postgres, OpenError> {
        let address = read(url)?;
        let password = address.config.get_password().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        Ok(Postgres { address, password: Secret(password.unwrap_or_default()), session: Mutex::default() })
    }

    async fn connect(&self) -> Result<Session, tokio_postgres::Error> {
        let (client, connection) = self.address.config.connect(self.address.tls.clone()).await?;
        Ok(Session { client, connection: Some(Box::pin(connection)) })
    }

    /// With a connection that was kept and has ended meanwhile, once more with a new one: nothing is harmed if
    /// the remote had got the first call.
    async fn answer(&self, sql: &str, batch: &str) -> Result<String, tokio_postgres::Error> {
        let mut kept = self.session.lock().await;
        // Taken out: given up half way, its answer is for nobody else.
        if let Some(mut session) = kept.take() {
            let answer = session.call(sql, batch).await;
            if session.connection.is_some() {
                *kept = Some(session);
                return answer;
            }
        }
        let mut session = self.connect().await?;
        let answer = session.call(sql, batch).await;
        *kept = session.connection.is_some().then_some(session);
        answer
    }

    fn failed(&self, error: &tokio_postgres::Error) -> Failure {
        let Some(said) = error.as_db_error() else {
            return Failure::Paused(Paused::because(
                self.password.hide_in(&format!("no connection: {}", all_of(error))),
            ));
        };
        let reason = self.password.hide_in(&format!("{} {}", said.code().code(), said.message()));
        if is_for_the_batch(said) {
            return Failure::Refused(reason);
        }
        let is_missing = [SqlState::UNDEFINED_FUNCTION, SqlState::UNDEFINED_TABLE].contains(said.code());
        let advice = if is_missing { format!(": {RUN_THE_SQL}") } else { String::new() };
        Failure::Paused(Paused::because(format!("{reason}{advice}")))
    }
}

impl Session {
    async fn call(&mut self, sql: &str, batch: &str) -> Result<String, tokio_postgres::Error> {
        let asked = async {
            let rows = self.client.query_typed(sql, &[(&batch, Type::TEXT)]).await?;
            rows.first().map_or_else(|| Ok(String::new()), |row| row.try_get(0))
        };
        let Some(connection) = &mut self.connection else { return asked.await };
        match future::select(std::pin::pin!(asked), connection).await {
            Either::Left((answer, _)) => answer,
            Either::Right((ended, asked)) => {
                // Dropped, so that the question does not wait for it.
                self.connection = None;
                match ended {
                    Err(error) => Err(error),
                    Ok(()) => asked.await,
                }
            }
        }
    }
}

#[async_trait]
impl Function for Postgres {
    async fn call(&self, function: &'static str, batch: &str) -> Result<String, Failure> {
        match timeout(ANSWER_WITHIN, self.answer(&call_of(function), batch)).await {
            Ok(answer) => answer.map_err(|error| self.failed(&error)),
            Err(_) => Err(Failure::Paused(Paused::because(no_answer()))),
        }
    }
}

#[async_trait]
impl Remote for Postgres {
    async fn ping(&self) -> Result<(), Paused> {
        batch::ping(self).await
    }

    async fn push(&self, rows: &[Unsynced]) -> Result<Vec<Pushed>, Paused> {
        batch::push(self, rows).await
    }

    async fn find(&self, mobile: &str) -> Result<Vec<Value>, Paused> {
        one::find(self, mobile).await
    }

    async fn erase(&self, mobile: &str, until: Timestamp) -> Result<u64, Paused> {
        one::erase(self, mobile, until).await
    }
}

/// What the function itself could not ascribe to a row, such as text that no JSON of the database can hold.
fn is_for_the_batch(error: &DbError) -> bool {
    ["22", "23", "44"].iter().any(|class| error.code().code().starts_with(class))
}

/// As the audit store's address; but without `sslmode` a server elsewhere must speak TLS.
fn read(url: &str) -> Result<Address, OpenError> {
    let mut address = Address::parse(url.trim())?;
    if !url.contains("sslmode=") && !address.config.get_hosts().iter().all(is_here) {
        address.config.ssl_mode(SslMode::Require);
    }
    Ok(address)
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    }
}

/// The whole chain of reasons: the outermost says little.
fn all_of(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut inner = std::error::Error::source(error);
    while let Some(error) = inner {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        inner = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_asked_of_a_server_elsewhere() {
        for (url, mode) in [
            ("postgres://u:p@db.example.org/postgres", SslMode::Require),
            ("postgresql://u@db.example.org:6543/postgres?sslmode=verify-full", SslMode::Require),
            ("postgres://u@db.example.org/postgres?sslmode=disable", SslMode::Disable),
            ("postgres://u@127.0.0.1:5432/postgres", SslMode::Prefer),
            ("postgres://u@localhost/postgres?sslmode=require", SslMode::Require),
        ] {
            assert_eq!(read(url).unwrap().config.get_ssl_mode(), mode, "{url}");
        }
    }

    #[test]
    fn a_wrong_dsn_is_named_without_its_password() {
        for (url, word) in [
            ("postgres:///d", "no host"),
            ("postgres://host/d", "no user"),
            ("postgres://u:secret@host:x/d", "cannot be read"),
            ("postgres://u:secret@host", "no database"),
            ("postgres://u:secret@host/d?sslmode=sometimes", "sslmode"),
            ("postgres://u:secret@host/d?colour=red", "colour"),
        ] {
            let error = read(url).err().unwrap().to_string();
            assert!(error.contains(word) && !error.contains("secret"), "{url}: {error}");
        }
    }
}
