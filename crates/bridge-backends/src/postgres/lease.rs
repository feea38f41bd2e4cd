//! Connections for one operation each, and the statements on them. Behind a pooler in transaction mode every
//! statement may meet another server connection, so none is ever prepared by name: parse, bind and execute go
//! in one flight with the unnamed statement. No session state; more than one statement only in a transaction.

use std::time::Duration;

use bridge_store::{Result, StoreError};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::connect::{Address, BadUrl, CONNECT};
use super::failure::Failure;
use super::version::{VERSION, must_be_known};

/// What somebody waits for: whatever is down, an answer comes within this time (D26).
pub(super) const QUICK: Duration = Duration::from_secs(2);
/// What a worker does in batches, for each statement.
pub(super) const BATCH: Duration = Duration::from_secs(15);
/// What looks at whole tables.
pub(super) const SLOW: Duration = Duration::from_secs(60);

/// A connection is given up at this age: the next one finds a server that moved, and looks at its schema.
const OLD: Duration = Duration::from_secs(60);

/// A parameter and its type: stated, because asking the server would take a prepared statement.
pub(super) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);
/// Why a row is not what the program wrote there.
pub(super) type Unreadable = Box<dyn std::error::Error + Send + Sync>;

/// The connections of one bridge.
pub(super) struct Connections {
    pool: Pool,
}

impl Connections {
    pub(super) fn new(url: &str, size: usize) -> std::result::Result<Connections, BadUrl> {
        let Address { config, tls } = Address::parse(url)?;
        let how = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config, tls, how))
            .max_size(size.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(QUICK))
            .create_timeout(Some(CONNECT))
            .recycle_timeout(Some(CONNECT))
            .build()
            .map_err(|e| BadUrl::Unreadable(e.to_string()))?;
        Ok(Connections { pool })
    }

    /// A connection for one operation, to a database whose schema is the one that this version knows.
    pub(super) async fn lease(&self, operation: &'static str, limit: Duration) -> Result<Lease> {
        let lease = self.unchecked(operation, limit).await?;
        if lease.is_new { self.checked(lease).await } else { Ok(lease) }
    }

    /// Does the server answer, with the schema that this version knows?
    pub(super) async fn ping(&self) -> Result<()> {
        let lease = self.unchecked("ping", QUICK).await?;
        self.checked(lease).await.map(drop)
    }

    /// After a schema that this version does not know no connection is used unseen.
    async fn checked(&self, mut lease: Lease) -> Result<Lease> {
        match lease.check_schema().await {
            Ok(()) => Ok(lease),
            Err(error) => {
                lease.busy = true;
                self.pool.retain(|_, _| false);
                Err(error)
            }
        }
    }

    /// A connection for one operation, whatever the database holds.
    pub(super) async fn unchecked(&self, operation: &'static str, limit: Duration) -> Result<Lease> {
        let deadline = Instant::now() + limit;
        let got = timeout_at(deadline.min(Instant::now() + QUICK), self.connection()).await;
        let connection = match got {
            Ok(got) => got.map_err(|failure| failure.during(operation))?,
            Err(_) => return Err(Failure::unavailable(SILENT).during(operation)),
        };
        let is_new = Object::metrics(&connection).recycle_count == 0;
        Ok(Lease { connection: Some(connection), operation, limit, deadline, busy: false, is_new })
    }

    /// How many connections there may be.
    pub(super) fn most(&self) -> usize {
        self.pool.status().max_size
    }

    async fn connection(&self) -> std::result::Result<Object, Failure> {
        loop {
            let connection = self.pool.get().await?;
            if Object::metrics(&connection).age() < OLD {
                return Ok(connection);
            }
            drop(Object::take(connection));
        }
    }
}

const SILENT: &str =
    "PostgreSQL does not answer in time: is the server, and the pooler before it, alive and not overloaded?";

/// A connection while one operation uses it. One that is left in the middle of something is closed, not used
/// again: what still comes back on it is nobody's.
pub(super) struct Lease {
    connection: Option<Object>,
    operation: &'static str,
    limit: Duration,
    deadline: Instant,
    busy: bool,
    is_new: bool,
}

impl Lease {
    /// The next statement has the whole time again.
    pub(super) fn renew(&mut self) {
        self.deadline = Instant::now() + self.limit;
    }

    /// Is the schema the one that this version knows?
    pub(super) async fn check_schema(&mut self) -> Result<()> {
        let found = self.rows(VERSION, &[], |row| Ok(row.try_get::<_, i32>(0)?)).await?;
        must_be_known(found.first().copied()).map_err(|failure| self.failed(failure))
    }

    pub(super) fn failed(&self, failure: Failure) -> StoreError {
        failure.during(self.operation)
    }

    /// What is stored, or was to be, is not what the program understands.
    pub(super) fn unreadable(&self, why: &(dyn std::error::Error + Send + Sync + 'static)) -> StoreError {
        self.failed(Failure::damaged(why))
    }

    /// Sends one statement; a refusal by the server leaves the connection usable.
    pub(super) async fn attempt(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> std::result::Result<Vec<Row>, Failure> {
        let Some(connection) = &self.connection else { return Err(Failure::unavailable(SILENT)) };
        let in_transaction = std::mem::replace(&mut self.busy, true);
        let answer = timeout_at(self.deadline, connection.query_typed(sql, parameters)).await;
        let answer = answer.map_err(|_| Failure::unavailable(SILENT))?;
        self.busy = in_transaction;
        Ok(answer?)
    }

    /// The rows of one statement, read.
    pub(super) async fn rows<T>(
        &mut self,
        sql: &str,
        parameters: &[Parameter<'_>],
        read: fn(&Row) -> std::result::Result<T, Unreadable>,
    ) -> Result<Vec<T>> {
        let rows = self.attempt(sql, parameters).await.map_err(|failure| self.failed(failure))?;
        rows.iter().map(|row| self.read(row, read)).collect()
    }

    /// One row, read.
    pub(super) fn read<T>(
        &self,
        row: &Row,
        read: fn(&Row) -> std::result::Result<T, Unreadable>,
    ) -> Result<T> {
        read(row).map_err(|why| self.unreadable(&*why))
    }

    /// One statement whose rows, if any, nobody needs. Answers how many rows it touched.
    pub(super) async fn run(&mut self, sql: &str, parameters: &[Parameter<'_>]) -> Result<u64> {
        let Some(connection) = &self.connection else {
            return Err(self.failed(Failure::unavailable(SILENT)));
        };
        let in_transaction = std::mem::replace(&mut self.busy, true);
        let answer = timeout_at(self.deadline, connection.execute_typed(sql, parameters)).await;
        let answer = answer.map_err(|_| self.failed(Failure::unavailable(SILENT)))?;
        self.busy = in_transaction;
        answer.map_err(|error| self.failed(error.into()))
    }

    /// From here to `commit` all statements meet the same server connection. Dropped in between, everything is
    /// undone with the connection.
    pub(super) async fn begin(&mut self) -> Result<()> {
        self.simple("BEGIN").await?;
        self.busy = true;
        Ok(())
    }

    pub(super) async fn commit(&mut self) -> Result<()> {
        self.simple("COMMIT").await?;
        self.busy = false;
        Ok(())
    }

    /// Statements without parameters, as text.
    pub(super) async fn simple(&mut self, sql: &str) -> Result<()> {
        let Some(connection) = &self.connection else {
            return Err(self.failed(Failure::unavailable(SILENT)));
        };
        let in_transaction = std::mem::replace(&mut self.busy, true);
        let answer = timeout_at(self.deadline, connection.batch_execute(sql)).await;
        let answer = answer.map_err(|_| self.failed(Failure::unavailable(SILENT)))?;
        self.busy = in_transaction;
        answer.map_err(|error| self.failed(error.into()))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.busy
            && let Some(connection) = self.connection.take()
        {
            drop(Object::take(connection));
        }
    }
}
