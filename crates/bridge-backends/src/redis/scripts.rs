//! The scripts: one for each operation that must be atomic, put together from the files in `scripts/redis`.
//! Not their meaning, which is in those files.

use std::sync::LazyLock;

use bridge_core::CheckId;
use bridge_core::time::DAY;
use bridge_store::Result;
use bridge_store::hot::{REGISTRATION_WINDOW, THRESHOLD_EXCEEDED};
use redis::{Cmd, ErrorKind, ServerErrorKind, ToRedisArgs, Value};

use super::answer::{Parts, Read};
use super::connection::{Live, Request, Server, is_broken};
use super::fault::{damaged, from_redis, lost};
use super::keys;
use super::seen::ADMITTED;

/// A script by its text, and by the digest under which the server remembers it.
pub(super) struct Script {
    text: String,
    digest: String,
}

impl Script {
    fn of(parts: &[&str]) -> Script {
        let constants = format!(
            "local THRESHOLD_EXCEEDED, ADMITTED, REGISTRATION_WINDOW = '{THRESHOLD_EXCEEDED}', {ADMITTED}, {}
             local DAY, DAY_TEXT = {day}, '{day}'\n",
            REGISTRATION_WINDOW.0,
            day = DAY.0,
        );
        let text = with_names(&[constants.as_str(), &parts.concat()].concat());
        let digest = redis::Script::new(&text).get_hash().to_owned();
        Script { text, digest }
    }

    /// A call of it, to be given its arguments.
    pub(super) fn call(&'static self) -> Call {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&self.digest).arg(0);
        Call { script: self, command }
    }
}

/// What stands in record.lua for a field for each check, with its digit.
const CHECK_FIELDS: &str = "CHECK_FIELDS";

/// `'mobile_check', codes:sub(1, 1), …`: the list of checks as arguments of `HSET`. Written out, not looped over: the
/// server walks no table for each SMS.
fn check_fields() -> String {
    let field = |(check, place): (CheckId, usize)| format!("'{}', codes:sub({place}, {place})", check.name());
    CheckId::all().zip(1..).map(field).collect::<Vec<_>>().join(", ")
}

/// A script with the keys themselves in the place of their names, and the fields of the checks in the place of
/// [`CHECK_FIELDS`]: a local that a function uses costs each call of the script more than a text does.
fn with_names(script: &str) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut text = String::with_capacity(2 * script.len());
    let mut rest = script;
    while let Some(start) = rest.find(is_name) {
        let (before, from) = rest.split_at(start);
        let (name, after) = from.split_at(from.find(|c| !is_name(c)).unwrap_or(from.len()));
        text.push_str(before);
        match keys::ALL.iter().find(|(known, _)| *known == name) {
            Some((_, key)) => text.extend(["'", key, "'"]),
            None if name == CHECK_FIELDS => text.push_str(&check_fields()),
            None => text.push_str(name),
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// A script with its arguments.
pub(super) struct Call {
    script: &'static Script,
    command: Cmd,
}

impl Call {
    pub(super) fn arg(mut self, arg: impl ToRedisArgs) -> Self {
        self.command.arg(arg);
        self
    }

    /// An argument that is empty where something does not hold.
    pub(super) fn flag(self, holds: bool) -> Self {
        self.arg(if holds { "1" } else { "" })
    }

    /// Names and values, one after the other.
    pub(super) fn pairs<N: ToRedisArgs, V: ToRedisArgs>(
        mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        for (name, value) in pairs {
            self.command.arg(name).arg(value);
        }
        self
    }

    /// Carries it out over this connection. A server that does not know the script gets its text.
    async fn run_over(&self, server: &Server, live: &Live) -> redis::RedisResult<Value> {
        match server.send(live, &Request::One(&self.command)).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                let mut command = redis::cmd("EVAL");
                command.arg(&self.script.text);
                for arg in self.command.args_iter().skip(2) {
                    if let redis::Arg::Simple(bytes) = arg {
                        command.arg(bytes);
                    }
                }
                server.send(live, &Request::One(&command)).await
            }
            answer => answer,
        }
    }

    /// Carries out an operation that knows no epoch. Tried twice when the connection broke.
    pub(super) async fn run(&self, server: &Server, operation: &'static str) -> Result<Value> {
        let live = server.live(operation).await?;
        let answer = match self.run_over(server, &live).await {
            Err(error) if is_broken(&error) => self.run_over(server, &server.live(operation).await?).await,
            answer => answer,
        };
        answer.map_err(|error| from_redis(operation, &error))
    }
}

/// Carries out an operation that holds in this epoch only, which is its first argument. `arguments` are told whether
/// this is the second attempt, after the connection broke before the answer to the first came: that one may have
/// been carried out.
pub(super) async fn run_in(
    server: &Server,
    operation: &'static str,
    epoch: &str,
    script: &'static Script,
    arguments: impl Fn(Call, bool) -> Call + Send + Sync,
) -> Result<Parts> {
    let live = server.live_in(operation, epoch).await?;
    let answer = match arguments(script.call().arg(epoch), false).run_over(server, &live).await {
        Err(error) if is_broken(&error) => {
            let live = server.live_in(operation, epoch).await?;
            arguments(script.call().arg(epoch), true).run_over(server, &live).await
        }
        answer => answer,
    };
    let value = answer.map_err(|error| from_redis(operation, &error))?;
    read(operation, Parts::of(value))
}

/// What was read, or the error of this operation.
pub(super) fn read<T>(operation: &'static str, read: Read<T>) -> Result<T> {
    read.map_err(|unreadable| damaged(operation, unreadable.to_string()))
}

/// The first word of an answer, which is the same of every checked operation if the epoch is not the entered one.
pub(super) fn outcome(operation: &'static str, parts: &mut Parts) -> Result<String> {
    let word = read(operation, parts.text("the outcome"))?;
    if word == "lost" { Err(lost(operation)) } else { Ok(word) }
}

/// An outcome that the script does not know.
pub(super) fn unknown(operation: &'static str, word: &str) -> bridge_store::StoreError {
    damaged(operation, format!("the script answered {word:?}"))
}

macro_rules! part {
    ($name:literal) => {
        include_str!(concat!("../../scripts/redis/", $name, ".lua"))
    };
}

macro_rules! scripts {
    ($( $script:ident = $($part:literal)*; )*) => {
        $( pub(super) static $script: LazyLock<Script> = LazyLock::new(|| Script::of(&[$(part!($part)),*])); )*
    };
}

scripts! {
    ADMIT = "facts" "admit";
    RECORD = "record" "facts" "changes" "face" "changed";
    REGISTER = "facts" "changes" "register";
    FIND = "epoch" "facts" "find";
    CANCEL = "epoch" "facts" "changes" "face" "settle" "cancel";
    SHOW_LAST = "epoch" "show_last";
    MOVE_DEADLINE = "epoch" "facts" "changes" "face" "move_deadline";
    REVIVE = "epoch" "facts" "changes" "face" "revive";
    EXPIRE = "epoch" "changes" "expire";
    GARBAGE = "changes" "garbage";
    QUEUED_SMS = "queued_sms";
    FORGET_SMS = "forget_sms";
    FORGET_BLACKLISTINGS = "forget_blacklistings";
    FORGET_ONBOARDINGS = "changes" "forget_onboardings";
    BLACKLIST = "blacklist";
    UNBLACKLIST = "unblacklist";
    REPLACE_BLACKLIST = "replace_blacklist";
    ERASE = "facts" "changes" "face" "erase";
    LEASE = "lease";
    RELEASE = "release";
    FIRST_USE = "first_use";
    RAISE_COUNTERS = "raise_counters";
    BEGIN = "begin";
    CLEAR = "right" "clear";
    FINISH = "finish";
    REBUILD_ONBOARDINGS = "right" "facts" "changes" "face" "settle" "restore_onboardings";
    REBUILD_JUDGED = "right" "facts" "changes" "face" "settle" "restore_judged";
    REBUILD_SMALL = "right" "restore_small";
    ADD_ONBOARDINGS = "epoch" "facts" "changes" "face" "settle" "restore_onboardings";
    ADD_JUDGED = "epoch" "facts" "changes" "face" "settle" "restore_judged";
    ADD_SMALL = "epoch" "restore_small";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_of_the_list_has_a_field_with_its_digit() {
        let fields = check_fields();
        for (check, place) in CheckId::all().zip(1..) {
            let field = format!("'{}', codes:sub({place}, {place})", check.name());
            assert!(fields.contains(&field), "{fields}");
            assert!(RECORD.text.contains(&field), "{}", RECORD.text);
        }
        assert!(!RECORD.text.contains(CHECK_FIELDS));
    }

    #[test]
    fn record_lua_names_no_check_by_itself() {
        let written = part!("record");
        assert!(CheckId::all().all(|check| !written.contains(check.name())));
    }
}
