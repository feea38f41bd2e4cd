//! Registering: reading what the app sends, checking the limits, opening the onboarding, keeping every refusal
//! (decisions.md D13, D14). What happens to an onboarding afterwards is [`opened`].

pub mod opened;
pub mod returns;
pub mod sms_links;
mod wishes;

use std::net::IpAddr;

use bridge_core::magic::Part;
use bridge_core::message;
use bridge_core::onboarding::{Applicant, Asked, Onboarding};
use bridge_core::phone::BareDigits;
use bridge_core::settings::HashStyle;
use bridge_core::{Mobile, Settings, Timestamp};
use bridge_formats::FieldError;
use bridge_formats::fields::{FieldValue, Fields};
use bridge_store::StoreError;
use bridge_store::audit::Refusal;
use bridge_store::hot::{Registered, Registration};
use bridge_store::journal::Entry;

use crate::base::fields::NO_EMAIL_ADDRESS;
use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use crate::durability::{clock_monitor, journal, spellings};
use crate::state::availability::Hot;
use crate::state::board::WakeSignal;
use crate::state::receivers::Liveness;
use crate::state::settings::Snapshot;

/// The longest e-mail address that RFC 5321 allows.
const EMAIL_MAX_CHARS: usize = 254;
const DEVICE_MAX_CHARS: usize = 200;
/// Of a refused number as it was given.
pub(crate) const KEPT_NUMBER_MAX_CHARS: usize = 64;

/// What an app asks for.
#[derive(Debug)]
pub struct Wanted {
    mobile_number: String,
    email: Option<String>,
    device_id: Option<String>,
    client_ip: Option<IpAddr>,
    asked: Asked,
}

impl Wanted {
    /// What somebody types who registers without an app.
    #[must_use]
    pub fn typed(mobile_number: &str, email: &str, locale: &str) -> Wanted {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Wanted {
            mobile_number: mobile_number.trim().to_owned(),
            email: some(email),
            device_id: None,
            client_ip: None,
            asked: Asked { locale: some(locale), ..Asked::default() },
        }
    }

    /// From that address, as the bridge itself knows it.
    #[must_use]
    pub fn from(mut self, address: Option<IpAddr>) -> Wanted {
        self.client_ip = address;
        self
    }

    /// Reads the fields of the body, naming everything that is wrong with them. `metadata` is its JSON as it came: fields
    /// hold no objects.
    pub fn read(fields: &Fields, metadata: Option<&str>) -> Result<Wanted, Problem> {
        let mut errors = Vec::new();
        let mut text = |name: &str| match fields.get(name) {
            None | Some(FieldValue::Null) => None,
            Some(FieldValue::Text(text)) => {
                Some(text.trim().to_owned()).filter(|t| !t.is_empty() || name == NUMBER)
            }
            Some(FieldValue::Number(_)) => {
                errors.push(error(name, "must be a text in quotation marks, not a number"));
                None
            }
            Some(other) => {
                errors.push(error(name, format!("must be a text, not {}", other.what())));
                None
            }
        };
        let (number, email, device_id) = (text(NUMBER), text("email"), text("device_id"));
        let address = text("client_ip");
        let (locale, return_url) = (text("locale"), text("return_url"));
        let client_ip = address.as_deref().and_then(|address| address.parse().ok());
        if address.is_some() && client_ip.is_none() {
            errors.push(error("client_ip", "must be the IP address of the user's device, like 203.0.113.7"));
        }
        if number.is_none() && errors.iter().all(|e| e.field != NUMBER) {
            errors.push(error(NUMBER, "is missing: the number that will send the SMS, like +919876543210"));
        }
        if email.as_deref().is_some_and(|email| !is_email(email)) {
            errors.push(error("email", NO_EMAIL_ADDRESS));
        }
        if device_id
            .as_deref()
            .is_some_and(|d| d.chars().count() > DEVICE_MAX_CHARS || d.chars().any(char::is_control))
        {
            errors.push(error(
                "device_id",
                format!("must be at most {DEVICE_MAX_CHARS} characters without control characters"),
            ));
        }
        let wishes = [
            ("locale", locale.as_deref().and_then(wishes::wrong_locale)),
            ("return_url", return_url.as_deref().and_then(wishes::wrong_return_url)),
            ("metadata", metadata.and_then(wishes::wrong_metadata)),
        ];
        errors.extend(wishes.into_iter().filter_map(|(name, wrong)| Some(error(name, wrong?))));
        let asked = Asked { locale, return_url, metadata: metadata.map(str::to_owned), ..Asked::default() };
        match number {
            Some(mobile_number) if errors.is_empty() => {
                Ok(Wanted { mobile_number, email, device_id, client_ip, asked })
            }
            _ => {
                let named: Vec<&str> = errors.iter().map(|e| e.field.as_str()).collect();
                let detail = format!("the registration cannot be read: see {}", named.join(", "));
                Err(Problem::fields(Code::InvalidRequest, detail, errors))
            }
        }
    }
}

const NUMBER: &str = "mobile_number";

fn error(field: &str, detail: impl Into<String>) -> FieldError {
    FieldError { field: field.to_owned(), detail: detail.into() }
}

fn is_email(text: &str) -> bool {
    text.chars().count() <= EMAIL_MAX_CHARS
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text
            .split_once('@')
            .is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty() && !domain.contains('@'))
}

/// By which registrations of one user are told from another's: an address, or the network of 64 bits that an IPv6
/// subscriber has (RFC 6177).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & (u128::MAX << 64)).into()),
        address @ IpAddr::V4(_) => address,
    }
}

/// An onboarding that now waits for its SMS.
#[derive(Debug)]
pub struct Opened {
    /// Opened now, not before by the same person.
    pub new: bool,
    /// The onboarding as it stands now.
    pub onboarding: Onboarding,
}

/// Where a registration comes from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The client's address as far as it can be seen: for reports, and never by itself a reason to tell people apart.
    pub seen: Option<IpAddr>,
    /// The client's address as the edge signed it. An app's own `client_ip` goes before it: behind an app's server it is
    /// that of the server.
    pub signed: Option<IpAddr>,
    /// The country that the edge saw.
    pub place: Option<String>,
}

/// Registers, and keeps every refusal. `origin` is a problem where the registration is to be refused for where it comes from.
pub async fn register(
    app: &App,
    snapshot: &Snapshot,
    mut wanted: Wanted,
    origin: Result<Origin, Problem>,
) -> Result<Opened, Problem> {
    // Kept as it came, but for what no SQL TEXT can hold (D23).
    let kept: String = wanted.mobile_number.chars().take(KEPT_NUMBER_MAX_CHARS).collect();
    let number = message::storable(&kept).into_owned();
    let (client, place, result) = match origin {
        Ok(Origin { seen, signed, place }) => {
            // Behind an app's server the edge sees that server, which is elsewhere.
            if wanted.client_ip.is_none() || wanted.client_ip == signed {
                wanted.asked.place.clone_from(&place);
            }
            wanted.client_ip = wanted.client_ip.or(signed);
            let client = wanted.client_ip.or(seen);
            (client, place, open(app, snapshot, wanted).await)
        }
        Err(problem) => (wanted.client_ip, None, Err(problem)),
    };
    if let Err(problem) = &result {
        keep_refusal(app, problem, number, client, place);
    }
    result
}

/// Somebody registers without an app, at the form of the bridge. An address that no edge vouches for has a small share.
pub async fn register_hosted(
    app: &App,
    snapshot: &Snapshot,
    wanted: Wanted,
    origin: Result<Origin, Problem>,
) -> Result<Opened, Problem> {
    if !snapshot.settings.hosted_registration_enabled {
        return Err(Problem::new(Code::NotFound, "nobody registers here without an app"));
    }
    if wanted.email.as_deref().is_some_and(|email| !is_email(email)) {
        return Err(Problem::field(Code::InvalidRequest, "email", NO_EMAIL_ADDRESS));
    }
    // A number that is mistyped costs nothing: people correct it.
    let default = &snapshot.settings.default_country_code;
    let reads = Mobile::parse(&wanted.mobile_number, default, BareDigits::NationalFirst).is_ok();
    let wanted = match &origin {
        Ok(Origin { seen, signed: None, .. }) => {
            if reads {
                app.hosted_rate.take(*seen)?;
            }
            wanted.from(*seen)
        }
        Ok(_) | Err(_) => wanted,
    };
    register(app, snapshot, wanted, origin).await
}

/// A new hash for the same person, from their page: it counts as a registration like any other. `origin` as it is for
/// [`register`].
pub async fn again(
    app: &App,
    snapshot: &Snapshot,
    of: &Onboarding,
    origin: Result<Origin, Problem>,
) -> Result<Opened, Problem> {
    let (from, result) = match origin {
        Ok(origin) => (origin.clone(), open_again(app, snapshot, of, origin).await),
        Err(problem) => (Origin::default(), Err(problem)),
    };
    if let Err(problem) = &result {
        keep_refusal(app, problem, of.mobile.e164().to_owned(), from.seen, from.place);
    }
    result
}

async fn open_again(
    app: &App,
    snapshot: &Snapshot,
    of: &Onboarding,
    origin: Origin,
) -> Result<Opened, Problem> {
    let pause = paused(app, snapshot);
    if pause.as_ref().is_some_and(|pause| pause.cause != RECEIVERS_SILENT) {
        return Err(refused_while_paused());
    }
    let who = Applicant {
        mobile: of.mobile.clone(),
        email: of.email.clone(),
        device_id: of.device_id.clone(),
        // What the edge signed is surer than what was said the first time.
        client: origin.signed.map(|address| client_of(app, address)).or_else(|| of.client.clone()),
    };
    let place = if origin.signed.is_some() { origin.place } else { of.asked.place.clone() };
    enrol(app, snapshot, pause.as_ref(), who, Asked { place, ..of.asked.clone() }).await
}

/// As what a client's address is kept.
fn client_of(app: &App, address: IpAddr) -> String {
    app.secrets.client_hash(&network(address).to_string())
}

fn keep_refusal(app: &App, problem: &Problem, number: String, client: Option<IpAddr>, place: Option<String>) {
    // Below the floor only SMS are written.
    if app.disk.seemed_nearly_full(app.clock.now()) {
        return;
    }
    app.refusals.keep(Refusal {
        at: app.clock.now(),
        reason: problem.code().as_str().to_owned(),
        mobile_number: number,
        address_hash: client.map(|address| app.secrets.address_hash(&address.to_string())),
        place,
        stands_for: 1,
    });
    app.board.wake(WakeSignal::Refusal);
}

/// Opens it in the hot store, and keeps it.
async fn in_the_store(
    app: &App,
    settings: &Settings,
    now: Timestamp,
    registration: &Registration,
) -> Result<Registered, StoreError> {
    let generation = app.availability.generation();
    let wanted = &registration.onboarding;
    if spellings::validated_before(app, &wanted.mobile, wanted.device_id.as_deref()).await? {
        return Ok(Registered::AlreadyValidated);
    }
    let registered = app.hot.register(now, registration).await?;
    if let Registered::New(onboarding) | Registered::Same(onboarding) = &registered {
        // The same again too: whoever opened it may have died before it was on disk.
        let entry = Entry::Onboarding(Box::new(onboarding.clone()));
        journal::keep(app, settings, entry, generation).await?;
    }
    Ok(registered)
}

async fn open(app: &App, snapshot: &Snapshot, wanted: Wanted) -> Result<Opened, Problem> {
    let settings = &*snapshot.settings;
    let pause = paused(app, snapshot);
    if pause.as_ref().is_some_and(|pause| pause.cause != RECEIVERS_SILENT) {
        return Err(refused_while_paused());
    }
    let mobile =
        Mobile::parse(&wanted.mobile_number, &settings.default_country_code, BareDigits::NationalFirst)
            .map_err(|why| Problem::field(Code::InvalidMobileNumber, NUMBER, why.to_string()))?;
    if let Some(wrong) = wanted.asked.return_url.as_deref().and_then(|url| wishes::foreign(url, settings)) {
        return Err(Problem::field(Code::InvalidRequest, "return_url", wrong));
    }
    let client = wanted.client_ip.map(|address| client_of(app, address));
    app.recent.told_an_address(client.is_some());
    let who = Applicant { mobile, email: wanted.email, device_id: wanted.device_id, client };
    enrol(app, snapshot, pause.as_ref(), who, wanted.asked).await
}

/// Opens an onboarding for somebody who is known by now, or says why not.
async fn enrol(
    app: &App,
    snapshot: &Snapshot,
    pause: Option<&Pause>,
    who: Applicant,
    asked: Asked,
) -> Result<Opened, Problem> {
    let magic = app.sandbox.magic(&who.mobile);
    if magic.is_some_and(|magic| magic.part == Part::Paused) {
        return Err(refused_while_paused());
    }
    let own = magic.map(|magic| magic.settings(&snapshot.settings));
    let settings = own.as_ref().unwrap_or(&*snapshot.settings);
    if settings.is_enabled_by_name("foreign_number_check") && !settings.allows_country(&who.mobile) {
        let allowed = settings.allowed_country_codes.join(", +");
        return Err(Problem::field(Code::CountryNotAllowed, NUMBER, format!("must belong to +{allowed}")));
    }
    // What is registered by a clock that was just set wrongly would be over before its SMS comes.
    let now = clock_monitor::time_now(app).await.ok_or_else(refused_while_paused)?;
    if who.email.as_deref().is_some_and(|email| is_blocked(app, settings, email, now)) {
        return Err(Problem::new(Code::EmailBlocked, "this e-mail address was blocked by the operator"));
    }
    unless_it_may_try(app, pause, &who.mobile)?;
    let no_entropy = |error| Problem::unavailable(&error);
    let mut salt = vec![0; settings.hash_salt_length as usize];
    app.entropy.fill(&mut salt).map_err(no_entropy)?;
    let id = app.entropy.id(now).map_err(no_entropy)?;
    let asked = Asked { short: settings.hash_style == HashStyle::Short, ..asked };
    let opened = Onboarding::open(who, settings.header(), id, &salt, now, settings);
    let registration = Registration {
        onboarding: Onboarding { asked, ..opened },
        per_hour: i64::from(settings.registrations_per_mobile_per_hour),
        places: settings.onboardings_per_mobile as usize,
        refuse_blacklisted: settings.is_enabled_by_name("blacklist_check"),
    };
    let registered = in_the_store(app, settings, now, &registration);
    match crate::base::deadline::in_time(registered).await.map_err(|problem| unless_paused(app, problem))? {
        Registered::New(onboarding) => {
            app.board.wake(WakeSignal::Onboarding);
            app.recent.registered(app.clock.now());
            app.receivers.registered(onboarding.user_deadline);
            Ok(Opened { new: true, onboarding })
        }
        Registered::Same(onboarding) => Ok(Opened { new: false, onboarding }),
        Registered::AlreadyValidated => Err(Problem::new(
            Code::AlreadyValidated,
            "this number is validated on this device: there is nothing to do",
        )),
        Registered::Blacklisted => Err(Problem::new(
            Code::Blacklisted,
            "this number sent too many SMS or was blocked by the operator",
        )),
        Registered::TooMany { until } => {
            let seconds = u32::try_from(((until - now).0 + 999) / 1000).unwrap_or(u32::MAX);
            let limit = snapshot.settings.registrations_per_mobile_per_hour;
            Err(Problem::new(
                Code::TooManyRegistrations,
                format!("this number asked for {limit} hashes in an hour"),
            )
            .retry_after(seconds))
        }
    }
}

fn is_blocked(app: &App, settings: &Settings, email: &str, now: Timestamp) -> bool {
    app.blocked_emails.is_blocked(email, now)
        || settings.blocked_emails_ignore_tags && app.blocked_emails.is_blocked_but_for_its_tag(email, now)
}

/// What the user of an app is told meanwhile: the words of D25.
#[must_use]
pub fn paused_in_words() -> &'static str {
    Code::OnboardingPaused.title()
}

const PAUSED_RETRY_SECONDS: u32 = 30;

/// Since when and why registration is paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Since when, as far as it is known.
    pub since: Option<Timestamp>,
    /// What it is, as a stable word.
    pub cause: &'static str,
    /// Why, in words for people.
    pub why: &'static str,
}

impl Pause {
    /// Was this onboarding let in to find out whether a receiver hears again?
    #[must_use]
    pub fn is_tried_by(&self, onboarding: &Onboarding) -> bool {
        self.cause == RECEIVERS_SILENT
            && self.since.is_some_and(|since| onboarding.request_timestamp >= since)
    }
}

/// The cause of a pause that ends as soon as a receiver speaks.
const RECEIVERS_SILENT: &str = "receivers_silent";

/// Every cause of a pause: one of them is 1 in the metrics.
pub const PAUSE_CAUSES: [&str; 5] =
    ["maintenance", "clock_not_set", "store_away", "disk_nearly_full", RECEIVERS_SILENT];

/// Is registration paused?
#[must_use]
pub fn paused(app: &App, snapshot: &Snapshot) -> Option<Pause> {
    let pause = |since, cause, why| Some(Pause { since, cause, why });
    if snapshot.settings.maintenance_mode {
        return pause(snapshot.updated_at("maintenance_mode"), "maintenance", "maintenance_mode is on");
    }
    let standing = app.availability.now();
    if standing.hot == Hot::ClockNotSet {
        return pause(
            None,
            "clock_not_set",
            "the clock of this machine cannot be right: SMS are kept until it is set",
        );
    }
    if let Some(why) = standing.hot.why() {
        return pause(Some(standing.since), "store_away", why);
    }
    if app.disk.seemed_nearly_full(app.clock.now()) {
        return pause(None, "disk_nearly_full", "the disk is nearly full: only SMS are written");
    }
    match app.receivers.liveness(app.clock.now(), &snapshot.settings) {
        Liveness::Silent(since) => pause(
            Some(since),
            RECEIVERS_SILENT,
            "every receiver broke its habit of speaking: an SMS would reach nobody; now and then one registration is let through",
        ),
        Liveness::Alive | Liveness::NoneNamed => None,
    }
}

/// What is odd, though registration goes on (decisions.md D50).
#[must_use]
pub fn doubt(app: &App) -> Option<&'static str> {
    let since = app.receivers.in_doubt_since(app.clock.now());
    since.map(|_| "several people registered in a row and no SMS came")
}

fn refused_while_paused() -> Problem {
    Problem::new(Code::OnboardingPaused, paused_in_words()).retry_after(PAUSED_RETRY_SECONDS)
}

/// While every receiver is silent, a number may try now and then: else nobody is told a number, and no SMS can ever end
/// the silence (decisions.md D50).
fn unless_it_may_try(app: &App, pause: Option<&Pause>, mobile: &Mobile) -> Result<(), Problem> {
    let Some(since) = pause.and_then(|pause| pause.since) else { return Ok(()) };
    let now = app.clock.now();
    if app.receivers.let_through(since, mobile, now) {
        return Ok(());
    }
    let wait = (app.receivers.next_trial() - now).0.max(1_000);
    Err(refused_while_paused().retry_after(u32::try_from((wait + 999) / 1_000).unwrap_or(u32::MAX)))
}

/// A registration that failed because the hot store did is one that came during a pause: the store monitor will say so.
pub(crate) fn unless_paused(app: &App, problem: Problem) -> Problem {
    if app.hot.is_durable() {
        return problem;
    }
    app.availability.suspect();
    refused_while_paused()
}
