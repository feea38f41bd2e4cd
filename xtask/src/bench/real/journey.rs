//! One run of one durability: every number registers and sends its one right SMS, two thirds of them as fast as 64
//! connections go, the rest evenly at half of that rate; then the bridge stops and `input_sms` is counted.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;

use super::dump::{self, Drained};
use super::stores::{Cpu, Stores};
use crate::Outcome;
use crate::bench::figures::Figures;
use crate::bench::load::{self, Measured, Phase};
use crate::bench::recorded::Recorded;
use crate::bench::server::Server;
use crate::bench::{Args, process, requests};
use crate::client::Route;

/// What one run found.
pub(crate) struct Journey {
    pub(crate) livez: Figures,
    pub(crate) registration: Figures,
    pub(crate) registration_at_half: Figures,
    pub(crate) sms: Figures,
    pub(crate) sms_at_half: Figures,
    /// Microseconds for each SMS at full load.
    pub(crate) cpu: Cpu,
    /// And for each registration.
    pub(crate) cpu_of_registration: Cpu,
    pub(crate) dump: Dump,
    /// Bytes of the bridge before the first SMS, between the two loads, and after the second, each drained.
    pub(crate) memory: [u64; 3],
    /// SMS that were answered.
    sent: usize,
    /// How long after the last of them the dump was done.
    awaited: Duration,
}

/// What was written to `input_sms` while SMS came as fast as they could, and afterwards.
pub(crate) struct Dump {
    /// Rows per second of that load.
    pub(crate) beside_load: f64,
    /// Rows per second of writing them, the pauses between left out.
    pub(crate) while_dumping: f64,
    pub(crate) drained: Drained,
}

/// Long phases must not run into the deadline; everything else is as it comes.
const SETTINGS: &[(&str, &str)] = &[("user_timelimit_seconds", "7200")];

/// The bridge under load, and what its phases have in common.
struct Bench<'a> {
    args: &'a Args,
    stores: &'a Stores,
    server: &'a Server,
    addr: SocketAddr,
}

/// The bodies of one kind of request, and what becomes of them.
struct Load {
    title: &'static str,
    route: Route,
    accept: load::Accept,
    bodies: Vec<Bytes>,
    pace: Option<f64>,
}

/// Answers what was measured, and what `input_sms` held after the bridge had stopped.
pub(crate) async fn run(
    args: &Args,
    durability: &str,
    binary: &Path,
    stores: &Stores,
    data: &Path,
) -> Outcome<(Journey, Recorded)> {
    let mut server = Server::start(binary, data, &stores.environment())?;
    let bench = Bench { args, stores, server: &server, addr: server.addr() };
    let measured = bench.phases(durability).await;
    let journey = measured.map_err(|why| server.failed(&why))?;
    server.stop()?;
    let recorded = count(stores, u32::try_from(journey.sent)?, journey.awaited)?;
    Ok((journey, recorded))
}

impl Bench<'_> {
    async fn phases(&self, durability: &str) -> Outcome<Journey> {
        let durability = format!("\"{durability}\"");
        for (key, value) in SETTINGS.iter().copied().chain([("durability", durability.as_str())]) {
            requests::set(self.addr, key, value).await?;
        }
        let (livez, _, _) = self.run(self.livez()?).await?;

        let (all, fast) = (self.args.sms, self.args.sms - self.args.sms / 3);
        let load = self.registrations("registration", 0..fast, None)?;
        let (registration, registered, cpu_of_registration) = self.run(load).await?;
        let half = Some(registration.per_second / 2.0);
        let load = self.registrations("registration, half", fast..all, half)?;
        let (registration_at_half, registered_at_half, _) = self.run(load).await?;

        let before = self.rss()?;
        let load = self.messages("SMS", &registered, 0, None)?;
        let (sms, sent, cpu, dump) = self.run_beside_dump(load).await?;
        let between = self.rss()?;
        let half = Some(sms.per_second / 2.0);
        let load = self.messages("SMS, half", &registered_at_half, fast as usize, half)?;
        let (sms_at_half, sent_at_half, _) = self.run(load).await?;
        let sent = sent.answered + sent_at_half.answered;
        let awaited = dump::drain(self.addr, sent).await?.took;
        Ok(Journey {
            livez,
            registration,
            registration_at_half,
            sms,
            sms_at_half,
            cpu,
            cpu_of_registration,
            dump,
            memory: [before, between, self.rss()?],
            sent,
            awaited,
        })
    }

    /// Also waits until everything is dumped.
    async fn run_beside_dump(&self, load: Load) -> Outcome<(Figures, Measured, Cpu, Dump)> {
        let before = dump::now(self.addr).await?;
        let (figures, sent, cpu) = self.run(load).await?;
        let after = dump::now(self.addr).await?;
        let drained = dump::drain(self.addr, sent.answered).await?;
        let rows = after.rows - before.rows;
        let dump = Dump {
            beside_load: rows / sent.took.as_secs_f64(),
            while_dumping: rows / (after.seconds - before.seconds),
            drained,
        };
        Ok((figures, sent, cpu, dump))
    }

    fn rss(&self) -> Outcome<u64> {
        process::rss(self.server.pid())
    }

    fn livez(&self) -> Outcome<Load> {
        let bodies = vec![Bytes::new(); self.args.sms.min(requests::LIVEZ_MAX) as usize];
        let (route, accept) = (requests::livez(self.addr)?, requests::accept_livez);
        Ok(Load { title: "GET /livez", route, accept, bodies, pace: None })
    }

    fn registrations(
        &self,
        title: &'static str,
        who: std::ops::Range<u32>,
        pace: Option<f64>,
    ) -> Outcome<Load> {
        let (route, accept) = (requests::register(self.addr)?, requests::accept_registration);
        Ok(Load { title, route, accept, bodies: who.map(requests::register_body).collect(), pace })
    }

    /// The SMS of those who registered, the first of whom has that number.
    fn messages(
        &self,
        title: &'static str,
        registered: &Measured,
        first: usize,
        pace: Option<f64>,
    ) -> Outcome<Load> {
        let (route, accept, now) =
            (requests::receive(self.addr)?, requests::accept_sms, jiff::Timestamp::now());
        let body = |(at, hash): &(usize, String)| requests::sms_body(first + at, hash, now);
        Ok(Load { title, route, accept, bodies: registered.kept.iter().map(body).collect(), pace })
    }

    async fn run(&self, load: Load) -> Outcome<(Figures, Measured, Cpu)> {
        let Load { title, route, accept, bodies, pace } = load;
        let (addr, connections, longest) = (self.addr, self.args.connections, self.args.phase_max());
        let before = self.stores.cpu(self.server.pid())?;
        let measured =
            load::run(Phase { title, addr, connections, route, bodies, accept, longest, pace }).await?;
        let after = self.stores.cpu(self.server.pid())?;
        let peak = process::peak_rss(self.server.pid())?;
        let figures = Figures::new(&measured, after.bridge - before.bridge, peak);
        let cpu = after.micros_each_since(before, measured.answered);
        Ok((figures, measured, cpu))
    }
}

/// What `input_sms` holds after the bridge has stopped.
fn count(stores: &Stores, sent: u32, awaited: Duration) -> Outcome<Recorded> {
    let sql =
        "select count(*), count(distinct mobile_number), count(*) filter (where validation_status = 'passed')
               from input_sms";
    match &stores.row(sql)?[..] {
        [rows, numbers, passed] => {
            let (rows, numbers, passed) = (rows.parse()?, numbers.parse()?, passed.parse()?);
            Ok(Recorded { sent, rows, numbers, passed, awaited_s: awaited.as_secs_f64() })
        }
        other => Err(format!("input_sms was counted as {other:?}").into()),
    }
}
