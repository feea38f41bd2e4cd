//! `serve`: the bridge itself, and the one screen it prints when it starts.

use std::process::ExitCode;

use super::{BOLD, DIM, ERROR, GOOD, MISCONFIGURED, WARN, failed, misconfigured, no_runtime};
use crate::config::{Config, scheme};
use crate::lifecycle::{self, Running, Signals, StartError};
use crate::log;
use crate::service;
use bridge_app::admin::accounts::{self, MadeLink};
use bridge_app::base::clock::{Clock, Entropy};
use bridge_app::base::problem::Problem;
use bridge_app::open::OpenError;
use bridge_app::registration;
use bridge_core::magic;

pub(super) fn run(mut config: Config) -> ExitCode {
    let mut problems = config.read_secret_files();
    problems.extend(config.problems());
    if !problems.is_empty() {
        return misconfigured(&problems);
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = config.worker_threads {
        runtime.worker_threads(threads);
    }
    let runtime = match runtime.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&no_runtime(&error)),
    };
    runtime.block_on(async {
        match serve(config).await {
            Ok(()) => ExitCode::SUCCESS,
            // Folder, secrets, URLs and listeners are configuration; a store that is away is not.
            Err(
                error @ (StartError::Stores(_)
                | StartError::Open(OpenError::Secrets(_) | OpenError::Sandbox(_))
                | StartError::Listen { .. }),
            ) => {
                anstream::eprintln!("{ERROR}The bridge cannot start:{ERROR:#} {error}");
                ExitCode::from(MISCONFIGURED)
            }
            Err(error) => failed(&error.to_string()),
        }
    })
}

async fn serve(config: Config) -> Result<(), StartError> {
    let levels = log::init(config.log.as_deref());
    let mut signals = Signals::listen().map_err(StartError::Signals)?;
    let opened = lifecycle::open(&config, Clock::system(), Entropy::system()).await?;
    let app = opened.app.clone();
    let running = lifecycle::start(&config, opened).await?;
    screen(&config, &running, accounts::first_link(&app).await);
    service::tell_started(running.address);
    tokio::select! {
        () = signals.next() => {}
        () = service::feed_watchdog() => {}
        () = async { levels.follow(&app.live).await; std::future::pending().await } => {}
    }
    service::tell_stopping();
    anstream::println!(
        "stopping: open requests finish, what waits is written (press Ctrl-C again to stop at once)"
    );
    let hard = running.hard_stop();
    let mut stopping = std::pin::pin!(running.stop());
    tokio::select! {
        () = &mut stopping => {}
        () = signals.next() => {
            hard.cancel();
            stopping.await;
        }
    }
    anstream::println!("stopped");
    Ok(())
}

/// What runs, where the keys are, what to try next.
fn screen(config: &Config, running: &Running, first_link: Result<Option<MadeLink>, Problem>) {
    let app = &running.app;
    let url = format!("http://{}", running.address);
    let secrets = app.secrets.folder.display();
    anstream::println!("{BOLD}SMS Bridge{BOLD:#} {}", env!("CARGO_PKG_VERSION"));
    anstream::println!("  {GOOD}listening on {url}{GOOD:#}");
    if let Some(private) = running.private_address {
        anstream::println!(
            "  {GOOD}private on   http://{private}{GOOD:#} {DIM}(admin, metrics, docs){DIM:#}"
        );
    }
    if app.sandbox.is_on() {
        anstream::println!(
            "  {WARN}THIS IS A SANDBOX:{WARN:#} what is validated here proves nothing. The bridge plays the phone of these numbers:"
        );
        for magic in &magic::MAGIC {
            anstream::println!(
                "    {}  {BOLD}{}{BOLD:#} {DIM}{}{DIM:#}",
                magic.number,
                magic.ends,
                magic.about
            );
        }
    }
    anstream::println!(
        "  stores       hot: {}, audit: {}, remote: {} {DIM}data in {}{DIM:#}",
        scheme(&config.hot_url),
        scheme(&config.audit_url),
        config.remote_url.as_deref().map_or("none", scheme),
        config.data_dir.display()
    );
    anstream::println!(
        "  keys         {secrets}/api_key {DIM}(apps){DIM:#}  receiver_key {DIM}(phones){DIM:#}  admin_token {DIM}(you){DIM:#}"
    );
    let snapshot = app.live.snapshot();
    if let Some(pause) = registration::paused(app, &snapshot) {
        anstream::println!(
            "  {WARN}registration is paused:{WARN:#} {}; SMS are kept and judged later",
            pause.why
        );
    }
    if !app.receivers.has_number(&snapshot.settings) {
        anstream::println!(
            "  {WARN}no receiving number yet:{WARN:#} sms-bridge receiver add hall-phone --format smsgate --number +91…"
        );
    }
    let docs = running.private_address.map_or(url, |private| format!("http://{private}"));
    match first_link {
        Ok(Some(link)) => anstream::println!(
            "  {WARN}no account yet:{WARN:#} Open {BOLD}{docs}{}{BOLD:#} {DIM}(once, within 30 minutes){DIM:#}",
            link.path
        ),
        Ok(None) => anstream::println!("  the desk     {docs}/admin"),
        Err(_) => anstream::println!(
            "  {WARN}the desk stays closed while the audit store is away;{WARN:#} when it is back, without an account yet: start again"
        ),
    }
    anstream::println!(
        "  try next     sms-bridge simulate --mobile +919876543210   {DIM}or open{DIM:#} {docs}/docs"
    );
}
