//! One person: what is kept of a number, and its removal. Nothing here is sorted by number but what the checks read, so
//! the queues and the validated pairs are gone through whole, in pieces that hold nobody up.

use bridge_core::onboarding::hex;
use bridge_core::{Onboarding, Timestamp};
use bridge_store::Result;
use bridge_store::judged::QueuedSms;
use bridge_store::person::{Count, HotPerson, Removed, Traces};
use redis::Value;
use uuid::Uuid;

use super::answer::{Parts, Read, Unreadable, parse};
use super::connection::Request;
use super::scripts::{self, read};
use super::{CHUNK, RedisHot, fields, keys, seen};

/// What a script call answered about each kind of thing, in its order.
const KINDS: [&str; 7] =
    ["onboardings", "counts", "validated", "queued_sms", "answers", "deliveries", "waiting"];

/// What of a number was looked up by going through what is not sorted by number.
struct Found {
    onboardings: Vec<Uuid>,
    pairs: Vec<String>,
    queued: Vec<QueuedSms>,
}

impl RedisHot {
    pub(super) async fn person(&self, now: Timestamp, mobile: &str, traces: &Traces) -> Result<HotPerson> {
        const OPERATION: &str = "person";
        let found = self.look_for(OPERATION, mobile, traces).await?;
        let mut onboardings: Vec<Onboarding> = Vec::new();
        for some in found.onboardings.chunks(CHUNK) {
            let mut pipe = redis::pipe();
            for id in some {
                pipe.cmd("HMGET").arg(keys::of(keys::ONBOARDING, id)).arg(fields::ONBOARDING);
            }
            for row in self.rows(OPERATION, &pipe).await? {
                onboardings.extend(read(OPERATION, fields::onboarding(row))?);
            }
        }
        onboardings.retain(|onboarding| onboarding.mobile.e164() == mobile);
        onboardings.sort_by_key(|onboarding| onboarding.id);
        let mut pipe = redis::pipe();
        pipe.cmd("MGET").arg(keys::of(keys::REGISTRATIONS, mobile));
        pipe.arg(keys::of(keys::SMS_COUNT, mobile)).arg(keys::of(keys::SENDER, mobile));
        pipe.cmd("SISMEMBER").arg(keys::BLACKLIST).arg(mobile);
        pipe.cmd("HGET").arg(keys::BLACKLIST_ENDS).arg(mobile);
        pipe.cmd("HGET").arg(keys::QUEUED_BLACKLIST_ENTRIES).arg(mobile);
        pipe.cmd("ZRANGEBYSCORE").arg(keys::of(keys::WAITING, mobile)).arg(format!("({}", now.0)).arg("+inf");
        type Texts = (Option<String>, Option<String>, Option<String>);
        type Small = (Texts, bool, Option<i64>, Option<String>, Vec<String>);
        let (texts, is_member, ends, entry, marks): Small =
            self.server.ask(OPERATION, Request::Many(&pipe)).await?;
        let (registrations, count, sender) = texts;
        let mut answers = Vec::new();
        for some in remembered(traces, &found.queued).chunks(CHUNK) {
            let mut command = redis::cmd("MGET");
            for key in some {
                command.arg(keys::of(keys::SEEN, key));
            }
            let seen: Vec<Option<String>> = self.server.ask(OPERATION, Request::One(&command)).await?;
            let live = seen.into_iter().flatten().filter(|seen| {
                seen.len() > seen::ADMITTED && seen.get(..15).is_some_and(|until| is_after(until, now))
            });
            for seen in live {
                answers.push(read(OPERATION, seen::answer(&seen))?);
            }
        }
        answers.sort_by_key(|answer| answer.id);
        let waiting: Read<Vec<Uuid>> = marks.iter().map(|id| parse(id, "the id of a waiting SMS")).collect();
        let mut waiting = read(OPERATION, waiting)?;
        waiting.sort_unstable();
        Ok(HotPerson {
            onboardings,
            registrations: Count::of_all(
                read(OPERATION, windows(&registrations.unwrap_or_default()))?
                    .into_iter()
                    .filter(|count| count.until > now),
            ),
            sms: read(OPERATION, counted(count.as_deref(), sender.as_deref()))?
                .filter(|count| count.until > now),
            validated: found.pairs,
            blacklisted: is_member && ends.is_none_or(|ends| ends > now.0),
            queued_blacklisting: entry
                .map(|entry| read(OPERATION, super::queues::blacklisting(mobile, &entry)))
                .transpose()?,
            queued_sms: found.queued,
            answers,
            waiting,
        })
    }

    pub(super) async fn erase(&self, mobile: &str, until: Timestamp, traces: &Traces) -> Result<Removed> {
        const OPERATION: &str = "erase";
        let mut found = self.look_for(OPERATION, mobile, traces).await?;
        found.queued.retain(|queued| queued.sms.server_received_at <= until);
        let remembered = remembered(traces, &found.queued);
        let mut deliveries = traces.deliveries.clone();
        deliveries.extend(found.queued.iter().filter_map(|queued| queued.sms.identity().delivery));
        let deliveries: Vec<String> = deliveries.iter().map(|key| hex(key)).collect();
        let text = |ids: &[Uuid]| ids.iter().map(Uuid::to_string).collect::<Vec<_>>();
        let ids: Vec<String> = found.queued.iter().map(|queued| queued.id.to_string()).collect();
        let waiting = text(&traces.waiting);
        let mut removed = Removed::new();
        // What stays is told by all onboardings at once; they are few.
        let first = [&text(&found.onboardings)[..], &found.pairs, &[], &[], &[], &[]];
        self.erase_some(mobile, until, first, &mut removed).await?;
        for (kind, all) in [(2, &ids), (3, &remembered), (4, &deliveries), (5, &waiting)] {
            for some in all.chunks(CHUNK) {
                let mut lists: [&[String]; 6] = [&[]; 6];
                lists[kind] = some;
                self.erase_some(mobile, until, lists, &mut removed).await?;
            }
        }
        let events = self.erase_events(mobile, until).await?;
        if events > 0 {
            removed.insert("queued_events".to_owned(), events);
        }
        Ok(removed)
    }

    async fn erase_some(
        &self,
        mobile: &str,
        until: Timestamp,
        lists: [&[String]; 6],
        removed: &mut Removed,
    ) -> Result<()> {
        const OPERATION: &str = "erase";
        let call = scripts::ERASE.call().arg(mobile).arg(until.0);
        let call = lists.into_iter().fold(call, |call, list| call.arg(list.len()).arg(list));
        let mut counts = read(OPERATION, Parts::of(call.run(&self.server, OPERATION).await?))?;
        for kind in KINDS {
            let count = read(OPERATION, counts.number(kind))?;
            if count > 0 {
                *removed.entry(kind.to_owned()).or_default() += count.unsigned_abs();
            }
        }
        Ok(())
    }

    pub(super) async fn unvalidate(&self, mobile: &str) -> Result<u64> {
        const OPERATION: &str = "unvalidate";
        let mut removed = 0;
        for some in self.pairs_of(OPERATION, mobile).await?.chunks(CHUNK) {
            let mut command = redis::cmd("SREM");
            command.arg(keys::VALIDATED).arg(some);
            removed += self.server.ask::<u64>(OPERATION, Request::One(&command)).await?;
        }
        Ok(removed)
    }

    async fn look_for(&self, operation: &'static str, mobile: &str, traces: &Traces) -> Result<Found> {
        let mut onboardings = traces.onboardings.clone();
        let mut command = redis::cmd("GET");
        command.arg(keys::of(keys::SENDER, mobile));
        let sender: Option<String> = self.server.ask(operation, Request::One(&command)).await?;
        let standing = sender.as_deref().and_then(|sender| sender.get(15..)).unwrap_or_default();
        let ids = standing.as_bytes().chunks(uuid::fmt::Hyphenated::LENGTH);
        onboardings.extend(ids.filter_map(|id| Uuid::try_parse_ascii(id).ok()));
        onboardings.extend(self.queued_onboardings_of(operation, mobile).await?);
        onboardings.sort_unstable();
        onboardings.dedup();
        let pairs = self.pairs_of(operation, mobile).await?;
        let queued = self.queued_sms_of(operation, mobile).await?;
        Ok(Found { onboardings, pairs, queued })
    }

    /// Members of `Queue_validated_mobiles` of this number.
    async fn pairs_of(&self, operation: &'static str, mobile: &str) -> Result<Vec<String>> {
        let mut pairs = Vec::new();
        let mut cursor = 0_u64;
        loop {
            let mut command = redis::cmd("SSCAN");
            command.arg(keys::VALIDATED).arg(cursor).arg("MATCH").arg(format!("{mobile}:*"));
            command.arg("COUNT").arg(2 * CHUNK);
            let (next, some): (u64, Vec<String>) = self.queues.ask(operation, Request::One(&command)).await?;
            pairs.extend(some);
            if next == 0 {
                pairs.sort_unstable();
                pairs.dedup();
                return Ok(pairs);
            }
            cursor = next;
        }
    }

    async fn queued_onboardings_of(&self, operation: &'static str, mobile: &str) -> Result<Vec<Uuid>> {
        let mut found = Vec::new();
        let mut first = 0;
        loop {
            let mut command = redis::cmd("ZRANGE");
            command.arg(keys::QUEUED_ONBOARDINGS).arg(first).arg(first + CHUNK - 1);
            let ids: Vec<String> = self.queues.ask(operation, Request::One(&command)).await?;
            if ids.is_empty() {
                return Ok(found);
            }
            first += ids.len();
            let mut pipe = redis::pipe();
            for id in &ids {
                pipe.cmd("HMGET").arg(keys::of(keys::ONBOARDING, id)).arg(fields::ONBOARDING);
            }
            for row in self.rows(operation, &pipe).await? {
                let onboarding = read(operation, fields::onboarding(row))?;
                found.extend(onboarding.filter(|o| o.mobile.e164() == mobile).map(|o| o.id));
            }
        }
    }

    /// Judged SMS of this number that wait for `input_sms`, oldest first.
    async fn queued_sms_of(&self, operation: &'static str, mobile: &str) -> Result<Vec<QueuedSms>> {
        let mut found = Vec::new();
        for queue in [keys::QUEUED_PASSED, keys::QUEUED_FAILED] {
            let mut after = "-".to_owned();
            loop {
                let mut command = redis::cmd("XRANGE");
                command.arg(queue).arg(&after).arg("+").arg("COUNT").arg(CHUNK);
                let entries: Vec<(String, Value)> =
                    self.queues.ask(operation, Request::One(&command)).await?;
                let Some((last, _)) = entries.last() else { break };
                after = format!("({last}");
                let ids: Vec<i64> =
                    entries.iter().filter_map(|(id, _)| id.split('-').next()?.parse().ok()).collect();
                let mut pipe = redis::pipe();
                for id in &ids {
                    pipe.cmd("HGET").arg(keys::of(keys::QUEUE_INPUT_SMS, id)).arg("mobile_number");
                }
                let numbers: Vec<Option<String>> = self.queues.ask(operation, Request::Many(&pipe)).await?;
                let theirs = |number: &Option<String>| number.as_deref() == Some(mobile);
                for (id, _) in ids.iter().zip(numbers).filter(|(_, number)| theirs(number)) {
                    found.extend(self.queued_one(*id).await?);
                }
            }
        }
        found.sort_by_key(|queued| queued.id);
        Ok(found)
    }

    async fn rows(&self, operation: &'static str, pipe: &redis::Pipeline) -> Result<Vec<Value>> {
        let answer = self.queues.ask(operation, Request::Many(pipe)).await?;
        read(operation, Parts::of(answer)).map(|parts| parts.rest().collect())
    }
}

/// What the SMS of a number are recognised by, in hex.
fn remembered(traces: &Traces, queued: &[QueuedSms]) -> Vec<String> {
    let mut all: Vec<String> = traces.remembered.iter().map(|key| hex(key)).collect();
    all.extend(queued.iter().map(|queued| queued.fingerprint.clone()));
    all.sort_unstable();
    all.dedup();
    all
}

fn is_after(until: &str, now: Timestamp) -> bool {
    until.parse::<i64>().is_ok_and(|until| until > now.0)
}

/// `REGISTRATIONS`: a line for each client address, with how many and until when.
fn windows(text: &str) -> Read<Vec<Count>> {
    let window = |line: &str| {
        let mut words = line.split(' ');
        let mut next = |what| words.next().ok_or_else(|| Unreadable::new(format!("{what} is missing")));
        let count = parse(next("a count of registrations")?, "a count")?;
        let until = Timestamp(parse(next("the end of a window")?, "the end of a window")?);
        Ok(Count { count, until })
    };
    text.lines().map(window).collect()
}

/// `SMS_COUNT`, and what `SENDER` begins with.
fn counted(count: Option<&str>, sender: Option<&str>) -> Read<Option<Count>> {
    let (Some(count), Some(until)) = (count, sender.and_then(|sender| sender.get(..15))) else {
        return Ok(None);
    };
    Ok(Some(Count {
        count: parse(count, "a count")?,
        until: Timestamp(parse(until, "the end of a window")?),
    }))
}
