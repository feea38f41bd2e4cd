//! Redis Sentinel: which server is the primary now, by the word of Sentinels that see a majority of themselves. A primary
//! that none of these vouches for is left: behind a cut network it may go on answering while another was promoted. Not
//! the connection to it, and not what a promoted one is worth: its epoch is of another server, so it is rebuilt.

use std::sync::PoisonError;
use std::time::Duration;

use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, Pipeline,
    RedisConnectionInfo, RedisError, Value,
};
use tokio::time::timeout;

use super::UrlError;

/// With TLS and without, to the Sentinels and to the primary alike.
const SCHEMES: [(&str, &str); 2] = [("redis+sentinel://", "redis"), ("rediss+sentinel://", "rediss")];
/// Where a Sentinel listens if nothing else is said.
const PORT: &str = "26379";
/// For one Sentinel's answer: a dead one must not hold up what the others know.
const ANSWER: Duration = Duration::from_millis(400);
/// The Sentinels of a URL.
pub(super) struct Sentinels {
    /// What they call the primary.
    name: String,
    with_tls: bool,
    /// User, password and database at the primary.
    login: RedisConnectionInfo,
    each: Vec<Sentinel>,
}

struct Sentinel {
    address: String,
    client: Client,
    live: std::sync::Mutex<Option<MultiplexedConnection>>,
}

/// Who is the primary, as one Sentinel says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    primary: Primary,
    /// Grows with each failover: of two that differ the higher one is newer.
    config_epoch: u64,
    /// It sees enough of the others to bring about a failover: so nobody else can without it.
    sees_majority: bool,
}

/// An address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Primary {
    host: String,
    port: u16,
}

impl std::fmt::Display for Primary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// How many Sentinels there are, and what each says.
pub(super) struct Heard {
    pub(super) sentinels: usize,
    /// Who say the same, and see a majority.
    pub(super) sure: usize,
    pub(super) primary: Option<Primary>,
    pub(super) troubles: Vec<String>,
}

impl Sentinels {
    /// Of `redis+sentinel://user:password@a:26379,b:26379/name/0?sentinel_user=…&sentinel_password=…`; none for other
    /// URLs.
    pub(super) fn of(url: &str) -> Result<Option<Sentinels>, UrlError> {
        let found = SCHEMES.iter().find_map(|(scheme, plain)| Some((url.strip_prefix(scheme)?, *plain)));
        let Some((rest, scheme)) = found else { return Ok(None) };
        let wrong = |why: &str| UrlError { why: why.to_owned() };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (name, database) = path.split_once('/').unwrap_or((path, "0"));
        if name.is_empty() {
            return Err(wrong("the Sentinels' name for the primary is missing"));
        }
        let at = if user.is_empty() { String::new() } else { format!("{user}@") };
        // Read by the driver, as any other URL of a server.
        let primary = format!("{scheme}://{at}primary:1/{database}").into_connection_info();
        let primary = primary.map_err(|error| wrong(error.category()))?;
        let mut login = RedisConnectionInfo::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            login = match key.as_ref() {
                "sentinel_user" => login.set_username(value),
                "sentinel_password" => login.set_password(value),
                _ => return Err(wrong("after ? only sentinel_user and sentinel_password may stand")),
            };
        }
        let each = hosts.split(',').map(|host| Sentinel::at(scheme, host, &login));
        Ok(Some(Sentinels {
            name: name.to_owned(),
            with_tls: scheme == "rediss",
            login: primary.redis_settings().clone(),
            each: each.collect::<redis::RedisResult<_>>().map_err(|error| wrong(error.category()))?,
        }))
    }

    /// Asks all of them at once.
    pub(super) async fn heard(&self) -> Heard {
        let answers = join_all(self.each.iter().map(|sentinel| sentinel.ask(&self.name))).await;
        let (mut said, mut troubles) = (Vec::new(), Vec::new());
        for (sentinel, answer) in self.each.iter().zip(answers) {
            match answer {
                Ok(one) if one.sees_majority => said.push(one),
                Ok(_) => troubles.push(format!("{} sees no majority", sentinel.address)),
                Err(why) => troubles.push(format!("{}: {why}", sentinel.address)),
            }
        }
        let newest = said.iter().max_by_key(|one| one.config_epoch).cloned();
        let sure =
            said.iter().filter(|one| Some(&one.primary) == newest.as_ref().map(|n| &n.primary)).count();
        Heard { sentinels: self.each.len(), sure, primary: newest.map(|one| one.primary), troubles }
    }

    /// The primary, or why none can be believed.
    pub(super) async fn primary(&self) -> redis::RedisResult<Primary> {
        let heard = self.heard().await;
        heard.primary.ok_or_else(|| {
            let why = format!("no Sentinel that sees a majority names it: {}", heard.troubles.join("; "));
            RedisError::from((ErrorKind::Io, "the primary is not known", why))
        })
    }

    /// A client of that server.
    pub(super) fn client(&self, primary: &Primary) -> redis::RedisResult<Client> {
        let Primary { host, port } = primary.clone();
        let addr = if self.with_tls {
            ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host, port)
        };
        Client::open(addr.into_connection_info()?.set_redis_settings(self.login.clone()))
    }
}

impl Sentinel {
    fn at(scheme: &str, host: &str, login: &RedisConnectionInfo) -> redis::RedisResult<Sentinel> {
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
        let address = if has_port { host.to_owned() } else { format!("{host}:{PORT}") };
        let info = format!("{scheme}://{address}").into_connection_info()?.set_redis_settings(login.clone());
        Ok(Sentinel { address, client: Client::open(info)?, live: std::sync::Mutex::default() })
    }

    async fn ask(&self, name: &str) -> redis::RedisResult<Said> {
        let late = || RedisError::from((ErrorKind::Io, "it does not answer"));
        let answer = timeout(ANSWER, self.asked(name)).await.unwrap_or_else(|_| Err(late()));
        if answer.is_err() {
            *self.live.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        answer
    }

    async fn asked(&self, name: &str) -> redis::RedisResult<Said> {
        let known = self.live.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut connection = match known {
            Some(connection) => connection,
            None => {
                let config = AsyncConnectionConfig::new().set_response_timeout(Some(ANSWER));
                let made = self.client.get_multiplexed_async_connection_with_config(&config).await?;
                *self.live.lock().unwrap_or_else(PoisonError::into_inner) = Some(made.clone());
                made
            }
        };
        let mut questions = Pipeline::new();
        for question in ["MASTER", "GET-MASTER-ADDR-BY-NAME", "CKQUORUM"] {
            questions.cmd("SENTINEL").arg(question).arg(name);
        }
        said(connection.send_packed_commands(&questions, 0, questions.len()).await?)
    }
}

/// Its answers to the three questions. That it sees no majority is an error in the protocol, and none here.
fn said(answers: Vec<Value>) -> redis::RedisResult<Said> {
    let strange = || RedisError::from((ErrorKind::Parse, "it answers no Sentinel's answer"));
    let [state, address, majority]: [Value; 3] = answers.try_into().map_err(|_| strange())?;
    let state: std::collections::HashMap<String, String> =
        redis::from_redis_value(state.extract_error()?).map_err(|_| strange())?;
    let (host, port): (String, String) =
        redis::from_redis_value(address.extract_error()?).map_err(|_| strange())?;
    let config_epoch = state.get("config-epoch").and_then(|epoch| epoch.parse().ok()).ok_or_else(strange)?;
    Ok(Said {
        primary: Primary { host, port: port.parse().map_err(|_| strange())? },
        config_epoch,
        sees_majority: majority.extract_error().is_ok(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_sentinels_and_primary() {
        let of = |url: &str| Sentinels::of(url).unwrap().unwrap();
        let one = of("redis+sentinel://bridge:s%40cret@a:1,b,[::1]:3/mymaster/2?sentinel_password=x%26y");
        let addresses: Vec<&str> = one.each.iter().map(|sentinel| sentinel.address.as_str()).collect();
        assert_eq!(addresses, ["a:1", "b:26379", "[::1]:3"]);
        assert_eq!((one.name.as_str(), one.with_tls), ("mymaster", false));
        assert_eq!((one.login.username(), one.login.password()), (Some("bridge"), Some("s@cret")));
        assert_eq!(one.login.db(), 2);
        let sentinel = one.each[0].client.get_connection_info();
        assert_eq!(sentinel.redis_settings().password(), Some("x&y"));
        let primary = one.client(&Primary { host: "10.0.0.1".to_owned(), port: 6379 }).unwrap();
        assert_eq!(primary.get_connection_info().addr().to_string(), "10.0.0.1:6379");
        assert_eq!(primary.get_connection_info().redis_settings().password(), Some("s@cret"));
        let with_tls = of("rediss+sentinel://a/mymaster");
        let primary = with_tls.client(&Primary { host: "r".to_owned(), port: 1 }).unwrap();
        assert!(matches!(
            primary.get_connection_info().addr(),
            ConnectionAddr::TcpTls { insecure: false, .. }
        ));
        assert!(Sentinels::of("redis://a:1").unwrap().is_none());
    }

    #[test]
    fn a_url_that_lacks_something_is_an_error_without_its_password() {
        for url in [
            "redis+sentinel://:secret@a:1",
            "redis+sentinel://:secret@a:1/",
            "redis+sentinel://:secret@a:b/mymaster",
            "redis+sentinel://:secret@/mymaster",
            "redis+sentinel://:secret@a/mymaster/x",
            "redis+sentinel://a/mymaster?password=secret",
        ] {
            let Err(error) = Sentinels::of(url) else { panic!("{url}") };
            assert!(!error.to_string().contains("secret@"), "{url}: {error}");
        }
    }

    #[test]
    fn what_a_sentinel_says_is_read() {
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let state = || Value::Array(["name", "mymaster", "config-epoch", "7"].map(text).to_vec());
        let address = || Value::Array(["127.0.0.1", "6379"].map(text).to_vec());
        let one = said(vec![state(), address(), Value::Okay]).unwrap();
        assert_eq!(one.primary.to_string(), "127.0.0.1:6379");
        assert_eq!((one.config_epoch, one.sees_majority), (7, true));
        assert!(said(vec![state(), Value::Nil, Value::Okay]).is_err());
        assert!(said(vec![state()]).is_err());
    }
}
