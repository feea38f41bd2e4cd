//! Judging stored SMS again without effect: what a change of settings would mean, and the full story of one SMS.

use axum::Json;
use axum::extract::{Request, State};
use bridge_core::Verdict;
use bridge_core::rejudge::Rejudged;
use bridge_core::trace::Step;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::Operator;
use crate::body;
use crate::problem::{Failed, ProblemBody};
use crate::segment::Segment;
use crate::state::Shared;
use crate::view::VerdictView;
use bridge_app::admin::rejudge::{self, Differs, DryRun, Judgement, LAST_DEFAULT, LAST_MAX, Story};
use bridge_app::admin::settings::{self, changes};
use bridge_app::base::problem::{Code, Problem};

/// Settings to try.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct DryRunBody {
    /// New values by key.
    #[schema(value_type = Object, example = json!({"count_check_threshold": 3}))]
    changes: Value,
    /// How many of the last SMS to judge again, at most 5000; 1000 when not given.
    last: Option<usize>,
}

/// What a change would have meant for the last SMS.
#[derive(Serialize, ToSchema)]
pub struct DryRunView {
    /// How many SMS were judged again.
    judged: usize,
    /// Of how many it cannot be said, because a fact is not known that no check had to look at.
    unknown: usize,
    /// Those that would be judged otherwise, newest first.
    differ: Vec<DiffersView>,
}

/// One SMS that would be judged otherwise.
#[derive(Serialize, ToSchema)]
pub struct DiffersView {
    #[serde(flatten)]
    sms: StoredSmsView,
    /// By the settings of now.
    before: VerdictView,
    /// By the changed ones.
    after: VerdictView,
}

/// A stored SMS in short.
#[derive(Serialize, ToSchema)]
pub struct StoredSmsView {
    sms_id: Uuid,
    mobile_number: String,
    sms_message: String,
    #[schema(format = DateTime)]
    received_timestamp: String,
    #[schema(format = DateTime)]
    judged_at: String,
    receiver_id: String,
}

impl StoredSmsView {
    pub(crate) fn of(judgement: &Judgement) -> StoredSmsView {
        let row = &judgement.row;
        StoredSmsView {
            sms_id: row.sms.sms_id,
            mobile_number: row.sms.mobile_number().to_owned(),
            sms_message: row.sms.text.clone(),
            received_timestamp: row.sms.received_timestamp.to_string(),
            judged_at: row.judged_at.to_string(),
            receiver_id: row.sms.receiver_id.clone(),
        }
    }
}

impl DryRunView {
    pub(crate) fn of(run: &DryRun) -> DryRunView {
        let differs = |differs: &Differs| DiffersView {
            sms: StoredSmsView::of(&differs.judgement),
            before: VerdictView::of(&differs.before),
            after: VerdictView::of(&differs.after),
        };
        DryRunView {
            judged: run.judged,
            unknown: run.unknown,
            differ: run.differ.iter().map(differs).collect(),
        }
    }
}

/// One line of a trace.
#[derive(Serialize, ToSchema)]
pub struct StepView {
    /// `mobile_check`, …, `onboarding_match`.
    check: &'static str,
    /// What it makes sure of.
    about: &'static str,
    /// `pass`, `fail`, `disabled` or `n/a`.
    result: &'static str,
    /// Why it failed, as a stable word.
    reason: Option<String>,
    /// Its rule, with the values of the settings that held.
    rule: String,
    /// What it found, or would have found, as far as that is known.
    fact: String,
    /// Where it failed: what would have made the SMS pass.
    mend: Option<String>,
}

impl StepView {
    pub(crate) fn of(step: Step) -> StepView {
        let Step { check, about, result, reason, rule, fact, remedy } = step;
        StepView { check, about, result: result.word(), reason, rule, fact, mend: remedy }
    }
}

/// How it would be judged by other settings.
#[derive(Serialize, ToSchema)]
pub struct RejudgedView {
    /// The verdict, where it can be told.
    verdict: Option<VerdictView>,
    /// Otherwise what is not known, each as the end of a sentence.
    unknown: Vec<&'static str>,
    /// True, false, or null where it cannot be told.
    differs: Option<bool>,
}

impl RejudgedView {
    pub(crate) fn of(rejudged: &Rejudged, stored: &Verdict) -> RejudgedView {
        match rejudged {
            Rejudged::Verdict(verdict) => RejudgedView {
                verdict: Some(VerdictView::of(verdict)),
                unknown: Vec::new(),
                differs: Some((verdict.failed_at, &verdict.reason) != (stored.failed_at, &stored.reason)),
            },
            Rejudged::Unknown(facts) => RejudgedView {
                verdict: None,
                unknown: facts.iter().map(|fact| fact.about()).collect(),
                differs: None,
            },
        }
    }
}

/// The full story of one SMS.
#[derive(Serialize, ToSchema)]
pub struct RejudgeView {
    #[serde(flatten)]
    sms: StoredSmsView,
    /// As it was judged.
    stored: VerdictView,
    /// Why, step by step, by the settings that held then.
    trace: Vec<StepView>,
    /// As it would have been judged by the settings of now, or by the changes that were given.
    now: RejudgedView,
}

/// Settings to judge by instead of those of now.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct RejudgeBody {
    /// New values by key.
    #[schema(value_type = Option<Object>)]
    changes: Option<Value>,
}

/// Judge the last SMS by changed settings, without effect.
///
/// What the settings cannot change any more stays as it was: how a number without + was read, how often an SMS
/// was counted, who was blacklisted.
#[utoipa::path(
    post, path = "/admin/settings/dry-run", operation_id = "dry_run_settings", tag = "admin",
    security(("admin_token" = [])), request_body = DryRunBody,
    responses(
        (status = 200, body = DryRunView),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`: no such setting", body = ProblemBody),
        (status = 422, description = "`invalid_setting`: names the rule", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn dry_run(
    _: Operator,
    State(app): State<Shared>,
    request: Request,
) -> Result<Json<DryRunView>, Failed> {
    let (parts, body) = request.into_parts();
    let bytes = body::read(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let given = body::json(&bytes)?;
    let last = match given.get("last") {
        None | Some(Value::Null) => LAST_DEFAULT,
        Some(last) => last
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
            .filter(|n| (1..=LAST_MAX).contains(n))
            .ok_or_else(|| {
                let rule = format!("must be a whole number from 1 to {LAST_MAX}");
                Problem::field(Code::InvalidRequest, "last", rule)
            })?,
    };
    let now = app.live.now();
    let changed = settings::proposed(&now, &changes(&given)?)?;
    let run = rejudge::dry_run(&app, &now, &changed, last).await?;
    Ok(Json(DryRunView::of(&run)))
}

/// The full story of one stored SMS, and how it would be judged now. Without effect.
#[utoipa::path(
    post, path = "/admin/sms/{sms_id}/rejudge", operation_id = "rejudge_sms", tag = "admin",
    security(("admin_token" = [])), request_body(content = RejudgeBody, description = "May be left out"),
    params(("sms_id" = String, Path, description = "The bridge's own identity of the SMS")),
    responses(
        (status = 200, body = RejudgeView),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`: no such SMS, or it is not in input_sms yet", body = ProblemBody),
        (status = 422, description = "`invalid_setting`: names the rule", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn rejudge(
    _: Operator,
    State(app): State<Shared>,
    Segment(sms_id): Segment,
    request: Request,
) -> Result<Json<RejudgeView>, Failed> {
    let sms_id = rejudge::sms_id(&sms_id)?;
    let (parts, body) = request.into_parts();
    let bytes = body::read(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let changes = if bytes.is_empty() { Vec::new() } else { changes(&body::json(&bytes)?)? };
    let Story { judgement, trace, again } = rejudge::story(&app, sms_id, &changes).await?;
    Ok(Json(RejudgeView {
        sms: StoredSmsView::of(&judgement),
        stored: VerdictView::of(&judgement.row.verdict),
        trace: trace.into_iter().map(StepView::of).collect(),
        now: RejudgedView::of(&again, &judgement.row.verdict),
    }))
}
