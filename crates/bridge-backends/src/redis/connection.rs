//! The one connection to the server: made when first needed, made again when it broke, and never waited for
//! without an end. Not what is asked over it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bridge_store::{Result, StoreFault};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, Value};
use tokio::time::{Instant, timeout};

use super::fault::{because, from_redis, lost};

/// For the connection, its login and the question which server this is.
const CONNECT: Duration = Duration::from_secs(1);
/// For one answer: longer than a stalled fsync, for what the server will carry out all the same.
const ANSWER: Duration = Duration::from_secs(5);
/// After a connection failed, the next is tried not sooner: a flood of SMS must not become a flood of these.
const PAUSE: Duration = Duration::from_millis(100);
/// Requests on their way to the socket before the next one waits. They are small, and the server answers in order.
const WAITING_REQUESTS: usize = 1_024;

/// A connection, and which start of which server is at its other end.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) connection: MultiplexedConnection,
    /// New at every start of a server (`INFO server`).
    pub(super) run_id: String,
    number: u64,
}

struct Failed {
    at: Instant,
    why: RedisError,
}

/// The server behind a URL.
pub(super) struct Server {
    client: Client,
    live: Mutex<Option<Live>>,
    /// Held while connecting, so that one connects and all others take what comes of it.
    connecting: tokio::sync::Mutex<Connecting>,
}

#[derive(Default)]
struct Connecting {
    made: u64,
    failed: Option<Failed>,
}

/// What is sent.
pub(super) enum Request<'a> {
    /// One command.
    One(&'a Cmd),
    /// Several at once, which others may come between.
    Many(&'a Pipeline),
}

impl Server {
    pub(super) fn new(client: Client) -> Server {
        Server { client, live: Mutex::default(), connecting: tokio::sync::Mutex::default() }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    fn current(&self) -> MutexGuard<'_, Option<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, made now if there is none.
    pub(super) async fn live(&self, operation: &'static str) -> Result<Live> {
        if let Some(live) = self.current().clone() {
            return Ok(live);
        }
        let mut connecting = self.connecting.lock().await;
        if let Some(live) = self.current().clone() {
            return Ok(live);
        }
        if let Some(failed) = &connecting.failed
            && failed.at.elapsed() < PAUSE
        {
            return Err(from_redis(operation, &failed.why));
        }
        let made = match timeout(CONNECT, self.connect(connecting.made + 1)).await {
            Ok(made) => made,
            Err(_) => Err(RedisError::from((ErrorKind::Io, "the server does not answer within a second"))),
        };
        match made {
            Ok(live) => {
                connecting.made += 1;
                connecting.failed = None;
                *self.current() = Some(live.clone());
                Ok(live)
            }
            Err(why) => {
                let error = from_redis(operation, &why);
                connecting.failed = Some(Failed { at: Instant::now(), why });
                Err(error)
            }
        }
    }

    /// Connects, and asks for the run id before anything else can be sent.
    async fn connect(&self, number: u64) -> redis::RedisResult<Live> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER))
            .set_pipeline_buffer_size(WAITING_REQUESTS);
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
        let run_id = field(&info, "run_id").unwrap_or_default().to_owned();
        if run_id.is_empty() {
            return Err(RedisError::from((
                ErrorKind::Client,
                "INFO server names no run_id: is this a Redis?",
            )));
        }
        Ok(Live { connection, run_id, number })
    }

    /// Forgets a connection that broke, unless a newer one took its place.
    fn forget(&self, broken: &Live) {
        let mut current = self.current();
        if current.as_ref().is_some_and(|live| live.number == broken.number) {
            *current = None;
        }
    }

    /// Sends a request over a connection and waits for its answer.
    pub(super) async fn send(&self, live: &Live, request: &Request<'_>) -> redis::RedisResult<Value> {
        let mut connection = live.connection.clone();
        let answer = match request {
            Request::One(command) => connection.send_packed_command(command).await,
            Request::Many(pipeline) => {
                connection.send_packed_commands(pipeline, 0, pipeline.len()).await.map(Value::Array)
            }
        };
        // One that did not answer in time may hang for ever: the next use tries a new connection.
        if let Err(error) = &answer
            && (error.is_unrecoverable_error() || error.is_timeout() || error.is_io_error())
        {
            self.forget(live);
        }
        answer.and_then(Value::extract_error)
    }

    /// Carries a request out that asks for no epoch. Tried a second time over a new connection when the first
    /// broke: everything that is asked this way can be asked twice.
    pub(super) async fn ask<T: FromRedisValue>(
        &self,
        operation: &'static str,
        request: Request<'_>,
    ) -> Result<T> {
        let live = self.live(operation).await?;
        let answer = match self.send(&live, &request).await {
            Err(error) if is_broken(&error) => {
                let live = self.live(operation).await?;
                self.send(&live, &request).await
            }
            answer => answer,
        };
        let value = answer.map_err(|error| from_redis(operation, &error))?;
        redis::from_redis_value(value)
            .map_err(|error| because(operation, StoreFault::Damaged, format!("unexpected answer: {error}")))
    }

    /// The connection for an operation that is checked against the entered epoch: `Lost` without asking if that
    /// is of another start of the server, which may have come back a second older.
    pub(super) async fn live_in(&self, operation: &'static str, epoch: &str) -> Result<Live> {
        let live = self.live(operation).await?;
        match epoch.rsplit_once('@') {
            Some((_, run_id)) if run_id == live.run_id => Ok(live),
            _ => Err(lost(operation)),
        }
    }
}

/// The connection ended before the answer came; not so if the answer is only late.
pub(super) fn is_broken(error: &RedisError) -> bool {
    !error.is_timeout() && error.is_unrecoverable_error()
}

/// A field of what `INFO` answers.
pub(super) fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}
