//! The honest ones: an app that registers numbers, a phone that hands in their SMS, users who ask how it stands, and an
//! operator who looks at the desk. Each on a new connection, as somebody who just comes; none of them may be refused.

use std::time::Duration;

use bytes::Bytes;
use hdrhistogram::Histogram;
use hyper::{Method, StatusCode};
use serde_json::Value;

use super::floods::Ground;
use crate::Outcome;
use crate::bench::requests;
use crate::bench::server::ADMIN_TOKEN;
use crate::client::{self, Route};
use crate::stopwatch::Stopwatch;

/// Between the beginnings of two users.
const PACE: Duration = Duration::from_millis(50);
/// The operator looks after so many users.
const DESK_EVERY: u32 = 10;
/// Whoever waits longer goes away.
const PATIENCE: Duration = Duration::from_secs(10);
/// The one before is the hostile one's.
const FIRST: u32 = 1;

/// How they were served.
pub(super) struct Served {
    pub(super) register: Histogram<u64>,
    pub(super) sms: Histogram<u64>,
    pub(super) desk: Histogram<u64>,
    /// Who was not served, and how: the first few.
    pub(super) refused: Vec<String>,
    pub(super) refusals: usize,
}

const TOLD_MAX: usize = 3;

impl Served {
    fn new() -> Outcome<Served> {
        let histogram = || Histogram::new_with_bounds(1, 60_000_000, 3);
        let (register, sms, desk) = (histogram()?, histogram()?, histogram()?);
        Ok(Served { register, sms, desk, refused: Vec::new(), refusals: 0 })
    }

    fn refuse(&mut self, why: &dyn std::fmt::Display) {
        self.refusals += 1;
        if self.refused.len() < TOLD_MAX {
            self.refused.push(why.to_string());
        }
    }
}

/// They come for as long, one after the other.
pub(super) async fn serve(ground: &Ground, lasts: Duration) -> Outcome<Served> {
    let mut served = Served::new()?;
    let watch = Stopwatch::start();
    let mut at = FIRST;
    while watch.elapsed() < lasts {
        let due = PACE * (at - FIRST);
        tokio::time::sleep(due.saturating_sub(watch.elapsed())).await;
        if let Err(why) = user(ground, at, &mut served).await {
            served.refuse(&why);
        }
        if at.is_multiple_of(DESK_EVERY) {
            let page = Route::new(Method::GET, ground.addr, "/admin", Some(ADMIN_TOKEN))?;
            let (page, took) = timed(ground, &page, Bytes::new()).await;
            match page {
                Ok((StatusCode::OK, _)) => served.desk.saturating_record(took),
                Ok((status, _)) => served.refuse(&format!("the desk answered {status}")),
                Err(why) => served.refuse(&format!("the desk: {why}")),
            }
        }
        at += 1;
    }
    Ok(served)
}

/// Registers, sends the SMS, and asks with its own token.
async fn user(ground: &Ground, at: u32, served: &mut Served) -> Outcome {
    let register = requests::register(ground.addr)?;
    let (answer, took) = timed(ground, &register, requests::register_body(at)).await;
    let (status, body) = answer.map_err(|why| format!("a registration: {why}"))?;
    let hash = requests::accept_registration(status, &body)?.unwrap_or_default();
    served.register.saturating_record(took);

    let receive = Route::new(Method::POST, ground.addr, "/sms/receive", Some(&ground.phone))?;
    let sms = requests::sms_body(at as usize, &hash, jiff::Timestamp::now());
    let (answer, took) = timed(ground, &receive, sms).await;
    let (status, answer) = answer.map_err(|why| format!("an SMS: {why}"))?;
    requests::accept_sms(status, &answer)?;
    served.sms.saturating_record(took);

    let registered: Value = serde_json::from_slice(&body)?;
    let text = |field: &str| registered[field].as_str().unwrap_or_default();
    let path = format!("/onboard/{}?token={}", text("onboarding_id"), text("token"));
    let (answer, _) = timed(ground, &Route::new(Method::GET, ground.addr, &path, None)?, Bytes::new()).await;
    let (status, answer) = answer.map_err(|why| format!("a user's page: {why}"))?;
    let answer: Value = serde_json::from_slice(&answer)?;
    if answer["status"] == "validated" {
        Ok(())
    } else {
        Err(format!("a user's page: {status}: {answer}").into())
    }
}

/// An answer, and the microseconds from opening the connection to its last byte.
async fn timed(ground: &Ground, route: &Route, body: Bytes) -> (Outcome<(StatusCode, Bytes)>, u64) {
    let watch = Stopwatch::start();
    let answer = tokio::time::timeout(PATIENCE, client::once(ground.addr, route, body)).await;
    let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs()).into()));
    (answer, u64::try_from(watch.elapsed().as_micros()).unwrap_or(u64::MAX))
}
