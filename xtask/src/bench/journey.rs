//! One run against one server: register every number, send every SMS, wait for the dump, stop, and
//! look into the audit database. On embedded stores; counts nothing itself.

use std::path::Path;

use bytes::Bytes;

use super::figures::Figures;
use super::load::{self, Measured, Phase};
use super::recorded::{self, Recorded};
use super::server::Server;
use super::told::{App, Told};
use super::{Args, process, requests};
use crate::Outcome;
use crate::client::Route;

/// What one run found.
pub(crate) struct Journey {
    pub(crate) livez: Figures,
    pub(crate) registration: Figures,
    pub(crate) sms: Figures,
    pub(crate) recorded: Recorded,
    /// What the app was told, where there is one.
    pub(crate) told: Option<Told>,
}

/// Long phases must not run into the deadline, and the dump shall run while the load does.
const SETTINGS: &[(&str, &str)] = &[("user_timelimit_seconds", "7200"), ("local_sync_interval_seconds", "1")];

pub(crate) async fn run(args: &Args, binary: &Path, data: &Path) -> Outcome<Journey> {
    let app = if args.webhooks { Some(App::start()?) } else { None };
    let mut server = Server::start(binary, data, &App::environment())?;
    if let Some(app) = &app {
        requests::add_webhook(server.addr(), &app.url(), App::EVENTS).await?;
    }
    let measured = phases(args, &server).await;
    let (livez, registration, sms) = measured.map_err(|why| server.failed(&why))?;
    let audit = data.join("audit.db");
    let caught_up = recorded::wait(&audit, sms.0).await;
    let waited = caught_up.map_err(|why| server.failed(&why))?;
    let told = match &app {
        Some(app) => Some(app.wait(sms.0).await),
        None => None,
    };
    server.stop()?;
    let recorded = recorded::read(&audit, sms.0, waited)?;
    Ok(Journey { livez, registration, sms: sms.1, recorded, told })
}

async fn phases(args: &Args, server: &Server) -> Outcome<(Figures, Figures, (u32, Figures))> {
    let addr = server.addr();
    for (key, value) in SETTINGS {
        requests::set(addr, key, value).await?;
    }
    let idle: Vec<Bytes> = vec![Bytes::new(); args.sms.min(requests::LIVEZ_MAX) as usize];
    let (livez, _) =
        phase(args, server, "GET /livez", requests::livez(addr)?, idle, requests::accept_livez, None).await?;

    let numbers = (0..args.sms).map(requests::register_body).collect();
    let (route, accept) = (requests::register(addr)?, requests::accept_registration);
    let (registration, registered) =
        phase(args, server, "registration", route, numbers, accept, None).await?;

    let now = jiff::Timestamp::now();
    let texts = registered.kept.iter().map(|(at, hash)| requests::sms_body(*at, hash, now)).collect();
    let (route, accept, pace) = (requests::receive(addr)?, requests::accept_sms, args.pace.map(f64::from));
    let (sms, sent) = phase(args, server, "SMS", route, texts, accept, pace).await?;
    Ok((livez, registration, (u32::try_from(sent.answered)?, sms)))
}

async fn phase(
    args: &Args,
    server: &Server,
    title: &'static str,
    route: Route,
    bodies: Vec<Bytes>,
    accept: load::Accept,
    pace: Option<f64>,
) -> Outcome<(Figures, Measured)> {
    let phase = Phase {
        title,
        addr: server.addr(),
        connections: args.connections,
        route,
        bodies,
        accept,
        longest: args.phase_max(),
        pace,
    };
    let cpu_before = process::cpu_seconds(server.pid())?;
    let measured = load::run(phase).await?;
    let cpu = process::cpu_seconds(server.pid())? - cpu_before;
    let figures = Figures::new(&measured, cpu, process::peak_rss(server.pid())?);
    Ok((figures, measured))
}
