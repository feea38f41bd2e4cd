//! Getting back what was lost (D28). The rules are those of `hot::restored`, in Lua, because what is there may change
//! while something that came late is added. Here is how a part is told to the scripts.

use std::sync::Arc;

use bridge_core::onboarding::hex;
use bridge_core::sms::REMEMBERED;
use bridge_core::{Onboarding, Timestamp};
use bridge_store::Result;
use bridge_store::hot::{Restore, Right};
use bridge_store::judged::QueuedSms;

use super::scripts::{self, Call, Script};
use super::{CHUNK, RedisHot, fields, seen};

const OPERATION: &str = "restore";

/// The scripts of one kind of part: under the right of a rebuild, and in the entered epoch.
type Scripts = (&'static Script, &'static Script);

impl RedisHot {
    /// In chunks that each check the right to do so.
    pub(super) async fn restore(&self, now: Timestamp, right: Right, part: Restore<'_>) -> Result<bool> {
        match part {
            Restore::Onboardings(list) => {
                let scripts = (&*scripts::REBUILD_ONBOARDINGS, &*scripts::ADD_ONBOARDINGS);
                self.give(right, scripts, list, |call, some| {
                    some.iter().fold(call.arg(now.0).arg(self.told_at(now)), one_onboarding)
                })
                .await
            }
            Restore::Judged(list) => {
                let scripts = (&*scripts::REBUILD_JUDGED, &*scripts::ADD_JUDGED);
                self.give(right, scripts, list, |call, some| {
                    some.iter().fold(call.arg(now.0).arg(self.told_at(now)), one_judged)
                })
                .await
            }
            Restore::Validated(pairs) => {
                let scripts = (&*scripts::REBUILD_SMALL, &*scripts::ADD_SMALL);
                self.give(right, scripts, pairs, |call, some| call.arg(now.0).arg("validated").arg(some))
                    .await
            }
            Restore::Uncounted(list) => {
                let scripts = (&*scripts::REBUILD_SMALL, &*scripts::ADD_SMALL);
                self.give(right, scripts, list, |call, some| {
                    let numbers = some.iter().map(|(mobile, at)| (mobile, at.0));
                    call.arg(now.0).arg(REMEMBERED.0).pairs(numbers)
                })
                .await
            }
        }
    }

    async fn give<T: Sync>(
        &self,
        right: Right,
        (rebuild, add): Scripts,
        list: &[T],
        arguments: impl Fn(Call, &[T]) -> Call + Send + Sync,
    ) -> Result<bool> {
        let (epoch, script) = match right {
            Right::Rebuilding(token) => {
                (Arc::from(super::rebuild::name(token, &self.server.live(OPERATION).await?)), rebuild)
            }
            Right::Entered => match self.entered(OPERATION) {
                Ok(epoch) => (epoch, add),
                Err(_) => return Ok(false),
            },
        };
        // One step with nothing, so that the right is looked at even if there is nothing to give.
        for some in list.chunks(CHUNK).chain(list.is_empty().then_some(list)) {
            if !self.under(OPERATION, &epoch, script, |call| arguments(call, some)).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// How many fields, and the fields.
fn one_onboarding(call: Call, onboarding: &Onboarding) -> Call {
    let fields = fields::of_onboarding(onboarding);
    call.arg(fields.len()).pairs(fields)
}

/// In the order in which the script reads them.
fn one_judged(call: Call, queued: &QueuedSms) -> Call {
    let QueuedSms { id, sms, verdict, judged_at, onboarding_id, sms_in_window, .. } = queued;
    let identity = sms.identity();
    let until = sms.server_received_at + identity.remembered;
    let done = seen::done(sms, until, *id, verdict);
    call.arg(onboarding_id.map(|id| id.to_string()).unwrap_or_default())
        .arg(id)
        .arg(judged_at.0)
        .arg(fields::verdict_text(verdict))
        .flag(verdict.passed())
        .arg(queued.key().map(|key| hex(&key)).unwrap_or_default())
        .arg(done)
        .arg(until.0)
        .arg(sms.server_received_at.0)
        .arg(identity.delivery.map(|key| hex(&key)).unwrap_or_default())
        .arg(hex(&identity.content))
        .arg(seen::wide(until))
        .arg(sms.mobile_number())
        .arg(sms_in_window)
}
