//! What an edge in front of the bridge asks of it: to keep what it refused, and to say which e-mail addresses are blocked
//! and which websites may follow a registration, so that it can answer both by itself. Also that no signed request is taken twice. Not whether a signature holds: that is HTTP's, with `base::edge_keys`.

use bridge_core::message::storable;
use bridge_core::{Span, Timestamp, email};
use bridge_store::audit::{BlockedEmail, Refusal};
use sha2::{Digest, Sha256};

use crate::base::deadline::in_time;
use crate::base::edge_keys::EdgeKey;
use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use crate::registration::{KEPT_NUMBER_MAX_CHARS, unless_paused};
use crate::state::board::WakeSignal;

/// How far the clocks of edge and bridge may be apart.
pub const SKEW_SECONDS: i64 = 300;
/// A signature is fresh from five minutes before its time to five minutes after it.
const REMEMBERED: Span = Span(2 * SKEW_SECONDS * 1000);
/// Blocked addresses that the edge is told of; the bridge itself looks at all.
const LISTED_MAX: usize = 20_000;

/// A request with this id was not taken before.
pub async fn first_time(app: &App, id: &str) -> Result<(), Problem> {
    let what = format!("edge:{id}");
    let first = in_time(app.hot.first_use(app.clock.now(), &what, REMEMBERED)).await;
    if first.map_err(|problem| unless_paused(app, problem))? {
        return Ok(());
    }
    let why = "this request was taken already: a copy of it is refused";
    app.edge.wrong(why, app.clock.now());
    Err(Problem::new(Code::EdgeSignature, why))
}

/// Something that the edge refused.
#[derive(Clone, Debug)]
pub struct Reported {
    /// When it was refused, by the edge's clock.
    pub at: Timestamp,
    /// Why: the code that it answered.
    pub reason: String,
    /// The number as it was given.
    pub mobile_number: String,
    /// The client's address.
    pub address: String,
    /// The country it came from, where it is known.
    pub country: Option<String>,
    /// How many refusals this one stands for.
    pub count: i64,
}

/// Keeps what the edge refused, beside what the bridge refused itself.
pub fn keep_refusals(app: &App, reported: Vec<Reported>) {
    let now = app.clock.now();
    app.edge.refused(reported.iter().map(|one| one.count.unsigned_abs()).sum(), now);
    // Below the floor only SMS are written.
    if app.disk.seemed_nearly_full(app.clock.now()) {
        return;
    }
    for one in reported {
        let number: String = one.mobile_number.chars().take(KEPT_NUMBER_MAX_CHARS).collect();
        let is_known = one.address.parse::<std::net::IpAddr>().is_ok();
        app.refusals.keep(Refusal {
            // Its clock is not ours: what it says of the future would never be old.
            at: one.at.min(now),
            reason: one.reason,
            mobile_number: storable(&number).into_owned(),
            address_hash: is_known.then(|| app.secrets.address_hash(&one.address)),
            place: one.country,
            stands_for: one.count,
        });
    }
    app.board.wake(WakeSignal::Refusal);
}

/// The e-mail addresses that may not register now.
pub struct Blocklist {
    rows: Vec<BlockedEmail>,
    /// A blocked address blocks its tags too.
    pub ignore_tags: bool,
    /// Origins of websites that may read what the edge answers by itself, as the bridge's own answers.
    pub status_origins: Vec<String>,
}

/// What holds at this moment, by address.
#[must_use]
pub fn blocklist(app: &App) -> Blocklist {
    let now = app.clock.now();
    let mut rows: Vec<BlockedEmail> =
        app.blocked_emails.all().into_iter().filter(|entry| entry.holds(now)).collect();
    if rows.len() > LISTED_MAX {
        rows.sort_by_key(|entry| std::cmp::Reverse(entry.changed_at));
        rows.truncate(LISTED_MAX);
    }
    let settings = app.live.now();
    let status_origins = settings.status_origins.clone();
    Blocklist { rows, ignore_tags: settings.blocked_emails_ignore_tags, status_origins }
}

impl Blocklist {
    /// What it says, for this key, as one word: the same as long as nothing changes.
    #[must_use]
    pub fn tag(&self, key: EdgeKey<'_>) -> String {
        let mut digest = Sha256::new();
        digest.update(key.blocked_email(""));
        digest.update([u8::from(self.ignore_tags)]);
        for row in &self.rows {
            digest.update(&row.address);
            digest.update([0]);
        }
        for origin in &self.status_origins {
            digest.update([1]);
            digest.update(origin);
        }
        let digest = bridge_core::onboarding::hex(&digest.finalize());
        format!("\"{}\"", digest.get(..32).unwrap_or_default())
    }

    /// The addresses as keyed hashes: the edge recognises one that it is shown, and can name none.
    #[must_use]
    pub fn hashes(&self, key: EdgeKey<'_>) -> Vec<String> {
        let spelled = |row: &BlockedEmail| {
            let address =
                if self.ignore_tags { email::without_tag(&row.address) } else { email::normal(&row.address) };
            key.blocked_email(&email::with_ascii_domain(&address))
        };
        self.rows.iter().map(spelled).collect()
    }
}
