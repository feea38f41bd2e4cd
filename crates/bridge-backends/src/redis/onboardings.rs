//! Onboardings: registering, finding, cancelling, reviving, expiring, leaving (D8, D13, D19, D32).

use bridge_core::checks::SenderFacts;
use bridge_core::onboarding::LastSms;
use bridge_core::{Onboarding, Timestamp};
use bridge_store::Result;
use bridge_store::hot::{Cancelled, Registered, Registration};
use uuid::Uuid;

use super::answer::Parts;
use super::scripts::{self, outcome, read, run_in, unknown};
use super::{RedisHot, fields, sms};

/// Deadlines that one script call looks at, so that it holds the server up for no more than a few milliseconds.
const DEADLINES_A_CALL: usize = 500;

impl RedisHot {
    pub(super) async fn register(&self, now: Timestamp, registration: &Registration) -> Result<Registered> {
        const OPERATION: &str = "register";
        let wanted = &registration.onboarding;
        let device = wanted.device_id.as_deref().unwrap_or_default();
        let mut parts =
            run_in(&self.server, OPERATION, &self.entered(OPERATION)?, &scripts::REGISTER, |call, _| {
                call.arg(now.0)
                    .arg(wanted.mobile.e164())
                    .flag(registration.refuse_blacklisted)
                    .arg(registration.per_hour)
                    .arg(wanted.pair())
                    .arg(device)
                    .arg(wanted.email.as_ref().map(|email| format!("={email}")).unwrap_or_default())
                    .arg(wanted.request_timestamp.0)
                    .arg(wanted.id.to_string())
                    .arg(wanted.client.as_deref().unwrap_or_default())
                    .arg(registration.places)
                    .pairs(fields::of_onboarding(wanted))
            })
            .await?;
        match outcome(OPERATION, &mut parts)?.as_str() {
            "new" => Ok(Registered::New(wanted.clone())),
            "same" => Ok(Registered::Same(present(OPERATION, &mut parts)?)),
            "already_validated" => Ok(Registered::AlreadyValidated),
            "blacklisted" => Ok(Registered::Blacklisted),
            "too_many" => {
                Ok(Registered::TooMany { until: Timestamp(read(OPERATION, parts.parsed("until"))?) })
            }
            other => Err(unknown(OPERATION, other)),
        }
    }

    pub(super) async fn find(&self, now: Timestamp, id: Uuid) -> Result<Option<Onboarding>> {
        const OPERATION: &str = "onboarding";
        let mut parts = self.look(OPERATION, now, &id.to_string(), "").await?;
        read(OPERATION, parts.next("the onboarding").and_then(fields::onboarding))
    }

    /// Those of a number that stand, newest first.
    pub(super) async fn standing(&self, now: Timestamp, mobile: &str) -> Result<Vec<Onboarding>> {
        const OPERATION: &str = "standing_onboardings";
        let parts = self.look(OPERATION, now, "", mobile).await?;
        let all = parts.rest().filter_map(|one| fields::onboarding(one).transpose());
        read(OPERATION, all.collect())
    }

    async fn look(&self, operation: &'static str, now: Timestamp, id: &str, mobile: &str) -> Result<Parts> {
        let mut parts =
            run_in(&self.server, operation, &self.entered(operation)?, &scripts::FIND, |call, _| {
                call.arg(now.0).arg(id).arg(mobile)
            })
            .await?;
        outcome(operation, &mut parts)?;
        Ok(parts)
    }

    pub(super) async fn cancel(&self, now: Timestamp, id: Uuid) -> Result<Cancelled> {
        const OPERATION: &str = "cancel";
        let mut parts =
            run_in(&self.server, OPERATION, &self.entered(OPERATION)?, &scripts::CANCEL, |call, _| {
                call.arg(now.0).arg(id.to_string())
            })
            .await?;
        match outcome(OPERATION, &mut parts)?.as_str() {
            "not_found" => Ok(Cancelled::NotFound),
            "done" => Ok(Cancelled::Done(present(OPERATION, &mut parts)?)),
            "final" => Ok(Cancelled::Final(present(OPERATION, &mut parts)?)),
            other => Err(unknown(OPERATION, other)),
        }
    }

    pub(super) async fn show_last(&self, now: Timestamp, id: Uuid, last: &LastSms) -> Result<bool> {
        const OPERATION: &str = "show_last";
        let mut parts =
            run_in(&self.server, OPERATION, &self.entered(OPERATION)?, &scripts::SHOW_LAST, |call, _| {
                call.arg(now.0).arg(id.to_string()).arg(fields::last_sms_text(last))
            })
            .await?;
        match outcome(OPERATION, &mut parts)?.as_str() {
            "done" => Ok(true),
            "closed" => Ok(false),
            other => Err(unknown(OPERATION, other)),
        }
    }

    pub(super) async fn move_deadline(&self, now: Timestamp, moved: &Onboarding) -> Result<bool> {
        const OPERATION: &str = "move_deadline";
        let mut parts =
            run_in(&self.server, OPERATION, &self.entered(OPERATION)?, &scripts::MOVE_DEADLINE, |call, _| {
                call.arg(now.0).arg(moved.version).pairs(fields::of_onboarding(moved))
            })
            .await?;
        match outcome(OPERATION, &mut parts)?.as_str() {
            "done" => Ok(true),
            "changed" => Ok(false),
            other => Err(unknown(OPERATION, other)),
        }
    }

    pub(super) async fn revive(
        &self,
        now: Timestamp,
        onboarding: &Onboarding,
        until: Timestamp,
    ) -> Result<SenderFacts> {
        const OPERATION: &str = "revive";
        let back = Onboarding { expires_at: until, ..onboarding.clone() };
        let mut parts =
            run_in(&self.server, OPERATION, &self.entered(OPERATION)?, &scripts::REVIVE, |call, _| {
                call.arg(now.0)
                    .arg(back.mobile.e164())
                    .arg(back.id.to_string())
                    .pairs(fields::of_onboarding(&back))
            })
            .await?;
        outcome(OPERATION, &mut parts)?;
        read(OPERATION, sms::known(&mut parts))
    }

    pub(super) async fn expire_deadlines(&self, now: Timestamp, max: usize) -> Result<usize> {
        const OPERATION: &str = "expire_deadlines";
        let mut expired = 0;
        while expired < max {
            let mut parts =
                run_in(&self.server, OPERATION, &self.entered(OPERATION)?, &scripts::EXPIRE, |call, _| {
                    call.arg(now.0).arg(max - expired).arg(DEADLINES_A_CALL)
                })
                .await?;
            outcome(OPERATION, &mut parts)?;
            expired += read(OPERATION, parts.parsed::<usize>("how many expired"))?;
            if read(OPERATION, parts.parsed::<usize>("how many were looked at"))? < DEADLINES_A_CALL {
                break;
            }
        }
        Ok(expired)
    }

    /// Everything else leaves by its TTL.
    pub(super) async fn collect_garbage(&self, now: Timestamp, max: usize) -> Result<usize> {
        const OPERATION: &str = "collect_garbage";
        let call = scripts::GARBAGE.call().arg(now.0).arg(max.min(DEADLINES_A_CALL));
        self.number(OPERATION, call).await.map(|cleared| usize::try_from(cleared).unwrap_or_default())
    }
}

fn present(operation: &'static str, parts: &mut Parts) -> Result<Onboarding> {
    let onboarding = read(operation, parts.next("the onboarding").and_then(fields::onboarding))?;
    onboarding.ok_or_else(|| super::fault::damaged(operation, "the onboarding is missing"))
}
