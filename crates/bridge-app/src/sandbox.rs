//! A sandbox: a bridge to try an app against (`serve --sandbox`), in which the bridge plays the phone of the magic numbers.
//! Here is what makes a data folder one, and the playing. Everything that is played takes the way of every SMS. What becomes
//! of which number is [`bridge_core::magic`]; it is not the Test Lab, which keeps nothing and which no app can reach.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use bridge_core::magic::{self, MAGIC, Magic, Part};
use bridge_core::onboarding::Onboarding;
use bridge_core::phone::BareDigits;
use bridge_core::settings::SettingDef;
use bridge_core::{Mobile, Settings, Timestamp, catalog};
use bridge_formats::example::{self, Example};
use bridge_formats::{Incoming, named};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::admin;
use crate::admin::block::Wish;
use crate::admin_log::Actor;
use crate::base::data_file;
use crate::base::deadline::{in_time, within};
use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use crate::registration::opened;
use crate::sms::delivery::{self, Delivering, Read};
use crate::sms::quarantine::Credentials;
use crate::state::receivers::ReceiverIdentity;
use crate::stores::Stores;

/// As what the bridge notes what it set up, and as what its phone is told of.
const WHO: &str = "sandbox";
/// What the phone of a sandbox writes.
const FORMAT: &str = "generic";
/// Whoever tries an app registers one number all day.
const REGISTRATIONS_PER_HOUR: u32 = 100_000;
/// The clock of its phone is the bridge's own.
const TOLERANCE_SECONDS: u32 = 5;
/// How often the phone looks whether there is something to send.
const LOOK: std::time::Duration = std::time::Duration::from_millis(250);

fn mark(data_dir: &Path) -> PathBuf {
    data_dir.join("sandbox.json")
}

/// Was the bridge on this folder started as a sandbox?
#[must_use]
pub fn is_marked(data_dir: &Path) -> bool {
    mark(data_dir).exists()
}

/// Why a bridge cannot be opened on its folder.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Somebody's real number was validated here.
    #[error("{} holds validated numbers of real people: start a sandbox in a folder of its own, with --data-dir", .0.display())]
    HoldsReal(PathBuf),
    /// It is a sandbox, and was not started as one.
    #[error("{} is a sandbox, and what is validated in it proves nothing: start it with --sandbox, or take another folder with --data-dir", .0.display())]
    IsSandbox(PathBuf),
    /// What is kept cannot be read.
    #[error("a sandbox must know that no real number was validated here, and cannot: {0}")]
    Unknown(#[source] bridge_store::StoreError),
    /// A new one cannot be set up.
    #[error("the sandbox cannot be set up: {0}")]
    Unfurnished(String),
}

/// A folder holds what is real, or what is tried; never both.
pub(crate) async fn may_open(is_sandbox: bool, data_dir: &Path, stores: &Stores) -> Result<(), Refused> {
    match (is_sandbox, is_marked(data_dir)) {
        (false, true) => Err(Refused::IsSandbox(data_dir.to_owned())),
        (true, false) => {
            let both = async { tokio::try_join!(stores.hot.totals(), stores.audit.validated_pairs(None, 1)) };
            let (hot, audit) = both.await.map_err(Refused::Unknown)?;
            if hot.validated > 0 || !audit.is_empty() {
                return Err(Refused::HoldsReal(data_dir.to_owned()));
            }
            Ok(())
        }
        (false, false) | (true, true) => Ok(()),
    }
}

/// Makes a new folder one, if it is to be one: its numbers may register, people are told a number, and the folder is marked.
/// What the operator changes afterwards stays changed.
pub(crate) async fn furnish(app: &App) -> Result<(), Refused> {
    if !app.sandbox.is_on() {
        return Ok(());
    }
    set_up(app).await.map_err(|problem| Refused::Unfurnished(problem.detail().to_owned()))
}

async fn set_up(app: &App) -> Result<(), Problem> {
    let data_dir = &app.options.data_dir;
    tracing::warn!(
        "this is a sandbox: the bridge plays the phone of {} to {}, and what is validated here proves nothing",
        MAGIC[0].number,
        MAGIC[MAGIC.len() - 1].number
    );
    if !is_marked(data_dir) {
        admin::settings::change(app, &actor(), &changes(&app.live.now())).await?;
        let note = json!({ "since": app.clock.now().to_string() });
        data_file::write_json(&mark(data_dir), &note).map_err(|error| Problem::unavailable(&error))?;
    }
    for blocked in MAGIC.iter().filter(|magic| magic.part == Part::Blocked) {
        let mobile = number(blocked)?;
        let listed = admin::blacklist::list(app).await?;
        if listed.iter().all(|entry| entry.mobile_number != blocked.number) {
            let wish = Wish { reason: WHO.to_owned(), expires_at: None };
            admin::blacklist::block(app, &actor(), &mobile, wish).await?;
        }
    }
    Ok(())
}

fn actor() -> Actor {
    Actor { who: WHO.to_owned(), address: None }
}

fn number(magic: &Magic) -> Result<Mobile, Problem> {
    Mobile::parse(magic.number, magic::CALLING_CODE, BareDigits::NationalFirst)
        .map_err(|why| Problem::new(Code::Internal, why.to_string()))
}

/// What a sandbox begins with, where that is not as it is.
fn changes(settings: &Settings) -> Vec<(&'static SettingDef, Value)> {
    let mut wanted = settings.clone();
    wanted.registrations_per_mobile_per_hour = REGISTRATIONS_PER_HOUR;
    wanted.clock_skew_tolerance_seconds = TOLERANCE_SECONDS;
    if !wanted.allowed_country_codes.iter().any(|code| code == magic::CALLING_CODE) {
        wanted.allowed_country_codes.push(magic::CALLING_CODE.to_owned());
    }
    if wanted.sms_receiver_number.is_empty() {
        magic::RECEIVER.clone_into(&mut wanted.sms_receiver_number);
    }
    let all = catalog::all().iter().map(|def| (def, def.value(&wanted)));
    all.filter(|(def, value)| *value != def.value(settings)).collect()
}

/// Plays the phone until it is stopped.
pub async fn run(app: std::sync::Arc<App>, stop: CancellationToken) {
    while within(LOOK, stop.cancelled()).await.is_err() {
        if let Err(problem) = play(&app).await {
            tracing::warn!(problem = problem.detail(), "the phone of the sandbox will try again");
        }
    }
}

/// Does what is due now for every onboarding of a magic number. Each is played once.
pub async fn play(app: &App) -> Result<(), Problem> {
    if !app.sandbox.is_on() {
        return Ok(());
    }
    let mut played = app.sandbox.played.lock().await;
    let now = app.clock.now();
    let settings = app.live.now();
    let mut standing = HashSet::new();
    for magic in &MAGIC {
        for onboarding in in_time(app.hot.standing_onboardings(now, magic.number)).await? {
            standing.insert(onboarding.id);
            let is_due = magic.due(&onboarding, &settings).is_some_and(|at| at <= now);
            // After a restart nobody remembers who was played; the onboarding shows it.
            let is_open = onboarding.state.can_be_validated() && onboarding.last_sms.is_none();
            if is_due && is_open && !played.contains(&onboarding.id) {
                // What was handed in before it failed is known by its id when it comes again.
                play_one(app, &settings, magic, &onboarding).await?;
                played.insert(onboarding.id);
            }
        }
    }
    played.retain(|id| standing.contains(id));
    Ok(())
}

async fn play_one(app: &App, settings: &Settings, magic: &Magic, of: &Onboarding) -> Result<(), Problem> {
    if magic.part == Part::Cancel {
        return opened::cancel(app, of.id).await.map(drop);
    }
    // The day's count begins anew with everybody who tries it: else the sixth of them would be one too many.
    in_time(app.hot.unblacklist(magic.number)).await?;
    for (n, text) in magic.texts(of, settings).iter().enumerate() {
        hand_in(app, magic.number, text, &format!("{WHO}-{}-{n}", of.id), app.clock.now()).await?;
    }
    Ok(())
}

/// Hands an SMS in as a phone does: it is written, read, judged and kept like any other.
async fn hand_in(app: &App, sender: &str, text: &str, id: &str, at: Timestamp) -> Result<(), Problem> {
    let no_format = || Problem::new(Code::Internal, format!("there is no format {FORMAT}"));
    let format = named(FORMAT).ok_or_else(no_format)?;
    let written = example::write(FORMAT, &Example { sender, text, at, id }).ok_or_else(no_format)?;
    let (content_type, body) = written.body.ok_or_else(no_format)?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    let uri = Uri::from_static("/sms/receive");
    let read = Read::of(&Incoming::new(&Method::POST, &uri, &headers, body.as_bytes()), format, false);
    let delivering = Delivering {
        sender: ReceiverIdentity::Default,
        format,
        sure: true,
        content_type: content_type.to_owned(),
        raw: Bytes::from(body),
        credentials: Credentials(Vec::new()),
        arrived: at,
    };
    delivery::take(app, &delivering, read).await.map(drop)
}
