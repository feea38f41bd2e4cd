//! A PostgreSQL that stands for the remote: the roles that Supabase has, and the table of validated numbers. Not the
//! API in front of it.

use test_servers::{Postgres, postgres, supabase};

use crate::{Outcome, workspace};

const SQL: &str = "crates/bridge-backends/migrations/remote/0001_validated_mobiles.sql";

/// Starts one with an empty table in this database.
pub(crate) fn start(database: &str) -> Outcome<Postgres> {
    let server = Postgres::start(&postgres::Options::default())?;
    supabase::make_roles(&server, database)?;
    let file = workspace::root().join(SQL);
    let sql = std::fs::read_to_string(&file).map_err(|why| format!("{}: {why}", file.display()))?;
    server.sql(database, &sql)?;
    Ok(server)
}
