//! How a judged SMS is shown: in the answer to its receiver, and in the status of an onboarding.

use bridge_core::Verdict;
use bridge_core::checks::CheckId;
use bridge_core::onboarding::LastSms;
use bridge_core::verdict::FailedAt;
use bridge_store::judged::Answer;
use serde::Serialize;
use utoipa::ToSchema;

use bridge_app::sms::intake::Taken;

/// The result of one check.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckView {
    /// 1 pass, 2 fail, 3 disabled, 4 not applicable.
    code: u8,
    /// The same as a word: `pass`, `fail`, `disabled`, `n/a`.
    result: &'static str,
}

/// A verdict, check by check.
#[derive(Serialize, ToSchema)]
pub(crate) struct VerdictView {
    /// `passed` or `failed`.
    validation_status: &'static str,
    /// The check that failed first, or `onboarding_match`.
    failed_at_check: Option<&'static str>,
    /// Why, as a stable word like `hash_mismatch`.
    reason: Option<String>,
    /// Every check by name.
    #[schema(example = json!({"mobile_check": {"code": 1, "result": "pass"}}))]
    checks: Checks,
    /// Received in time, judged after the deadline.
    late_delivery: bool,
}

/// The checks in 003's order.
#[derive(ToSchema)]
#[schema(value_type = std::collections::BTreeMap<String, CheckView>)]
struct Checks(Vec<(&'static str, CheckView)>);

impl Serialize for Checks {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, view)| (name, view)))
    }
}

impl VerdictView {
    pub(crate) fn of(verdict: &Verdict) -> VerdictView {
        let view = |check: CheckId| {
            let code = verdict.codes.of(check);
            (check.name(), CheckView { code: code.number(), result: code.word() })
        };
        VerdictView {
            validation_status: verdict.status(),
            failed_at_check: verdict.failed_at.map(FailedAt::as_str),
            reason: verdict.reason.clone(),
            checks: Checks(CheckId::all().map(view).collect()),
            late_delivery: verdict.late_delivery,
        }
    }
}

/// The newest SMS of an onboarding's number.
#[derive(Serialize, ToSchema)]
pub struct LastSmsView {
    /// Its id; null of a message that was no SMS (`sent_as_mms`).
    id: Option<i64>,
    /// When it was judged.
    #[schema(format = DateTime)]
    judged_at: String,
    #[serde(flatten)]
    verdict: VerdictView,
}

impl LastSmsView {
    pub(crate) fn of(last: &LastSms) -> LastSmsView {
        LastSmsView {
            id: Some(last.id).filter(|id| *id != LastSms::NO_SMS),
            judged_at: last.judged_at.to_string(),
            verdict: VerdictView::of(&last.verdict),
        }
    }
}

/// An SMS that was judged.
#[derive(Serialize, ToSchema)]
pub struct SmsAnswer {
    /// Always `received`.
    status: &'static str,
    /// Its `queue_input_sms` id.
    id: i64,
    /// The bridge's own identity of this SMS.
    message_id: String,
    #[serde(flatten)]
    verdict: VerdictView,
    /// It came before; this is the answer it got then.
    duplicate_delivery: bool,
}

/// An SMS kept for later.
#[derive(Serialize, ToSchema)]
pub struct SmsStored {
    /// Always `stored`.
    #[schema(pattern = "^stored$")]
    status: &'static str,
}

/// What became of one SMS.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum SmsView {
    /// It was judged, now or before.
    Judged(Box<SmsAnswer>),
    /// It is kept for later.
    Stored(SmsStored),
}

impl SmsView {
    pub(crate) fn of(taken: &Taken) -> SmsView {
        match taken {
            Taken::Judged(answer) => SmsView::Judged(Box::new(SmsAnswer::of(answer, false))),
            Taken::Redelivered(answer) => SmsView::Judged(Box::new(SmsAnswer::of(answer, true))),
            Taken::Stored => SmsView::Stored(SmsStored { status: "stored" }),
        }
    }
}

impl SmsAnswer {
    pub(crate) fn of(answer: &Answer, duplicate_delivery: bool) -> SmsAnswer {
        SmsAnswer {
            status: "received",
            id: answer.id,
            message_id: answer.sms_id.to_string(),
            verdict: VerdictView::of(&answer.verdict),
            duplicate_delivery,
        }
    }
}

/// A delivery that is not exactly one SMS: several, or a sign of life.
#[derive(Serialize, ToSchema)]
pub struct Delivery {
    /// `received`, or `quarantined` where nothing in it could be used.
    pub(crate) status: &'static str,
    /// What became of each, in the sender's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) sms: Vec<SmsView>,
    /// Those that cannot be used, and why; the body is kept in quarantine.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) quarantined: Vec<String>,
}
