//! Plays one journey: an app that registers, a phone that delivers its SMS, the same each time, until a 2xx. Changes
//! to the other bridge when it gets no answer. Not the judge of verdicts: it only writes down what it was answered,
//! and what no honest bridge answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::cluster::{ADMIN_TOKEN, API_KEY, RECEIVER_KEY};
use super::ledger::{Ack, End, Ledger, Opened, Route, Sent};
use super::oracle::{Expected, Outcome, Verdict, foretell};
use super::world::{Journey, Sms, Stamp, Step, Text};
use crate::client;
use crate::stopwatch::Stopwatch;

/// What all phones share.
pub(crate) struct Network {
    /// The bridges, where a phone may deliver.
    pub(crate) bridges: Vec<SocketAddr>,
    pub(crate) ledger: Ledger,
    /// The run is over: whoever has no answer now gives up.
    pub(crate) closed: AtomicBool,
    /// Phones go to another bridge even while the first keeps an SMS of theirs for later. That bridge may be the only
    /// one that knows of it, so the order of a number's SMS is not promised then (docs/decisions/0011).
    pub(crate) roaming: bool,
}

/// A phone waits this long for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two deliveries of the same; grows from the first to the last.
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LAST: Duration = Duration::from_millis(800);
/// Between two questions whether an SMS that was kept for later is judged by now.
const SETTLE_POLL: Duration = Duration::from_millis(250);
const HOURS_2_MS: i64 = 7_200_000;

/// The run ended before there was an answer.
struct GaveUp;

/// One journey as it is played.
pub(crate) struct Phone {
    network: Arc<Network>,
    journey: Journey,
    expected: Outcome,
    /// The bridge that it delivers to now.
    at: usize,
    /// The hash and the id of each slot.
    slots: Vec<(String, String)>,
    /// Body and place in the ledger of every SMS so far.
    sent: Vec<(Bytes, usize)>,
    /// No two SMS have the same second.
    last_stamp_ms: i64,
}

impl Phone {
    pub(crate) fn new(network: Arc<Network>, journey: Journey) -> Phone {
        let expected = foretell(&journey);
        let at = journey.index as usize % network.bridges.len().max(1);
        Phone { network, journey, expected, at, slots: Vec::new(), sent: Vec::new(), last_stamp_ms: 0 }
    }

    pub(crate) async fn play(mut self) {
        let played = self.steps().await;
        let mut entries = self.network.ledger.entries();
        match played {
            Ok(()) => {
                entries.journeys += 1;
                entries.validated.append(&mut self.expected.validated);
            }
            Err(GaveUp) => entries.unfinished += 1,
        }
    }

    async fn steps(&mut self) -> Result<(), GaveUp> {
        for (n, step) in self.journey.steps.clone().into_iter().enumerate() {
            let Some(expected) = self.expected.steps.get(n).cloned() else { return Ok(()) };
            // Odd journeys are patient, even ones deliver without a pause.
            let think = self.journey.think_ms * ((n as u64 * 7 + u64::from(self.journey.index)) % 5) / 4;
            tokio::time::sleep(Duration::from_millis(think)).await;
            match step {
                Step::Register { who, device, slot } => self.register(who, device, slot, &expected).await?,
                Step::Cancel { slot } => self.cancel(slot).await?,
                Step::Block { who } => self.block(who).await?,
                Step::Send(sms) => {
                    if let Expected::Judged(verdict) = expected {
                        self.send(n, &sms, verdict).await?;
                    }
                }
                Step::Again { sms } => self.deliver_again(sms).await?,
            }
        }
        // What was kept for later is judged in the end: the answer is then the one that counts.
        if self.journey.index.is_multiple_of(2) { self.settle().await } else { Ok(()) }
    }

    async fn register(
        &mut self,
        who: usize,
        device: usize,
        slot: usize,
        expected: &Expected,
    ) -> Result<(), GaveUp> {
        // A user who registers anew knows what became of the SMS before.
        self.settle().await?;
        let (mobile, device) = (self.journey.number(who), self.journey.device(who, device));
        let body = json!({"mobile_number": mobile, "email": self.journey.email(who), "device_id": device});
        let (tries, status, answer) = self
            .until_answered(Route::Register, "/onboard/register", API_KEY, body.to_string().into())
            .await?;
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        let hash = text("hash");
        let right = match expected {
            // The first try may have registered although nobody heard the answer.
            Expected::Opened => status == StatusCode::CREATED || (status == StatusCode::OK && tries > 1),
            Expected::Same => {
                status == StatusCode::OK && self.slots.get(slot).is_some_and(|(given, _)| *given == hash)
            }
            Expected::Refused(code) => text("code") == *code,
            _ => false,
        };
        if !right {
            self.is_wrong(&format!("{mobile} registers: {status} {answer}, expected {expected:?}"));
        }
        if status.is_success() {
            while self.slots.len() <= slot {
                self.slots.push((String::new(), String::new()));
            }
            if *expected == Expected::Opened {
                self.slots[slot] = (hash.clone(), text("onboarding_id"));
                let (at, bridge) = (jiff::Timestamp::now(), self.at % self.network.bridges.len());
                let opened = Opened { at, bridge, mobile, device, hash };
                self.network.ledger.entries().opened.push(opened);
            }
        }
        Ok(())
    }

    async fn cancel(&mut self, slot: usize) -> Result<(), GaveUp> {
        self.settle().await?;
        let id = self.slots.get(slot).map(|(_, id)| id.clone()).unwrap_or_default();
        let path = format!("/onboard/{id}/cancel");
        let (_, status, answer) = self.until_answered(Route::Cancel, &path, API_KEY, "{}".into()).await?;
        if status != StatusCode::OK || answer["status"] != "cancelled" {
            self.is_wrong(&format!("cancelling {id}: {status} {answer}"));
        }
        Ok(())
    }

    async fn block(&mut self, who: usize) -> Result<(), GaveUp> {
        self.settle().await?;
        let body = json!({"mobile_number": self.journey.number(who), "reason": "chaos"});
        let (_, status, answer) = self
            .until_answered(Route::Block, "/admin/blacklist", ADMIN_TOKEN, body.to_string().into())
            .await?;
        if status != StatusCode::CREATED {
            self.is_wrong(&format!("blocking {body}: {status} {answer}"));
        }
        Ok(())
    }

    async fn send(&mut self, step: usize, sms: &Sms, expected: Verdict) -> Result<(), GaveUp> {
        let mobile = self.journey.sender(&sms.from);
        let text = self.text(&sms.text);
        let stamp_ms = self.stamp(sms.stamp);
        let place = (self.journey.index, step);
        let mut body = json!({
            "mobile_number": mobile, "sms_message": text, "message_id": format!("m-{}-{step}", place.0),
        });
        if let Some(at) = stamp_ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()) {
            body["received_timestamp"] = format!("{at:.3}").into();
        }
        if sms.line {
            body["device_id"] = format!("phone-{}", self.journey.index % 7).into();
        }
        let body = Bytes::from(body.to_string());
        let sent = Sent { place, mobile, text, stamp_ms, expected, acks: Vec::new() };
        let number = self.network.ledger.sends(sent);
        self.sent.push((body, number));
        self.deliver(self.sent.len() - 1).await.map(|_| ())
    }

    /// Another bridge is asked than the one that answered last.
    async fn deliver_again(&mut self, sms: usize) -> Result<(), GaveUp> {
        self.change_bridge();
        self.deliver(sms).await.map(|_| ())
    }

    /// To the other bridge, unless this one keeps an SMS for later: that one it must have judged first.
    fn change_bridge(&mut self) {
        let entries = self.network.ledger.entries();
        let waits = |(_, number): &(Bytes, usize)| entries.sms.get(*number).is_some_and(Sent::is_stored_only);
        if self.network.roaming || !self.sent.iter().any(waits) {
            self.at += 1;
        }
    }

    /// Delivers until a 2xx and writes it down. True: it was judged.
    async fn deliver(&mut self, sms: usize) -> Result<bool, GaveUp> {
        let Some((body, number)) = self.sent.get(sms).cloned() else { return Ok(true) };
        let (_, status, answer) = self.until_answered(Route::Sms, "/sms/receive", RECEIVER_KEY, body).await?;
        let ack = match status {
            StatusCode::OK => judged(&answer),
            StatusCode::ACCEPTED => Some(Ack::Stored),
            _ => None,
        };
        match ack {
            Some(ack) => {
                let is_judged = ack != Ack::Stored;
                let bridge = self.at % self.network.bridges.len();
                self.network.ledger.acknowledged(number, bridge, ack);
                Ok(is_judged)
            }
            None => {
                self.is_wrong(&format!("SMS {sms} of journey {}: {status} {answer}", self.journey.index));
                Ok(true)
            }
        }
    }

    /// Until every SMS of this journey that was kept for later has its verdict.
    async fn settle(&mut self) -> Result<(), GaveUp> {
        for sms in 0..self.sent.len() {
            loop {
                let number = self.sent.get(sms).map_or(0, |(_, number)| *number);
                let waits = self.network.ledger.entries().sms.get(number).is_some_and(Sent::is_stored_only);
                if !waits || self.deliver(sms).await? {
                    break;
                }
                tokio::time::sleep(SETTLE_POLL).await;
            }
        }
        Ok(())
    }

    /// The same request, to one bridge after the other, until one answers with anything but a 5xx.
    async fn until_answered(
        &mut self,
        route: Route,
        path: &str,
        key: &str,
        body: Bytes,
    ) -> Result<(u32, StatusCode, Value), GaveUp> {
        let mut pause = RETRY_FIRST;
        for tries in 1.. {
            if self.network.closed.load(Ordering::Relaxed) {
                return Err(GaveUp);
            }
            let bridge = self.network.bridges[self.at % self.network.bridges.len()];
            let watch = Stopwatch::start();
            let (end, answer) = ask(bridge, path, key, body.clone()).await;
            self.network.ledger.ended(route, end, watch.elapsed());
            if let Some((status, answer)) = answer
                && !status.is_server_error()
            {
                return Ok((tries, status, answer));
            }
            self.change_bridge();
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(RETRY_LAST);
        }
        Err(GaveUp)
    }

    fn text(&self, text: &Text) -> String {
        let hash = |slot: usize| self.slots.get(slot).map(|(hash, _)| hash.as_str()).unwrap_or_default();
        match text {
            Text::Hash { slot } => format!("ONBOARD:{}", hash(*slot)),
            Text::HashSigned { slot } => format!("onboard: {}\nSent from my phone", hash(*slot)),
            Text::Guess(guess) => format!("ONBOARD:{guess}"),
            Text::Prose(text) => text.clone(),
        }
    }

    /// A whole second, later than the one before.
    fn stamp(&mut self, stamp: Stamp) -> Option<i64> {
        let now_ms = jiff::Timestamp::now().as_second() * 1000;
        self.last_stamp_ms = now_ms.max(self.last_stamp_ms + 1000);
        match stamp {
            Stamp::Now => Some(self.last_stamp_ms),
            Stamp::Missing => None,
            Stamp::TooEarly => Some(self.last_stamp_ms - HOURS_2_MS),
            Stamp::InFuture => Some(self.last_stamp_ms + HOURS_2_MS),
        }
    }

    fn is_wrong(&self, what: &str) {
        self.network.ledger.is_wrong(format!("{} ({}): {what}", self.journey.index, self.journey.title));
    }
}

fn judged(answer: &Value) -> Option<Ack> {
    let checks = super::oracle::CHECKS.iter();
    let codes: Option<String> =
        checks.map(|name| answer["checks"][name]["code"].as_u64().map(|code| code.to_string())).collect();
    let failed_at = answer["failed_at_check"].as_str().map(str::to_owned);
    Some(Ack::Judged {
        id: answer["id"].as_i64()?,
        sms_id: answer["message_id"].as_str()?.to_owned(),
        verdict: Verdict { codes: codes?, failed_at },
    })
}

async fn ask(bridge: SocketAddr, path: &str, key: &str, body: Bytes) -> (End, Option<(StatusCode, Value)>) {
    let Ok(route) = client::Route::new(Method::POST, bridge, path, Some(key)) else {
        return (End::Broken, None);
    };
    match tokio::time::timeout(PATIENCE, client::once(bridge, &route, body)).await {
        Ok(Ok((status, bytes))) => {
            let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
            let value = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
            (End::Status(status.as_u16()), Some((status, value)))
        }
        Ok(Err(_)) => (End::Broken, None),
        Err(_) => (End::TimedOut, None),
    }
}
