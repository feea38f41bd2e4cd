//! An onboarding that was opened: what its user is to do, how it stands, and cancelling it (contract section 2).
//! Not opening one: that is [`super::register`].

use bridge_core::onboarding::{Onboarding, Shown};
use bridge_core::phone::BareDigits;
use bridge_core::{Mobile, Settings, Timestamp};
use bridge_store::StoreError;
use bridge_store::audit::{PageStep, Step};
use bridge_store::hot::Cancelled;
use bridge_store::journal::Entry;
use uuid::Uuid;

use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use crate::durability::journal;

/// What the user of an onboarding is to do, as far as the onboarding alone does not say it.
#[derive(Debug)]
pub struct Instructions {
    /// Where to send the SMS: none until the operator set a number.
    pub number: Option<String>,
    /// The text to send.
    pub sms_body: String,
    /// Opens this onboarding and no other (decisions.md D36).
    pub token: String,
    /// Until when they should send it, in seconds after the registration.
    pub timelimit_seconds: i64,
    /// When it is forgotten, in seconds after the registration.
    pub ttl_seconds: i64,
}

impl Instructions {
    /// By these settings and the receivers of this moment.
    #[must_use]
    pub fn of(app: &App, settings: &Settings, onboarding: &Onboarding) -> Instructions {
        let seconds = |until: Timestamp| (until - onboarding.request_timestamp).0 / 1000;
        Instructions {
            number: app.receivers.number_for(&onboarding.mobile, app.clock.now(), settings),
            sms_body: format!("{}:{}", settings.header(), onboarding.code()),
            token: app.secrets.onboarding_token(onboarding.id),
            timelimit_seconds: seconds(onboarding.user_deadline),
            ttl_seconds: seconds(onboarding.expires_at),
        }
    }
}

/// Whose onboarding of a number is asked for. Without both: the newest, whoever it is.
#[derive(Debug, Default)]
pub struct Whose {
    /// The device it was registered with.
    pub device_id: Option<String>,
    /// The e-mail address it was registered with.
    pub email: Option<String>,
}

/// The newest onboarding of a number, and how many are open beside it and with it.
#[derive(Debug)]
pub struct OfNumber {
    /// As it stands.
    pub newest: Onboarding,
    /// How many onboardings of the number wait for their SMS.
    pub open: usize,
}

/// The newest onboarding of a number, which may be written as people write numbers (D51).
pub async fn newest_of(app: &App, mobile: &str, whose: &Whose) -> Result<OfNumber, Problem> {
    let default = app.live.now().default_country_code.clone();
    let mobile = Mobile::parse(mobile, &default, BareDigits::NationalFirst)
        .map_err(|why| Problem::field(Code::InvalidMobileNumber, "mobile", why.to_string()))?;
    let now = app.clock.now();
    let standing = in_time(app.hot.standing_onboardings(now, mobile.e164())).await?;
    let open = standing.iter().filter(|onboarding| onboarding.shown(now) == Shown::Pending).count();
    let is = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
    let mut theirs =
        standing.into_iter().filter(|o| is(&whose.device_id, &o.device_id) && is(&whose.email, &o.email));
    Ok(OfNumber { newest: theirs.next().ok_or_else(not_found)?, open })
}

/// One onboarding, as it stands now.
pub async fn find(app: &App, id: Uuid) -> Result<Onboarding, Problem> {
    in_time(app.hot.onboarding(app.clock.now(), id)).await?.ok_or_else(not_found)
}

/// The same for a page that people keep open or come back to: where the hot store is away or has forgotten it, as the audit
/// trail has it.
pub async fn find_kept(app: &App, id: Uuid) -> Result<Onboarding, Problem> {
    let hot = in_time(app.hot.onboarding(app.clock.now(), id)).await;
    if let Ok(Some(onboarding)) = hot {
        return Ok(onboarding);
    }
    match in_time(app.audit.onboardings_by_ids(&[id])).await {
        Ok(kept) => match (kept.into_iter().next(), hot) {
            (Some(onboarding), _) => Ok(onboarding),
            // It may be one that waits to be written there.
            (None, Err(problem)) => Err(problem),
            (None, Ok(_)) => Err(not_found()),
        },
        Err(problem) => Err(if hot.is_ok() { not_found() } else { problem }),
    }
}

/// Does an SMS of that number wait to be judged? As far as the audit store knows.
pub async fn sms_waits(app: &App, onboarding: &Onboarding) -> bool {
    let traces = in_time(app.audit.traces(&onboarding.mobile, app.clock.now())).await;
    traces.is_ok_and(|traces| !traces.waiting.is_empty())
}

/// Somebody did something on the page of this onboarding: counted once for each kind.
pub fn note_step(
    app: &App,
    onboarding: &Onboarding,
    step: Step,
    language: &'static str,
    platform: &'static str,
) {
    app.page_steps.keep(PageStep {
        onboarding_id: onboarding.id,
        mobile_number: onboarding.mobile.e164().to_owned(),
        step,
        at: app.clock.now(),
        language,
        platform,
    });
}

/// Where the page of an onboarding is, on whatever address the bridge has.
#[must_use]
pub fn page_path(app: &App, id: Uuid) -> String {
    format!("/v/{id}.{}", app.secrets.onboarding_token(id))
}

/// An id as a client gives it; one that is no id is simply not found.
pub fn id(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| not_found())
}

fn not_found() -> Problem {
    Problem::new(Code::NotFound, "there is no such onboarding, or it has expired")
}

/// Can it change no more?
#[must_use]
pub fn is_final(onboarding: &Onboarding) -> bool {
    !onboarding.state.can_be_validated()
}

/// Cancels it; again is as good as once (decisions.md D19). It is in the journal before it is answered, because a hot
/// store that forgets would open it again.
pub async fn cancel(app: &App, id: Uuid) -> Result<Onboarding, Problem> {
    let cancelled = async {
        let generation = app.availability.generation();
        let cancelled = app.hot.cancel(app.clock.now(), id).await?;
        if let Cancelled::Done(onboarding) = &cancelled {
            let entry = Entry::Onboarding(Box::new(onboarding.clone()));
            journal::keep(app, &app.live.now(), entry, generation).await?;
        }
        Ok::<_, StoreError>(cancelled)
    };
    match in_time(cancelled).await? {
        Cancelled::Done(onboarding) => Ok(onboarding),
        Cancelled::Final(onboarding) => {
            Err(Problem::new(Code::OnboardingFinal, format!("it is {} already", onboarding.state.as_str())))
        }
        Cancelled::NotFound => Err(not_found()),
    }
}
