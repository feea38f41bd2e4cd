//! An onboarding: one person's registration of one number, from the hash they were given to the SMS
//! that proved it, and the states between (decisions.md D11, D13, D19).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use crate::message::hex;
use crate::phone::Mobile;
use crate::settings::Settings;
use crate::short_code;
use crate::time::{Span, Timestamp};
use crate::verdict::Verdict;

/// Where an onboarding stands. Validated, cancelled and superseded are final; an expired one still
/// becomes validated when a late but honest SMS is accepted (D19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The hash was given out and its deadline has not passed.
    Pending,
    /// The number's holder sent the SMS.
    Validated,
    /// The deadline passed.
    Expired,
    /// The app or the user cancelled it.
    Cancelled,
    /// A newer registration of the same number took its place.
    Superseded,
}

impl State {
    /// An SMS may still validate it.
    #[must_use]
    pub fn can_be_validated(self) -> bool {
        matches!(self, State::Pending | State::Expired)
    }

    /// The word stored in the tables and shown by the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Validated => "validated",
            State::Expired => "expired",
            State::Cancelled => "cancelled",
            State::Superseded => "superseded",
        }
    }

    /// The state of a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<State> {
        [State::Pending, State::Validated, State::Expired, State::Cancelled, State::Superseded]
            .into_iter()
            .find(|s| s.as_str() == word)
    }
}

/// `reason` of a message that held the hash and came as an MMS or as a chat: only an SMS shows who holds a number (D45).
pub const SENT_AS_MMS: &str = "sent_as_mms";

/// What the last SMS of an onboarding's number was judged, for the one who waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSms {
    /// `queue_input_sms` id of that SMS; [`LastSms::NO_SMS`] of what was none.
    pub id: i64,
    /// When it was judged.
    pub judged_at: Timestamp,
    /// How it was judged.
    pub verdict: Verdict,
}

/// What an app asks for beside the number: how the person's page is, where it leads, and what the app wants to be
/// handed back. Nothing of it changes later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The language of the page, like `hi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Where the page leads when it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// JSON that is handed back to the app as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
    /// The person was given the short code: an SMS may carry it in place of the hash.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub short: bool,
    /// The country that whoever registered was in, as two letters, where an edge vouches for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl Asked {
    /// Nothing was asked for.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Asked::default()
    }
}

impl LastSms {
    /// The id of what was no SMS. Counters begin at 1.
    pub const NO_SMS: i64 = 0;

    /// That the hash came, and not in an SMS.
    #[must_use]
    pub fn sent_as_mms(now: Timestamp) -> LastSms {
        LastSms { id: LastSms::NO_SMS, judged_at: now, verdict: Verdict::not_judged(SENT_AS_MMS) }
    }
}

/// One registration, as `queue_onboarding:{mobile}` of 003 keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Onboarding {
    /// Public id; sorts by time (UUIDv7).
    pub id: Uuid,
    /// The number that must send the SMS.
    pub mobile: Mobile,
    /// Optional (D14).
    pub email: Option<String>,
    /// The user's device, optional (D14, D15).
    pub device_id: Option<String>,
    /// From which client address it was registered, as a keyed hash. None: unknown (D51).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// What the app asked for beside the number.
    #[serde(default, skip_serializing_if = "Asked::is_nothing")]
    pub asked: Asked,
    /// What the SMS must carry: 64 lowercase hex digits.
    pub hash: String,
    /// Hex of the random salt that went into the hash.
    pub salt: String,
    /// When it was registered.
    pub request_timestamp: Timestamp,
    /// Until when the user should have sent the SMS.
    pub user_deadline: Timestamp,
    /// When it leaves the hot store.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub state: State,
    /// When the SMS was accepted.
    pub validated_at: Option<Timestamp>,
    /// Grows with every visible change: the `id:` of its server-sent events.
    pub version: i64,
    /// The newest judged SMS of this number since the registration.
    pub last_sms: Option<LastSms>,
}

/// The word the API shows: the stored state, and `failed` for one that is past its deadline and whose
/// last SMS failed (D19).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// The hash was given out and its deadline has not passed.
    Pending,
    /// The SMS came and was accepted.
    Validated,
    /// Past its deadline, and the last SMS that came failed a check.
    Failed,
    /// Past its deadline, and no SMS came that failed a check.
    Expired,
    /// The app or the user cancelled it.
    Cancelled,
    /// A newer registration of the same number took its place.
    Superseded,
}

impl Shown {
    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Shown::Pending => "pending",
            Shown::Validated => "validated",
            Shown::Failed => "failed",
            Shown::Expired => "expired",
            Shown::Cancelled => "cancelled",
            Shown::Superseded => "superseded",
        }
    }
}

impl Onboarding {
    /// What to show at `now`: a deadline that passed counts even before the worker wrote it down.
    #[must_use]
    pub fn shown(&self, now: Timestamp) -> Shown {
        match self.state {
            State::Validated => Shown::Validated,
            State::Cancelled => Shown::Cancelled,
            State::Superseded => Shown::Superseded,
            State::Pending if now <= self.user_deadline => Shown::Pending,
            State::Pending | State::Expired => match &self.last_sms {
                Some(last) if !last.verdict.passed() => Shown::Failed,
                _ => Shown::Expired,
            },
        }
    }

    /// What stands behind the colon of the SMS: the hash, or its short code where this person was given that.
    #[must_use]
    pub fn code(&self) -> String {
        if self.asked.short { short_code::of(&self.hash) } else { self.hash.clone() }
    }

    /// The member of `Queue_validated_mobiles` this onboarding would become.
    #[must_use]
    pub fn pair(&self) -> String {
        pair(self.mobile.e164(), self.device_id.as_deref())
    }

    /// "The same again" (D13): registering with these details before the deadline gets this hash back.
    #[must_use]
    pub fn is_same_again(&self, wanted: &Onboarding) -> bool {
        self.state == State::Pending
            && wanted.request_timestamp <= self.user_deadline
            && self.is_same_person(wanted)
    }

    /// The same device and e-mail address (D51). Without a device nobody is the same as anybody.
    #[must_use]
    pub fn is_same_person(&self, other: &Onboarding) -> bool {
        self.device_id.as_deref().is_some_and(|device| !device.is_empty())
            && self.mobile == other.mobile
            && self.email == other.email
            && self.device_id == other.device_id
    }
}

/// `{mobile}:{device_id}`, the members of `Queue_validated_mobiles` in 003.
#[must_use]
pub fn pair(mobile: &str, device_id: Option<&str>) -> String {
    format!("{mobile}:{}", device_id.unwrap_or_default())
}

/// Which onboardings of a number, newest first, end when this one is opened (D51): those of the same person, and, where
/// all places are taken, the oldest of whichever client address holds most places. So nobody who comes from few
/// addresses ends another's. Where several addresses hold as many, the oldest of all of theirs.
#[must_use]
pub fn ending<'a>(standing: &'a [Onboarding], wanted: &Onboarding, places: usize) -> Vec<&'a Onboarding> {
    let open = standing.iter().filter(|older| older.state.can_be_validated());
    let (mut ends, mut stay): (Vec<_>, Vec<_>) = open.partition(|older| older.is_same_person(wanted));
    while stay.len() >= places {
        let held = |one: &Onboarding| stay.iter().filter(|other| other.client == one.client).count();
        let Some(most) = stay.iter().map(|one| held(one)).max() else { break };
        let Some(oldest) = stay.iter().rposition(|one| held(one) == most) else { break };
        ends.push(stay.remove(oldest));
    }
    ends
}

/// Who registers: number, and what the app told about its user.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// The number that will send the SMS.
    pub mobile: Mobile,
    /// The user's e-mail address.
    pub email: Option<String>,
    /// The user's device.
    pub device_id: Option<String>,
    /// The user's client address, as a keyed hash.
    pub client: Option<String>,
}

impl Onboarding {
    /// A new onboarding. `id` and `salt` are fresh randomness from the caller.
    #[must_use]
    pub fn open(
        who: Applicant,
        header: &str,
        id: Uuid,
        salt: &[u8],
        now: Timestamp,
        settings: &Settings,
    ) -> Onboarding {
        let Applicant { mobile, email, device_id, client } = who;
        Onboarding {
            hash: hash(header, &mobile, email.as_deref(), device_id.as_deref(), now, salt),
            salt: hex(salt),
            request_timestamp: now,
            user_deadline: now + Span::seconds(settings.user_timelimit_seconds),
            expires_at: now + Span::seconds(settings.onboarding_ttl_seconds),
            state: State::Pending,
            asked: Asked::default(),
            validated_at: None,
            version: 1,
            last_sms: None,
            id,
            mobile,
            email,
            device_id,
            client,
        }
    }
}

/// D11: lowercase hex SHA-256 over prefix, E.164, e-mail, device, request time and salt. Each part is
/// preceded by its length, so that no two different sets of parts are the same bytes.
fn hash(
    header: &str,
    mobile: &Mobile,
    email: Option<&str>,
    device: Option<&str>,
    now: Timestamp,
    salt: &[u8],
) -> String {
    let mut sha = Sha256::new();
    let time = now.0.to_be_bytes();
    let parts: [&[u8]; 6] = [
        header.as_bytes(),
        mobile.e164().as_bytes(),
        email.unwrap_or_default().as_bytes(),
        device.unwrap_or_default().as_bytes(),
        &time,
        salt,
    ];
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    hex(&sha.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(device: Option<&str>) -> Onboarding {
        let who = Applicant {
            mobile: Mobile::from_e164("+919876543210").unwrap(),
            email: Some("a@example.org".into()),
            device_id: device.map(Into::into),
            client: None,
        };
        Onboarding::open(who, "ONBOARD", Uuid::nil(), &[7; 16], Timestamp(1_000_000), &Settings::default())
    }

    #[test]
    fn has_both_windows_of_003() {
        let onboarding = open(Some("d1"));
        assert_eq!(onboarding.user_deadline, Timestamp(1_300_000));
        assert_eq!(onboarding.expires_at, Timestamp(87_400_000));
        assert_eq!(onboarding.salt.len(), 32);
        assert_eq!(onboarding.hash.len(), 64);
        assert_ne!(onboarding.hash, open(Some("d2")).hash);
        assert_eq!(onboarding.hash, open(Some("d1")).hash, "the same parts give the same hash");
    }

    #[test]
    fn the_same_again_needs_a_device_and_an_open_deadline() {
        let first = open(Some("d1"));
        assert!(first.is_same_again(&first));
        assert!(!open(None).is_same_again(&open(None)));
        assert!(!first.is_same_again(&open(Some("d2"))));
        let late = Onboarding { request_timestamp: Timestamp(1_300_001), ..first.clone() };
        assert!(!first.is_same_again(&late));
        let cancelled = Onboarding { state: State::Cancelled, ..first.clone() };
        assert!(!cancelled.is_same_again(&first));
    }

    #[test]
    fn a_full_number_ends_the_oldest_of_whoever_holds_most_places() {
        let from = |n: u128, client: Option<&str>| Onboarding {
            id: Uuid::from_u128(n),
            client: client.map(Into::into),
            ..open(None)
        };
        let ends = |clients: &[Option<&str>]| {
            // Newest first.
            let all: Vec<Onboarding> = (0..).zip(clients).map(|(n, client)| from(n, *client)).collect();
            ending(&all, &from(9, None), all.len().max(1)).first().map(|one| one.id.as_u128())
        };
        assert_eq!(ends(&[]), None);
        assert_eq!(ends(&[Some("a"), Some("a"), Some("b")]), Some(1));
        assert_eq!(ends(&[Some("b"), Some("a"), Some("a"), None]), Some(2));
        assert_eq!(ends(&[None, None, Some("a")]), Some(1), "unknown addresses are one");
        assert_eq!(ends(&[Some("a"), Some("b"), Some("c")]), Some(2), "else the oldest");
        assert_eq!(ends(&[Some("c"), Some("a"), Some("b"), Some("a"), Some("b")]), Some(4));
    }

    #[test]
    fn shows_failed_only_after_the_deadline() {
        let mut onboarding = open(Some("d1"));
        onboarding.last_sms =
            Some(LastSms { id: 1, judged_at: Timestamp(0), verdict: Verdict::failed_match("no_onboarding") });
        assert_eq!(onboarding.shown(Timestamp(1_300_000)), Shown::Pending);
        assert_eq!(onboarding.shown(Timestamp(1_300_001)), Shown::Failed);
        onboarding.last_sms = None;
        assert_eq!(onboarding.shown(Timestamp(1_300_001)), Shown::Expired);
    }

    /// What an SMS can still do, what the tables hold and what the API shows, state by state.
    #[test]
    fn every_state_has_its_word_and_says_whether_an_sms_still_counts() {
        for (state, word, can_be_validated, shown) in [
            (State::Pending, "pending", true, Shown::Pending),
            (State::Validated, "validated", false, Shown::Validated),
            (State::Expired, "expired", true, Shown::Expired),
            (State::Cancelled, "cancelled", false, Shown::Cancelled),
            (State::Superseded, "superseded", false, Shown::Superseded),
        ] {
            assert_eq!((state.as_str(), State::from_word(word)), (word, Some(state)));
            assert_eq!(state.can_be_validated(), can_be_validated, "{word}");
            let onboarding = Onboarding { state, ..open(Some("d1")) };
            assert_eq!(onboarding.shown(onboarding.request_timestamp), shown);
            assert_eq!(shown.as_str(), word);
        }
        assert_eq!(Shown::Failed.as_str(), "failed");
        for other in ["", "Pending", "failed", "pending "] {
            assert_eq!(State::from_word(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_last_sms_that_passed_is_no_failure() {
        let passed = Verdict { failed_at: None, reason: None, ..Verdict::failed_match("none") };
        let last = LastSms { id: 1, judged_at: Timestamp(0), verdict: passed };
        let onboarding = Onboarding { last_sms: Some(last), ..open(Some("d1")) };
        assert_eq!(onboarding.shown(Timestamp(1_300_001)), Shown::Expired);
    }

    /// D45: whoever waits is told that it came, and that it was no SMS.
    #[test]
    fn a_picture_with_the_hash_is_told_as_what_it_is() {
        let last = LastSms::sent_as_mms(Timestamp(7));
        assert_eq!((last.id, last.judged_at), (LastSms::NO_SMS, Timestamp(7)));
        assert_eq!(last.verdict.reason.as_deref(), Some("sent_as_mms"));
        assert!(!last.verdict.passed());
    }

    /// 003's names: `{mobile}:{device_id}`, with nothing behind the colon where no device was given.
    #[test]
    fn a_pair_is_the_number_and_its_device() {
        assert_eq!(open(Some("d1")).pair(), "+919876543210:d1");
        assert_eq!(open(None).pair(), "+919876543210:");
        assert_eq!(pair("+919876543210", Some("a:b")), "+919876543210:a:b");
    }

    #[test]
    fn the_code_is_the_hash_or_short_where_that_was_asked_for() {
        let whole = open(Some("d1"));
        assert_eq!(whole.code(), whole.hash);
        let short = Onboarding { asked: Asked { short: true, ..Asked::default() }, ..whole };
        assert_eq!(short.code(), short_code::of(&short.hash));
        assert_eq!(short.code().len(), 19);
    }

    /// Rows written before anything could be asked for have no such field, and read as if nothing was.
    #[test]
    fn what_was_asked_for_is_kept_and_nothing_takes_no_room() {
        let plain = open(Some("d1"));
        let json = serde_json::to_string(&plain).unwrap();
        assert!(!json.contains("asked"), "{json}");
        assert_eq!(serde_json::from_str::<Onboarding>(&json).unwrap(), plain);
        for asked in [
            Asked { locale: Some("hi".into()), ..Asked::default() },
            Asked { return_url: Some("https://shop.example/".into()), ..Asked::default() },
            Asked { metadata: Some("{}".into()), ..Asked::default() },
            Asked { short: true, ..Asked::default() },
        ] {
            assert!(!asked.is_nothing(), "{asked:?}");
            let onboarding = Onboarding { asked, ..plain.clone() };
            let json = serde_json::to_string(&onboarding).unwrap();
            assert_eq!(serde_json::from_str::<Onboarding>(&json).unwrap(), onboarding);
        }
        assert!(Asked::default().is_nothing());
    }

    /// D11: nobody gets the hash of somebody else, and a header, a number or a salt more makes another one.
    #[test]
    fn each_part_of_a_hash_counts() {
        let mobile = |e164: &str| Mobile::from_e164(e164).unwrap();
        let one = mobile("+919876543210");
        let first = hash("ONBOARD", &one, Some("a@b.c"), Some("d"), Timestamp(1), &[7]);
        let others = [
            hash("SIGNUP", &one, Some("a@b.c"), Some("d"), Timestamp(1), &[7]),
            hash("ONBOARD", &mobile("+919876543211"), Some("a@b.c"), Some("d"), Timestamp(1), &[7]),
            hash("ONBOARD", &one, Some("a@b.d"), Some("d"), Timestamp(1), &[7]),
            hash("ONBOARD", &one, None, Some("a@b.cd"), Timestamp(1), &[7]),
            hash("ONBOARD", &one, Some("a@b.cd"), None, Timestamp(1), &[7]),
            hash("ONBOARD", &one, Some("a@b.c"), Some("d"), Timestamp(2), &[7]),
            hash("ONBOARD", &one, Some("a@b.c"), Some("d"), Timestamp(1), &[8]),
        ];
        let mut all: Vec<&String> = others.iter().chain([&first]).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), others.len() + 1, "no two are the same");
    }

    #[test]
    fn a_person_is_a_number_a_device_and_an_address() {
        let first = open(Some("d1"));
        let other_mobile = Mobile::from_e164("+919876543211").unwrap();
        assert!(first.is_same_person(&first));
        for other in [
            Onboarding { mobile: other_mobile, ..first.clone() },
            Onboarding { email: Some("b@example.org".into()), ..first.clone() },
            Onboarding { email: None, ..first.clone() },
            Onboarding { device_id: Some("d2".into()), ..first.clone() },
            Onboarding { device_id: None, ..first.clone() },
        ] {
            assert!(!first.is_same_person(&other) && !other.is_same_person(&first), "{other:?}");
        }
        let nameless = open(Some(""));
        assert!(!nameless.is_same_person(&nameless), "an empty device is nobody's");
        let at_the_deadline = Onboarding { request_timestamp: first.user_deadline, ..first.clone() };
        assert!(first.is_same_again(&at_the_deadline));
    }

    /// D51: the older one of the same person ends whatever room there is; what is final ends no more.
    #[test]
    fn what_ends_is_the_same_persons_and_never_what_is_final() {
        let wanted = open(Some("d1"));
        let older = |n: u128, state, device| Onboarding { id: Uuid::from_u128(n), state, ..open(device) };
        let standing = [
            older(1, State::Pending, Some("d2")),
            older(2, State::Expired, Some("d1")),
            older(3, State::Validated, Some("d1")),
            older(4, State::Cancelled, None),
            older(5, State::Pending, Some("d1")),
        ];
        let ids = |places| -> Vec<u128> {
            ending(&standing, &wanted, places).into_iter().map(|one| one.id.as_u128()).collect()
        };
        assert_eq!(ids(8), [2, 5]);
        assert_eq!(ids(2), [2, 5], "with its own one it is full, not over");
        assert_eq!(ids(1), [2, 5, 1]);
        assert_eq!(ids(0), [2, 5, 1], "none is left to end");
    }
}
