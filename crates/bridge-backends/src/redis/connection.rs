//! The one connection to the server at a URL, or to the primary that Sentinels name: made when first needed, made again when it broke, and never waited for
//! without an end. Not what is asked over it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bridge_store::{Result, StoreFault};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, Value};
use tokio::time::{Instant, timeout};

use super::fault::{because, from_redis, lost};
use super::sentinels::{Primary, Sentinels};

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
    /// New at every start of a server, and where there are Sentinels with every promotion: what it was before may have
    /// known more.
    pub(super) identity: String,
    /// Where Sentinels name it.
    primary: Option<Primary>,
    number: u64,
}

/// Where the server is.
#[derive(Clone)]
pub(super) enum Place {
    /// At this address.
    At(Box<Client>),
    /// Where these say.
    Named(Arc<Sentinels>),
}

impl Place {
    /// A client of the server, and where it is if that may change.
    pub(super) async fn find(&self) -> redis::RedisResult<(Client, Option<Primary>)> {
        match self {
            Place::At(client) => Ok((Client::clone(client), None)),
            Place::Named(sentinels) => {
                let primary = sentinels.primary().await?;
                Ok((sentinels.client(&primary)?, Some(primary)))
            }
        }
    }
}

struct Failed {
    at: Instant,
    why: RedisError,
}

/// The server behind a URL.
pub(super) struct Server {
    place: Place,
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
    pub(super) fn new(place: Place) -> Server {
        Server { place, live: Mutex::default(), connecting: tokio::sync::Mutex::default() }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Forgets a connection to another server than this one; without one, any.
    pub(super) fn leave_others_than(&self, primary: Option<&Primary>) {
        let mut current = self.current();
        if current.as_ref().is_some_and(|live| primary.is_none() || live.primary.as_ref() != primary) {
            *current = None;
        }
    }

    /// Whether the connection, if there is one, is to this server.
    pub(super) fn is_at(&self, primary: Option<&Primary>) -> bool {
        self.current().as_ref().is_none_or(|live| live.primary.as_ref() == primary)
    }

    /// Whether the server at the other end is what it was when it was connected to. It may have become a replica and
    /// a primary again meanwhile, with what another one knew. Asked where Sentinels do such things.
    pub(super) async fn is_what_it_was(&self, live: &Live) -> redis::RedisResult<bool> {
        if live.primary.is_none() {
            return Ok(true);
        }
        let mut command = redis::cmd("INFO");
        let answer = self.send(live, &Request::One(command.arg("replication"))).await?;
        let info: String = redis::from_redis_value(answer)?;
        let is = promotion(&info).is_ok_and(|promotion| live.identity.ends_with(&promotion));
        if !is {
            self.forget(live);
        }
        Ok(is)
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

    /// Connects, and asks who it is before anything else can be sent.
    async fn connect(&self, number: u64) -> redis::RedisResult<Live> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER))
            .set_pipeline_buffer_size(WAITING_REQUESTS);
        let (client, primary) = self.place.find().await?;
        let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
        let mut identity = field(&info, "run_id").unwrap_or_default().to_owned();
        if identity.is_empty() {
            return Err(RedisError::from((
                ErrorKind::Client,
                "INFO server names no run_id: is this a Redis?",
            )));
        }
        if primary.is_some() {
            let info: String = redis::cmd("INFO").arg("replication").query_async(&mut connection).await?;
            identity.push_str(&promotion(&info)?);
        }
        Ok(Live { connection, identity, primary, number })
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
            && (error.is_unrecoverable_error()
                || error.is_timeout()
                || error.is_io_error()
                || is_demoted(error))
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
            Some((_, identity)) if identity == live.identity => Ok(live),
            _ => Err(lost(operation)),
        }
    }
}

/// The connection ended before the answer came; not so if the answer is only late.
pub(super) fn is_broken(error: &RedisError) -> bool {
    !error.is_timeout() && error.is_unrecoverable_error()
}

/// It was a primary when it was connected to, and is a replica now.
fn is_demoted(error: &RedisError) -> bool {
    error.code() == Some("READONLY")
}

/// Which promotion made it the primary, as a part of its identity: empty for one that was never anything else. The
/// replication id alone would not do: it is also new when the last replica is gone for an hour.
fn promotion(info: &str) -> redis::RedisResult<String> {
    if field(info, "role") != Some("master") {
        return Err(RedisError::from((ErrorKind::Io, "it is a replica: no Sentinel has promoted it yet")));
    }
    let was_replica = field(info, "second_repl_offset").is_some_and(|offset| offset != "-1");
    let id = field(info, "master_replid").filter(|_| was_replica);
    Ok(id.map(|id| format!(".{id}")).unwrap_or_default())
}

/// A field of what `INFO` answers.
pub(super) fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::promotion;

    #[test]
    fn only_a_promotion_makes_another_server_of_it() {
        let info = |role: &str, id: &str, offset: &str| {
            promotion(&format!("role:{role}\r\nmaster_replid:{id}\r\nsecond_repl_offset:{offset}\r\n"))
        };
        assert_eq!(info("master", "aa", "-1").unwrap(), "");
        assert_eq!(info("master", "bb", "-1").unwrap(), "", "without replicas for an hour");
        assert_eq!(info("master", "cc", "150").unwrap(), ".cc");
        assert!(info("slave", "cc", "150").is_err());
    }
}
