//! What waits to be told to apps: a stream, to which the scripts add what they make happen. `j` is what is told of a
//! judged SMS, as JSON; `o` is an onboarding in its new state, as facts.lua writes one, and `t` is when it came into it.

use bridge_core::Timestamp;
use bridge_store::Result;
use bridge_store::events::{QueuedEvent, Told, ToldOfSms};
use bridge_store::judged::Judged;
use redis::Value;

use super::answer::{Parts, Read, Unreadable, parse};
use super::connection::Request;
use super::scripts::read;
use super::{DAILY_CHUNK, RedisHot, fields, keys};

/// What is told of a judged SMS; empty where nothing is.
pub(super) fn of_judged(judged: &Judged) -> String {
    if judged.events.is_empty() {
        return String::new();
    }
    let sms = &judged.row.sms;
    let told = ToldOfSms {
        mobile_number: sms.mobile_number().to_owned(),
        taken_in: sms.server_received_at,
        events: judged.events.clone(),
    };
    // A struct of texts and JSON values: there is nothing that JSON could refuse.
    serde_json::to_string(&told).unwrap_or_default()
}

impl RedisHot {
    pub(super) async fn queued_events(&self, max: usize) -> Result<Vec<QueuedEvent>> {
        let mut found: Vec<QueuedEvent> = Vec::new();
        while found.len() < max {
            let some = DAILY_CHUNK.min(max - found.len());
            let page = self.told_after(found.last().map(|last| last.place.as_str()), some).await?;
            let is_last = page.len() < some;
            found.extend(page);
            if is_last {
                break;
            }
        }
        Ok(found)
    }

    async fn told_after(&self, place: Option<&str>, max: usize) -> Result<Vec<QueuedEvent>> {
        const OPERATION: &str = "queued_events";
        let mut command = redis::cmd("XRANGE");
        command
            .arg(keys::TOLD)
            .arg(place.map_or_else(|| "-".to_owned(), |place| format!("({place}")))
            .arg("+");
        command.arg("COUNT").arg(max);
        let answer: Value = self.queues.ask(OPERATION, Request::One(&command)).await?;
        let entries = read(OPERATION, Parts::of(answer))?;
        read(OPERATION, entries.rest().map(entry).collect())
    }

    pub(super) async fn forget_events(&self, places: &[String]) -> Result<()> {
        for some in places.chunks(DAILY_CHUNK) {
            let mut command = redis::cmd("XDEL");
            command.arg(keys::TOLD).arg(some);
            self.queues.ask::<Value>("forget_events", Request::One(&command)).await?;
        }
        Ok(())
    }

    /// Everything of a number that came to be until then. Answers how much there was.
    pub(super) async fn erase_events(&self, mobile: &str, until: Timestamp) -> Result<u64> {
        let mut after: Option<String> = None;
        let mut erased = 0;
        loop {
            let page = self.told_after(after.as_deref(), DAILY_CHUNK).await?;
            let Some(last) = page.last() else { return Ok(erased) };
            after = Some(last.place.clone());
            let theirs =
                |queued: &&QueuedEvent| queued.told.mobile_number() == mobile && queued.told.since() <= until;
            let places: Vec<String> = page.iter().filter(theirs).map(|queued| queued.place.clone()).collect();
            erased += places.len() as u64;
            self.forget_events(&places).await?;
        }
    }
}

/// One entry: its place, and names and values.
fn entry(value: Value) -> Read<QueuedEvent> {
    let mut parts = Parts::of(value)?;
    let place = parts.text("the place")?;
    let mut values = Parts::of(parts.next("the entry")?)?;
    let (mut at, mut told) = (None, None);
    while !values.is_over() {
        let (name, value) = (values.text("a name")?, values.text("a value")?);
        match name.as_str() {
            "t" => at = Some(Timestamp(parse(&value, "the time of a state")?)),
            "o" => {
                let onboarding = Box::new(fields::lines(&value)?);
                let at = at.ok_or_else(|| Unreadable::new("the time of a state is missing"))?;
                told = Some(Told::State { at, onboarding });
            }
            "j" => {
                let of_sms = serde_json::from_str(&value);
                let of_sms = of_sms.map_err(|error| {
                    Unreadable::new(format!("what is told of an SMS cannot be read: {error}"))
                })?;
                told = Some(Told::Judged(of_sms));
            }
            _ => {}
        }
    }
    let told = told.ok_or_else(|| Unreadable::new("what is told is missing"))?;
    Ok(QueuedEvent { place, told })
}
