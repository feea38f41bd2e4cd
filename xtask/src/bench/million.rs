//! `cargo xtask bench --million N`: so many million SMS as they come in life, through HTTP on real stores, with dump and
//! remote running; what it costs at each tenth, what the stores hold in the end, and the proof that nothing was lost
//! or doubled.

mod held;
mod mix;
mod proof;
mod told;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use hdrhistogram::Histogram;
use hyper::StatusCode;
use serde::Serialize;
use test_servers::redis::Flavour;

use self::held::Held;
use self::mix::{HUNDRED, Kind};
use self::proof::Acknowledged;
pub(crate) use self::told::table;
use super::load::{self, Measured, Phase};
use super::real::dump;
use super::real::stores::{Cpu, Memory, Stores};
use super::server::Server;
use super::{Args, requests};
use crate::Outcome;

/// What the run came to.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) cores: usize,
    pub(crate) durability: &'static str,
    pub(crate) versions: Vec<String>,
    pub(crate) sms: usize,
    pub(crate) parts: Vec<Part>,
    pub(crate) redis_used_bytes: f64,
    pub(crate) redis: Vec<Held>,
    pub(crate) tables: Vec<Held>,
    pub(crate) indexes: Vec<Held>,
    pub(crate) kept_for_later: usize,
    pub(crate) rows: usize,
    pub(crate) validated: usize,
    pub(crate) against: Vec<String>,
}

/// One tenth.
#[derive(Serialize)]
pub(crate) struct Part {
    pub(crate) sms: usize,
    pub(crate) registrations: usize,
    pub(crate) sms_per_second: f64,
    pub(crate) sms_p99_ms: f64,
    pub(crate) registrations_per_second: f64,
    pub(crate) registration_p99_ms: f64,
    /// Of one SMS with its share of registrations.
    pub(crate) cpu_us_per_sms: Cpu,
    pub(crate) memory: Memory,
    pub(crate) journal_bytes: u64,
}

const PARTS: usize = 10;
/// SMS that are made ready and sent in one step.
const BLOCK_MAX: usize = 20_000;
const MILLION: f64 = 1e6;
const LONGEST: Duration = Duration::from_secs(900);
/// The deadline of those who are late, and of the others.
const LATE: (&str, &str) = ("user_timelimit_seconds", "1");
const IN_TIME: (&str, &str) = ("user_timelimit_seconds", "7200");
const LATE_AFTER: Duration = Duration::from_secs(2);
/// Lateness to the second; everything else is as it comes.
const SETTINGS: &[(&str, &str)] = &[("clock_skew_tolerance_seconds", "0")];
const DRAINED_WITHIN: u32 = 6_000;
const POLL: Duration = Duration::from_millis(100);
const JOURNAL: &str = "spool";

struct Run<'a> {
    args: &'a Args,
    addr: SocketAddr,
    block: usize,
    acknowledged: Acknowledged,
    /// Of the block before: the hash and the id of each right SMS, and when it was stamped.
    before: Block,
}

#[derive(Default)]
struct Block {
    first: usize,
    stamp: jiff::Timestamp,
    hashes: Vec<Option<String>>,
    ids: Vec<Option<u128>>,
}

/// A phase of the load, its figures added to those of the same kind.
struct Sum {
    answered: usize,
    seconds: f64,
    latency_us: Histogram<u64>,
}

impl Sum {
    fn new() -> Outcome<Sum> {
        Ok(Sum { answered: 0, seconds: 0.0, latency_us: load::histogram()? })
    }

    fn add(&mut self, measured: &Measured) -> Outcome {
        self.answered += measured.answered;
        self.seconds += measured.took.as_secs_f64();
        Ok(self.latency_us.add(&measured.latency_us)?)
    }

    fn per_second(&self) -> f64 {
        self.answered as f64 / self.seconds.max(f64::MIN_POSITIVE)
    }

    fn p99_ms(&self) -> f64 {
        self.latency_us.value_at_quantile(0.99) as f64 / 1_000.0
    }
}

/// Runs `millions` of SMS.
pub(crate) async fn measure(
    args: &Args,
    millions: f64,
    flavour: Flavour,
    binary: &Path,
    folder: &Path,
) -> Outcome<Report> {
    let durability = args.durability.one();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clap has looked at its bounds"
    )]
    let wanted = (millions * MILLION) as usize;
    let part = (wanted / PARTS / HUNDRED).max(1) * HUNDRED;
    let block = (1..).map(|n| part.div_ceil(n)).find(|size| *size <= BLOCK_MAX && size % HUNDRED == 0);
    let block = block.unwrap_or(HUNDRED);
    let data = tempfile::tempdir_in(folder)?;
    let stores = Stores::start_with_remote(flavour)?;
    let mut server = Server::start(binary, &data.path().join("data"), &stores.environment())?;
    let mut run = Run {
        args,
        addr: server.addr(),
        block,
        acknowledged: Acknowledged::default(),
        before: Block::default(),
    };
    let journal = data.path().join("data").join(JOURNAL);
    let driven = run.every_part(part, durability, &server, &stores, &journal).await;
    let parts = driven.map_err(|why| server.failed(&why))?;
    let drained = run.drain(&stores).await;
    drained.map_err(|why| server.failed(&why))?;
    let (redis_used_bytes, redis) = (stores.redis_used_bytes()?, held::redis(&stores.redis_url())?);
    server.stop()?;
    stores.sql("vacuum analyze")?;
    let against = proof::against(&mut run.acknowledged, &stores)?;
    Ok(Report {
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        durability,
        versions: stores.versions(flavour)?,
        sms: part * PARTS,
        parts,
        redis_used_bytes,
        redis,
        tables: held::tables(&stores)?,
        indexes: held::indexes(&stores)?,
        kept_for_later: run.acknowledged.kept,
        rows: run.acknowledged.judged.len() + run.acknowledged.kept,
        validated: run.acknowledged.validated.len(),
        against,
    })
}

impl Run<'_> {
    async fn every_part(
        &mut self,
        part: usize,
        durability: &str,
        server: &Server,
        stores: &Stores,
        journal: &Path,
    ) -> Outcome<Vec<Part>> {
        let durability = format!("\"{durability}\"");
        for (key, value) in SETTINGS.iter().copied().chain([("durability", durability.as_str())]) {
            requests::set(self.addr, key, value).await?;
        }
        let mut parts = Vec::new();
        for number in 0..PARTS {
            let before = stores.cpu(server.pid())?;
            let (mut registered, mut sent) = (Sum::new()?, Sum::new()?);
            let (first, end) = (number * part, (number + 1) * part);
            let late = self.late(first..end, &mut registered).await?;
            let mut journal_bytes = 0;
            for at in (first..end).step_by(self.block) {
                self.block(at..(at + self.block).min(end), &late, &mut registered, &mut sent).await?;
                journal_bytes = journal_bytes.max(held::files(journal));
            }
            let cpu = stores.cpu(server.pid())?.micros_each_since(before, sent.answered);
            let memory = stores.memory(server.pid())?;
            eprintln!("part {} of {PARTS}: {:.0} SMS/s, {:.0} µs", number + 1, sent.per_second(), cpu.sum());
            parts.push(Part {
                sms: sent.answered,
                registrations: registered.answered,
                sms_per_second: sent.per_second(),
                sms_p99_ms: sent.p99_ms(),
                registrations_per_second: registered.per_second(),
                registration_p99_ms: registered.p99_ms(),
                cpu_us_per_sms: cpu,
                memory,
                journal_bytes,
            });
        }
        Ok(parts)
    }

    /// Registers those who will be late, and waits until they are. Answers their hashes by place.
    async fn late(&self, places: std::ops::Range<usize>, sum: &mut Sum) -> Outcome<Vec<(usize, String)>> {
        requests::set(self.addr, LATE.0, LATE.1).await?;
        let late = places.filter(|place| Kind::at(*place, self.block) == Kind::Late).collect();
        let hashes = self.register(late, sum).await?;
        requests::set(self.addr, IN_TIME.0, IN_TIME.1).await?;
        tokio::time::sleep(LATE_AFTER).await;
        Ok(hashes)
    }

    async fn register(&self, places: Vec<usize>, sum: &mut Sum) -> Outcome<Vec<(usize, String)>> {
        let bodies = places.iter().map(|place| Ok(requests::register_body(u32::try_from(*place)?)));
        let bodies = bodies.collect::<Outcome<Vec<Bytes>>>()?;
        let wanted = bodies.len();
        let (route, accept) = (requests::register(self.addr)?, requests::accept_registration);
        let measured = self.load("registration", route, accept, bodies).await?;
        if measured.answered < wanted {
            return Err(format!("only {} of {wanted} registrations were answered", measured.answered).into());
        }
        sum.add(&measured)?;
        Ok(measured.kept.into_iter().map(|(at, hash)| (places[at], hash)).collect())
    }

    async fn load(
        &self,
        title: &'static str,
        route: crate::client::Route,
        accept: load::Accept,
        bodies: Vec<Bytes>,
    ) -> Outcome<Measured> {
        let (addr, connections, longest, pace) = (self.addr, self.args.connections, LONGEST, None);
        load::run(Phase { title, addr, connections, route, bodies, accept, longest, pace }).await
    }

    async fn block(
        &mut self,
        places: std::ops::Range<usize>,
        late: &[(usize, String)],
        registered: &mut Sum,
        sent: &mut Sum,
    ) -> Outcome {
        let (first, size) = (places.start, self.block);
        let kind = |place| Kind::at(place, size);
        let on_time = places.clone().filter(|place| kind(*place).registers() && kind(*place) != Kind::Late);
        let mut hashes = vec![None; places.len()];
        let opened = self.register(on_time.collect(), registered).await?;
        let of_the_late = late.iter().filter(|(place, _)| places.contains(place)).cloned();
        for (place, hash) in opened.into_iter().chain(of_the_late) {
            hashes[place - first] = Some(hash);
        }
        let now = jiff::Timestamp::now();
        let body = |place: usize| {
            let kind = kind(place);
            let (hash, stamp) = match kind {
                Kind::Duplicate(of) => (self.before.hash(of), now),
                Kind::Redelivered(of) => (self.before.hash(of), self.before.stamp),
                _ => (hashes[place - first].as_deref(), now),
            };
            mix::body(place, kind, hash.unwrap_or_default(), stamp)
        };
        let bodies: Vec<Bytes> = places.clone().map(body).collect();
        let measured = self.load("SMS", requests::receive(self.addr)?, answer, bodies).await?;
        if measured.answered < places.len() {
            return Err(format!("only {} of {} SMS were answered", measured.answered, places.len()).into());
        }
        sent.add(&measured)?;
        let mut ids = vec![None; places.len()];
        for (at, answer) in &measured.kept {
            let (place, kind) = (first + at, kind(first + at));
            ids[*at] = self.take(place, kind, answer)?;
        }
        self.before = Block { first, stamp: now, hashes, ids };
        Ok(())
    }

    /// Compares an answer with what must become of the SMS, and remembers what was acknowledged.
    fn take(&mut self, place: usize, kind: Kind, answer: &str) -> Outcome<Option<u128>> {
        if kind == Kind::Right {
            self.acknowledged.validated.push(place);
        }
        if answer == KEPT {
            self.acknowledged.kept += usize::from(kind.is_new());
            return Ok(None);
        }
        let (id, passed) = answer.split_once(' ').ok_or("an answer without a verdict")?;
        let id = id.parse::<uuid::Uuid>()?.as_u128();
        if (passed == PASSED) != kind.passes() {
            return Err(format!("the SMS at {place}, {kind:?}, was answered {answer}").into());
        }
        match kind {
            Kind::Redelivered(of) if self.before.id(of).is_some_and(|first| first != id) => {
                return Err(format!("the SMS at {of} came again and got another answer").into());
            }
            Kind::Redelivered(_) => {}
            _ => self.acknowledged.judged.push(id),
        }
        Ok(Some(id))
    }

    /// Until everything is in `input_sms` and at the remote.
    async fn drain(&self, stores: &Stores) -> Outcome {
        dump::drain(self.addr, self.acknowledged.judged.len() + self.acknowledged.kept).await?;
        for _ in 0..DRAINED_WITHIN {
            let sql =
                "select count(*) from input_sms where validation_status = 'passed' and synced_at is null";
            if stores.row(sql)?.first().is_some_and(|count| count == "0") {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        Err("the remote was not told everything in ten minutes".into())
    }
}

impl Block {
    fn hash(&self, place: usize) -> Option<&str> {
        self.hashes.get(place.checked_sub(self.first)?)?.as_deref()
    }

    fn id(&self, place: usize) -> Option<u128> {
        *self.ids.get(place.checked_sub(self.first)?)?
    }
}

const KEPT: &str = "kept";
const PASSED: &str = "passed";

/// The id and the verdict, or that it is kept for later.
fn answer(status: StatusCode, body: &[u8]) -> Result<Option<String>, String> {
    #[derive(serde::Deserialize)]
    struct Answer {
        message_id: String,
        validation_status: String,
    }
    if status == StatusCode::ACCEPTED {
        return Ok(Some(KEPT.to_owned()));
    }
    match serde_json::from_slice::<Answer>(body) {
        Ok(answer) if status == StatusCode::OK => {
            Ok(Some(format!("{} {}", answer.message_id, answer.validation_status)))
        }
        _ => Err(format!("an SMS was answered with {status}: {}", String::from_utf8_lossy(body))),
    }
}
