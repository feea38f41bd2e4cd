//! Which state of an onboarding a page shows: a pure decision from what is known of it. Not how it looks: each has a file in
//! `templates/page/stages`.

use bridge_core::checks::{CHECKS, ToSender};
use bridge_core::onboarding::{LastSms, Shown};
use bridge_core::verdict::FailedAt;
use bridge_core::{Onboarding, Timestamp};

macro_rules! stages {
    ($($(#[$doc:meta])+ $variant:ident = $word:literal;)*) => {
        /// What is shown. Waiting is no stage of its own: the page is ready, and its reader has done their part.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Stage { $($(#[$doc])+ $variant),* }

        impl Stage {
            /// Every one.
            pub const ALL: &'static [Stage] = &[$(Stage::$variant),*];

            /// Its word.
            #[must_use]
            pub fn as_str(self) -> &'static str { match self { $(Stage::$variant => $word),* } }
        }
    };
}

stages! {
    /// The SMS can be sent.
    Ready = "ready";
    /// Its SMS is here and waits to be judged.
    Checking = "checking";
    /// It came and passed.
    Validated = "validated";
    /// One came whose text was another.
    NotMatched = "not_matched";
    /// One came after the time was over.
    Late = "late";
    /// So many came from the number that none counts today, or so many codes were asked for.
    TooMany = "too_many";
    /// Nothing can be judged now.
    Paused = "paused";
    /// None came in time.
    Expired = "expired";
    /// Somebody stopped it.
    Cancelled = "cancelled";
    /// The same person has a newer one.
    Superseded = "superseded";
    /// The number cannot be confirmed here.
    Refused = "refused";
}

/// What the decision rests on.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// As it stands.
    pub onboarding: &'a Onboarding,
    /// The time.
    pub now: Timestamp,
    /// Registration is paused, or there is no number to send to.
    pub paused: bool,
    /// An SMS of its number waits to be judged.
    pub sms_waits: bool,
}

impl Stage {
    /// What is to be shown.
    #[must_use]
    pub fn of(seen: &Seen<'_>) -> Stage {
        let shown = seen.onboarding.shown(seen.now);
        match shown {
            Shown::Validated => return Stage::Validated,
            Shown::Cancelled => return Stage::Cancelled,
            Shown::Superseded => return Stage::Superseded,
            Shown::Pending | Shown::Failed | Shown::Expired => {}
        }
        if seen.paused {
            return if seen.sms_waits { Stage::Checking } else { Stage::Paused };
        }
        let failed = seen.onboarding.last_sms.as_ref().and_then(failed);
        failed.unwrap_or(if shown == Shown::Pending { Stage::Ready } else { Stage::Expired })
    }

    /// It changes no more by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Stage::Validated | Stage::Cancelled | Stage::Superseded)
    }

    /// Its reader can send the SMS now.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Stage::Ready | Stage::NotMatched)
    }
}

/// What the failure of the newest SMS means to its sender.
fn failed(last: &LastSms) -> Option<Stage> {
    let meaning = match last.verdict.failed_at? {
        FailedAt::Check(check) => CHECKS[check.index()].to_sender,
        FailedAt::OnboardingMatch => ToSender::NotMatched,
    };
    Some(match meaning {
        ToSender::NotMatched => Stage::NotMatched,
        ToSender::Late => Stage::Late,
        ToSender::TooMany => Stage::TooMany,
        ToSender::Refused => Stage::Refused,
    })
}

#[cfg(test)]
mod tests {
    use bridge_core::onboarding::Applicant;
    use bridge_core::verdict::{Code, Codes};
    use bridge_core::{CheckId, Mobile, Settings, State, Verdict};
    use uuid::Uuid;

    use super::*;

    const T0: Timestamp = Timestamp(1_800_000_000_000);

    fn onboarding() -> Onboarding {
        let mobile = Mobile::from_e164("+919876543210").unwrap();
        let who = Applicant { mobile, email: None, device_id: None, client: None };
        Onboarding::open(who, "ONBOARD", Uuid::nil(), &[7; 16], T0, &Settings::default())
    }

    fn stage(onboarding: &Onboarding, now: Timestamp) -> Stage {
        Stage::of(&Seen { onboarding, now, paused: false, sms_waits: false })
    }

    fn after(check: &str) -> Onboarding {
        let failed_at = CheckId::from_name(check).map(FailedAt::Check);
        let verdict = Verdict {
            codes: Codes([Code::Pass; CHECKS.len()]),
            failed_at,
            reason: None,
            late_delivery: false,
        };
        Onboarding { last_sms: Some(LastSms { id: 1, judged_at: T0, verdict }), ..onboarding() }
    }

    #[test]
    fn every_state_has_its_stage() {
        let open = onboarding();
        assert_eq!(stage(&open, T0), Stage::Ready);
        assert_eq!(stage(&open, open.user_deadline + bridge_core::Span(1)), Stage::Expired);
        for (state, expected) in [
            (State::Validated, Stage::Validated),
            (State::Cancelled, Stage::Cancelled),
            (State::Superseded, Stage::Superseded),
            (State::Expired, Stage::Expired),
        ] {
            assert_eq!(stage(&Onboarding { state, ..onboarding() }, T0), expected);
        }
        for (check, expected) in [
            ("header_hash_check", Stage::NotMatched),
            ("time_window_check", Stage::Late),
            ("count_check", Stage::TooMany),
            ("blacklist_check", Stage::Refused),
            ("foreign_number_check", Stage::Refused),
            ("duplicate_check", Stage::Refused),
        ] {
            assert_eq!(stage(&after(check), T0), expected, "{check}");
            assert_eq!(
                stage(&after(check), after(check).user_deadline + bridge_core::Span(1)),
                expected,
                "{check}"
            );
        }
    }

    #[test]
    fn a_pause_is_shown_unless_it_is_over_anyway() {
        let paused = |onboarding: &Onboarding, sms_waits| {
            Stage::of(&Seen { onboarding, now: T0, paused: true, sms_waits })
        };
        assert_eq!(paused(&onboarding(), false), Stage::Paused);
        assert_eq!(paused(&onboarding(), true), Stage::Checking);
        let validated = Onboarding { state: State::Validated, ..onboarding() };
        assert_eq!(paused(&validated, true), Stage::Validated);
    }

    #[test]
    fn every_stage_has_a_file() {
        for stage in Stage::ALL {
            let file =
                format!("{}/templates/page/stages/{}.html", env!("CARGO_MANIFEST_DIR"), stage.as_str());
            assert!(std::fs::exists(&file).unwrap(), "{file}");
        }
    }
}
