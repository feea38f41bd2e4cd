//! What waits for the audit tables, the blacklist, the id counters, and cached settings.

use std::collections::HashMap;

use bridge_core::{Onboarding, Timestamp};
use bridge_store::Result;
use bridge_store::blacklisting::Blacklisting;
use bridge_store::hot::{Counters, PeerEvent, QueueSizes, SETTING_CACHED, Which};
use bridge_store::judged::QueuedSms;
use redis::Value;
use uuid::Uuid;

use super::answer::{Parts, Read, Unreadable, parse};
use super::connection::Request;
use super::scripts::{self, read};
use super::{CHUNK, DAILY_CHUNK, RedisHot, fields, keys};

/// An entry of a queue: its id, and fields that mean nothing.
type Queued = (String, Value);

/// As many as Redis can count.
fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}

impl RedisHot {
    pub(super) async fn queued_sms(&self, which: Which, max: usize) -> Result<Vec<QueuedSms>> {
        const OPERATION: &str = "queued_sms";
        let queues: &[&str] = match which {
            Which::All => &[keys::QUEUED_PASSED, keys::QUEUED_FAILED],
            Which::Passed => &[keys::QUEUED_PASSED],
        };
        if max == 0 {
            return Ok(Vec::new());
        }
        let call = scripts::QUEUED_SMS.call().arg(limit(max)).arg(queues);
        let answer = call.run(&self.queues, OPERATION).await?;
        let ids: Vec<i64> = redis::from_redis_value(answer)
            .map_err(|error| super::fault::damaged(OPERATION, format!("the ids cannot be read: {error}")))?;
        self.queued(OPERATION, &ids).await
    }

    pub(super) async fn newest_sms(&self, max: usize) -> Result<Vec<QueuedSms>> {
        const OPERATION: &str = "newest_sms";
        if max == 0 {
            return Ok(Vec::new());
        }
        let mut pipe = redis::pipe();
        for queue in [keys::QUEUED_PASSED, keys::QUEUED_FAILED] {
            pipe.cmd("XREVRANGE").arg(queue).arg("+").arg("-").arg("COUNT").arg(limit(max));
        }
        let (passed, failed): (Vec<Queued>, Vec<Queued>) =
            self.queues.ask(OPERATION, Request::Many(&pipe)).await?;
        let number = |(id, _): Queued| -> Read<i64> {
            parse(id.split('-').next().unwrap_or_default(), "the id of a queued SMS")
        };
        let ids: Read<Vec<i64>> = passed.into_iter().chain(failed).map(number).collect();
        let mut ids = read(OPERATION, ids)?;
        ids.sort_unstable_by_key(|id| std::cmp::Reverse(*id));
        ids.truncate(max);
        self.queued(OPERATION, &ids).await
    }

    /// Those of these that still wait: one may have been forgotten by a worker since its id was read.
    async fn queued(&self, operation: &'static str, ids: &[i64]) -> Result<Vec<QueuedSms>> {
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(DAILY_CHUNK) {
            let rows = self
                .many(operation, some, |pipe, id| {
                    pipe.add_command(fields::ask_for_sms(*id));
                })
                .await?;
            for row in rows {
                found.extend(read(operation, fields::queued_sms(row))?);
            }
        }
        Ok(found)
    }

    pub(super) async fn queued_one(&self, id: i64) -> Result<Option<QueuedSms>> {
        const OPERATION: &str = "queued_one";
        let row = self.server.ask(OPERATION, Request::One(&fields::ask_for_sms(id))).await?;
        read(OPERATION, fields::queued_sms(row))
    }

    pub(super) async fn forget_sms(&self, ids: &[i64]) -> Result<()> {
        for some in ids.chunks(DAILY_CHUNK) {
            scripts::FORGET_SMS.call().arg(some).run(&self.queues, "forget_sms").await?;
        }
        Ok(())
    }

    pub(super) async fn queued_onboardings(&self, max: usize) -> Result<Vec<Onboarding>> {
        const OPERATION: &str = "queued_onboardings";
        let ids = self.first_of(OPERATION, keys::QUEUED_ONBOARDINGS, max).await?;
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(DAILY_CHUNK) {
            let rows = self
                .many(OPERATION, some, |pipe, id| {
                    pipe.cmd("HMGET").arg(keys::of(keys::ONBOARDING, id)).arg(fields::ONBOARDING);
                })
                .await?;
            for row in rows {
                found.extend(read(OPERATION, fields::onboarding(row))?);
            }
        }
        Ok(found)
    }

    pub(super) async fn forget_onboardings(&self, written: &[(Uuid, i64)]) -> Result<()> {
        for some in written.chunks(DAILY_CHUNK) {
            let pairs = some.iter().map(|(id, version)| (id.to_string(), *version));
            let call = scripts::FORGET_ONBOARDINGS.call().pairs(pairs);
            call.run(&self.queues, "forget_onboardings").await?;
        }
        Ok(())
    }

    pub(super) async fn queued_blacklistings(&self, max: usize) -> Result<Vec<Blacklisting>> {
        const OPERATION: &str = "queued_blacklistings";
        let mobiles = self.first_of(OPERATION, keys::QUEUED_BLACKLIST, max).await?;
        let mut found = Vec::with_capacity(mobiles.len());
        for some in mobiles.chunks(CHUNK) {
            let mut command = redis::cmd("HMGET");
            command.arg(keys::QUEUED_BLACKLIST_ENTRIES).arg(some);
            let entries: Vec<Option<String>> = self.queues.ask(OPERATION, Request::One(&command)).await?;
            for (mobile, entry) in some.iter().zip(entries) {
                found.extend(read(OPERATION, entry.map(|entry| blacklisting(mobile, &entry)).transpose())?);
            }
        }
        Ok(found)
    }

    pub(super) async fn forget_blacklistings(&self, mobiles: &[String]) -> Result<()> {
        for some in mobiles.chunks(CHUNK) {
            scripts::FORGET_BLACKLISTINGS.call().arg(some).run(&self.queues, "forget_blacklistings").await?;
        }
        Ok(())
    }

    pub(super) async fn queue_sizes(&self) -> Result<QueueSizes> {
        let mut pipe = redis::pipe();
        pipe.cmd("XLEN").arg(keys::QUEUED_PASSED);
        pipe.cmd("XLEN").arg(keys::QUEUED_FAILED);
        pipe.cmd("ZCARD").arg(keys::QUEUED_ONBOARDINGS);
        pipe.cmd("ZCARD").arg(keys::QUEUED_BLACKLIST);
        pipe.cmd("XLEN").arg(keys::TOLD);
        let (passed, failed, onboarding, blacklist, events): (u64, u64, u64, u64, u64) =
            self.server.ask("queue_sizes", Request::Many(&pipe)).await?;
        Ok(QueueSizes { input_sms: passed + failed, onboarding, blacklist, events })
    }

    pub(super) async fn blacklist(&self, entry: &Blacklisting) -> Result<()> {
        let ends = entry.expires_at.map(|at| at.0.to_string()).unwrap_or_default();
        let call = scripts::BLACKLIST.call().arg(&entry.mobile_number).arg(entry_text(entry)).arg(ends);
        call.run(&self.server, "blacklist").await.map(|_| ())
    }

    /// Built aside in chunks, and swapped in one step with what still waits for its table.
    pub(super) async fn replace_blacklist(&self, blocks: &[(String, Option<Timestamp>)]) -> Result<()> {
        const OPERATION: &str = "replace_blacklist";
        /// Left behind by a bridge that died over it, the unfinished set goes by itself.
        const UNFINISHED_SECONDS: u32 = 600;
        let mut command = redis::cmd("INCR");
        command.arg(keys::of(keys::BLACKLIST_BUILDING, "last"));
        let number: i64 = self.server.ask(OPERATION, Request::One(&command)).await?;
        let aside = keys::of(keys::BLACKLIST_BUILDING, number);
        let ends_aside = format!("{aside}:ends");
        // Of one that is named twice, the last holds.
        let blocks: HashMap<&str, Option<Timestamp>> =
            blocks.iter().map(|(mobile, ends)| (mobile.as_str(), *ends)).collect();
        let mobiles: Vec<&str> = blocks.keys().copied().collect();
        let ends: Vec<(&str, i64)> =
            blocks.iter().filter_map(|(mobile, ends)| ends.map(|at| (*mobile, at.0))).collect();
        for some in mobiles.chunks(CHUNK) {
            let mut pipe = redis::pipe();
            pipe.cmd("SADD").arg(&aside).arg(some);
            pipe.cmd("EXPIRE").arg(&aside).arg(UNFINISHED_SECONDS);
            self.server.ask::<Value>(OPERATION, Request::Many(&pipe)).await?;
        }
        for some in ends.chunks(CHUNK) {
            let mut pipe = redis::pipe();
            pipe.cmd("HSET").arg(&ends_aside).arg(some);
            pipe.cmd("EXPIRE").arg(&ends_aside).arg(UNFINISHED_SECONDS);
            self.server.ask::<Value>(OPERATION, Request::Many(&pipe)).await?;
        }
        let call = scripts::REPLACE_BLACKLIST.call();
        let call = call.arg(&aside).arg(mobiles.len()).arg(&ends_aside).arg(ends.len());
        match self.number(OPERATION, call).await? {
            1 => Ok(()),
            _ => Err(super::fault::because(
                OPERATION,
                bridge_store::StoreFault::Unavailable,
                "the new blacklist was lost while it was built, the old one stands: it is built again next time",
            )),
        }
    }

    pub(super) async fn counters(&self) -> Result<Counters> {
        let mut command = redis::cmd("MGET");
        command.arg(keys::COUNTER_INPUT_SMS).arg(keys::COUNTER_ONBOARDING);
        let (input_sms, onboarding): (Option<i64>, Option<i64>) =
            self.server.ask("counters", Request::One(&command)).await?;
        Ok(Counters {
            queue_input_sms: input_sms.unwrap_or_default(),
            queue_onboarding: onboarding.unwrap_or_default(),
        })
    }

    pub(super) async fn cache_settings(&self, rows: &[(String, String)]) -> Result<()> {
        let mut pipe = redis::pipe();
        for (key, value) in rows {
            pipe.cmd("SET").arg(keys::of(keys::SETTING, key)).arg(value).arg("PX").arg(SETTING_CACHED.0);
        }
        if rows.is_empty() {
            return Ok(());
        }
        self.server.ask::<Value>("cache_settings", Request::Many(&pipe)).await.map(|_| ())
    }

    pub(super) async fn announce_setting(&self, key: &str) -> Result<()> {
        let mut pipe = redis::pipe();
        pipe.cmd("DEL").arg(keys::of(keys::SETTING, key));
        let notice = super::peer_events::text(&PeerEvent::Setting(key.to_owned()));
        pipe.cmd("PUBLISH").arg(keys::NOTICES).arg(notice);
        self.server.ask::<Value>("announce_setting", Request::Many(&pipe)).await.map(|_| ())
    }

    /// Publishes what is no part of an operation.
    pub(super) async fn announce(&self, operation: &'static str, notice: &PeerEvent) -> Result<()> {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(keys::NOTICES).arg(super::peer_events::text(notice));
        self.server.ask::<Value>(operation, Request::One(&publish)).await.map(|_| ())
    }

    /// The first members of a sorted set.
    async fn first_of(&self, operation: &'static str, key: &str, max: usize) -> Result<Vec<String>> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let mut command = redis::cmd("ZRANGE");
        command.arg(key).arg(0).arg(limit(max) - 1);
        self.queues.ask(operation, Request::One(&command)).await
    }

    /// One command for each of these, sent together.
    async fn many<T>(
        &self,
        operation: &'static str,
        of: &[T],
        command: impl Fn(&mut redis::Pipeline, &T),
    ) -> Result<Vec<Value>> {
        let mut pipe = redis::pipe();
        of.iter().for_each(|one| command(&mut pipe, one));
        let answer = self.queues.ask(operation, Request::Many(&pipe)).await?;
        read(operation, Parts::of(answer)).map(|parts| parts.rest().collect())
    }
}

/// An entry as the scripts write it too: time, count, calling code, national number, and the reason, which may hold
/// spaces. Then, each on a line of its own, when it ends and who blocked it, where that is known.
fn entry_text(entry: &Blacklisting) -> String {
    let Blacklisting { blacklisted_at, message_count, country_code, local_mobile, reason, .. } = entry;
    let reason = reason.replace('\n', " ");
    let text = format!("{} {message_count} {country_code} {local_mobile} {reason}", blacklisted_at.0);
    let ends = entry.expires_at.map(|at| at.0.to_string()).unwrap_or_default();
    match &entry.blocked_by {
        Some(by) => format!("{text}\n{ends}\n{by}"),
        None if ends.is_empty() => text,
        None => format!("{text}\n{ends}"),
    }
}

pub(super) fn blacklisting(mobile: &str, entry: &str) -> Read<Blacklisting> {
    let mut lines = entry.splitn(3, '\n');
    let mut words = lines.next().unwrap_or_default().splitn(5, ' ');
    let mut next = |what| words.next().ok_or_else(|| Unreadable::new(format!("{what} is missing")));
    let ends = lines.next().filter(|ends| !ends.is_empty());
    Ok(Blacklisting {
        mobile_number: mobile.to_owned(),
        blacklisted_at: Timestamp(parse(next("blacklisted_at")?, "blacklisted_at")?),
        message_count: parse(next("message_count")?, "message_count")?,
        country_code: next("country_code")?.to_owned(),
        local_mobile: next("local_mobile")?.to_owned(),
        reason: next("reason")?.to_owned(),
        expires_at: ends.map(|ends| parse(ends, "expires_at")).transpose()?.map(Timestamp),
        blocked_by: lines.next().map(str::to_owned),
    })
}
