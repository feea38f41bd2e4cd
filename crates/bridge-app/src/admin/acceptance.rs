//! An operator accepts an SMS whose time alone was in doubt (decisions.md D48): it is judged once more without that check,
//! as a row of its own, and validates its number like any other. Not which SMS that can be: the core decides it.

use bridge_core::acceptance::{NotAcceptable, acceptable};
use bridge_core::verdict::FailedAt;
use bridge_store::StoreError;
use bridge_store::judged::Answer;
use serde_json::json;
use uuid::Uuid;

use crate::admin::rejudge::{self, Judgement};
use crate::admin_log::Actor;
use crate::base::deadline::{ANSWER, in_time, store_within};
use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use crate::sms::intake;
use crate::state::recent::RecentSms;

const REASON_MAX_CHARS: usize = 200;

/// Accepts that SMS, for the reason that the operator gives.
pub async fn accept(app: &App, actor: &Actor, sms_id: Uuid, reason: &str) -> Result<Answer, Problem> {
    let reason = reason_of(reason)?;
    let settings = app.live.now();
    if settings.maintenance_mode || !app.availability.is_open() {
        let why = "nothing is judged right now: try again when the bridge judges SMS (/health says why)";
        return Err(Problem::new(Code::Unavailable, why));
    }
    let judgement = in_time(as_it_stands(app, sms_id)).await?.ok_or_else(rejudge::not_found)?;
    acceptable(&judgement.record(), &settings).map_err(refused)?;
    let (row, again) = (&judgement.row, judgement.row.sms.accepted());
    let before = json!({
        "sms_id": sms_id,
        "failed_at_check": row.verdict.failed_at.map(FailedAt::as_str),
        "reason": row.verdict.reason,
    });
    let after = json!({"sms_id": again.sms_id, "reason": reason});
    app.note_change(actor, "sms.accept", again.mobile_number(), before, after).await?;
    let accepted = store_within(ANSWER, "accept", intake::accept(app, &settings, &again)).await;
    let answer = accepted.map_err(|error| Problem::unavailable(&error))?.map_err(|verdict| {
        let at = verdict.failed_at.map_or("no check", FailedAt::as_str);
        let word = verdict.reason.unwrap_or_default();
        Problem::new(
            Code::NotAcceptable,
            format!("it would fail now at {at} ({word}), so nothing was changed"),
        )
    })?;
    app.recent.judged(RecentSms {
        sms_id: answer.sms_id,
        sender: again.mobile_number().to_owned(),
        receiver: again.receiver_id,
        at: app.clock.now(),
        took: std::time::Duration::ZERO,
        verdict: answer.verdict.clone(),
    });
    Ok(answer)
}

/// The SMS with its onboarding as the hot store has it, which is as it is now.
async fn as_it_stands(app: &App, sms_id: Uuid) -> Result<Option<Judgement>, StoreError> {
    let Some(mut judgement) = rejudge::one(app, sms_id).await? else { return Ok(None) };
    if let Some(id) = judgement.row.onboarding_id
        && let Some(now) = app.hot.onboarding(app.clock.now(), id).await?
    {
        judgement.onboarding = Some(now);
    }
    Ok(Some(judgement))
}

fn refused(why: NotAcceptable) -> Problem {
    let code = match why {
        NotAcceptable::OnboardingFinal(_) => Code::OnboardingFinal,
        _ => Code::NotAcceptable,
    };
    Problem::new(code, why.to_string())
}

fn reason_of(given: &str) -> Result<&str, Problem> {
    let given = given.trim();
    if given.is_empty() || given.chars().count() > REASON_MAX_CHARS || given.chars().any(char::is_control) {
        let rule =
            format!("must say why, in at most {REASON_MAX_CHARS} characters without control characters");
        return Err(Problem::field(Code::InvalidRequest, "reason", rule));
    }
    Ok(given)
}
