//! An SMS on its way through: admitted with one script call, recorded with one more (D9).

use bridge_core::checks::{SenderFacts, Standing};
use bridge_core::onboarding::hex;
use bridge_core::sms::Key;
use bridge_core::time::DAY;
use bridge_core::{InboundSms, Timestamp};
use bridge_store::Result;
use bridge_store::hot::{Admission, Admitted, IntakeLimits, Recorded, WAITING_MARK};
use bridge_store::judged::{Judged, QueuedSms};
use uuid::Uuid;

use super::answer::{Parts, Read, Unreadable, parse};
use super::connection::Request;
use super::scripts::{self, Call, outcome, read, run_in, unknown};
use super::seen::{admitted, answer, piece, wide};
use super::{RedisHot, fields, keys, told};

impl RedisHot {
    pub(super) async fn admit(
        &self,
        now: Timestamp,
        sms: &InboundSms,
        limits: IntakeLimits,
    ) -> Result<Admitted> {
        const OPERATION: &str = "admit";
        let identity = sms.identity();
        let until = now + identity.remembered;
        let (first, fingerprint) = (admitted(sms, until, now), hex(&identity.fingerprint));
        let delivery = identity.delivery.map(|key| hex(&key)).unwrap_or_default();
        let delivered = match delivery.as_str() {
            "" => String::new(),
            _ => format!("{}{fingerprint}{:015}", hex(&identity.content), until.0),
        };
        let number = sms.sender.as_ref().map(fields::number).unwrap_or_default();
        let arguments = |call: Call, second_attempt| {
            call.arg(now.0)
                .arg(sms.mobile_number())
                .arg(&fingerprint)
                .arg(&first)
                .arg(identity.remembered.0)
                .flag(sms.is_counted())
                .arg(limits.blacklist_above)
                .arg(limits.takeover_after.0)
                .flag(limits.behind_waiting)
                .flag(second_attempt)
                .arg(&delivery)
                .arg(&delivered)
                .arg(&number)
                .arg(wide(now + DAY))
        };
        let mut parts =
            run_in(&self.server, OPERATION, &self.entered(OPERATION)?, &scripts::ADMIT, arguments).await?;
        let word = outcome(OPERATION, &mut parts)?;
        let delivery_id_reused = read(OPERATION, parts.number("delivery_id_reused"))? != 0;
        let outcome = match word.as_str() {
            "judge" => read(OPERATION, to_judge(sms, &mut parts))?,
            "answered" => {
                Admission::Answered(read(OPERATION, parts.text("seen").and_then(|seen| answer(&seen)))?)
            }
            "being_judged" => Admission::BeingJudged,
            "behind_waiting" => Admission::BehindWaiting,
            other => return Err(unknown(OPERATION, other)),
        };
        Ok(Admitted { outcome, delivery_id_reused })
    }

    pub(super) async fn record(&self, now: Timestamp, judged: &Judged) -> Result<Recorded> {
        const OPERATION: &str = "record";
        let Judged { precondition, row, .. } = judged;
        let QueuedSms { sms, fingerprint, verdict, .. } = row;
        let (onboarding, state) = precondition.onboarding.unzip();
        let beside = fields::beside(now, row);
        let told = told::of_judged(judged);
        // Recording is idempotent on the SMS's own id: a second attempt is the same as the first.
        let arguments = |call: Call, _| {
            call.arg(now.0)
                .arg(sms.mobile_number())
                .arg(fingerprint)
                .arg(sms.sms_id.simple().to_string())
                .arg(onboarding.map(|id| id.to_string()).unwrap_or_default())
                .arg(state.map(bridge_core::State::as_str).unwrap_or_default())
                .arg(u8::from(precondition.pair_validated))
                .arg(fields::verdict_text(verdict))
                .flag(sms.is_counted())
                .arg(verdict.status())
                .arg(&sms.text)
                .arg(sms.received_timestamp.0)
                .arg(fields::digits(verdict.codes))
                .arg(&beside)
                .arg(&told)
                .pairs(fields::optional_of_sms(sms, verdict))
        };
        let mut parts =
            run_in(&self.server, OPERATION, &self.entered(OPERATION)?, &scripts::RECORD, arguments).await?;
        match outcome(OPERATION, &mut parts)?.as_str() {
            "done" => Ok(Recorded::Done(read(OPERATION, parts.text("seen").and_then(|seen| answer(&seen)))?)),
            "changed" => Ok(Recorded::Changed(Box::new(read(OPERATION, known(&mut parts))?))),
            "not_admitted" => Ok(Recorded::NotAdmitted),
            other => Err(unknown(OPERATION, other)),
        }
    }

    /// In every epoch: a store that is being rebuilt must hear of it, too.
    pub(super) async fn mark_waiting(&self, now: Timestamp, waiting: &[(String, Uuid)]) -> Result<()> {
        for some in waiting.chunks(super::CHUNK) {
            let mut pipe = redis::pipe();
            pipe.cmd("SET").arg(keys::MARKED).arg(1).arg("PX").arg(2 * WAITING_MARK.0);
            for (mobile, id) in some {
                let key = keys::of(keys::WAITING, mobile);
                pipe.cmd("ZADD").arg(&key).arg((now + WAITING_MARK).0).arg(id.to_string());
                pipe.cmd("PEXPIRE").arg(&key).arg(WAITING_MARK.0);
            }
            self.server.ask::<redis::Value>("mark_waiting", Request::Many(&pipe)).await?;
        }
        Ok(())
    }
}

fn to_judge(sms: &InboundSms, parts: &mut Parts) -> Read<Admission> {
    let fingerprint = key(&parts.text("fingerprint")?)?;
    let seen = parts.text("seen")?;
    let (sms_id, server_received_at) = match seen.as_str() {
        "" => (sms.sms_id, sms.server_received_at),
        seen => {
            (parse(piece(seen, 15..47)?, "sms_id")?, Timestamp(parse(piece(seen, 47..62)?, "taken in at")?))
        }
    };
    Ok(Admission::Judge { sms_id, server_received_at, fingerprint, known: Box::new(known(parts)?) })
}

/// `SenderFacts`, in the order of `known()` in facts.lua.
pub(super) fn known(parts: &mut Parts) -> Read<SenderFacts> {
    let sms_in_window = parts.number("sms_in_window")?;
    let blacklisted = parts.number("blacklisted")? != 0;
    let mut pair_validated = parts.number("pair_validated")? != 0;
    let nobody = SenderFacts { pair_validated, ..SenderFacts::of(Vec::new(), sms_in_window, blacklisted) };
    let mut standing = Vec::new();
    while !parts.is_over() {
        let onboarding = fields::lines(&parts.text("the onboarding")?)?;
        standing.push(Standing { onboarding, pair_validated });
        pair_validated = !parts.is_over() && parts.number("pair_validated")? != 0;
    }
    Ok(if standing.is_empty() { nobody } else { SenderFacts::of(standing, sms_in_window, blacklisted) })
}

fn key(hex: &str) -> Read<Key> {
    u128::from_str_radix(hex, 16)
        .map(u128::to_be_bytes)
        .map_err(|_| Unreadable::new("a fingerprint cannot be read"))
}
