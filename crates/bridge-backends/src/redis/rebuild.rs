//! Epochs, and how a store that lost its memory gets it back (D28). The name of an epoch is the token of its
//! rebuild and the identity of the server, so that it ends when the server starts again or another one is promoted: what
//! was in its memory last may not have been on its disk, or at its replica. Not where the memory comes from: that is the server crate.

use bridge_store::{Result, StoreFault, hot};
use uuid::Uuid;

use super::connection::{Live, Request};
use super::fault::{from_redis, lost};
use super::scripts::{self, Call, Script, outcome, run_in};
use super::{CHUNK, RedisHot, keys};

/// The name of the epoch that this token begins on this start of the server.
pub(super) fn name(token: Uuid, live: &Live) -> String {
    format!("{token}@{}", live.identity)
}

impl RedisHot {
    pub(super) async fn epoch(&self) -> Result<Option<String>> {
        const OPERATION: &str = "epoch";
        let live = self.server.live(OPERATION).await?;
        let mut command = redis::cmd("GET");
        command.arg(keys::EPOCH);
        if !self.server.is_what_it_was(&live).await.map_err(|error| from_redis(OPERATION, &error))? {
            return Ok(None);
        }
        // Over this very connection: the answer must come from the start of the server that it is compared with.
        let answer = self.server.send(&live, &Request::One(&command)).await;
        let epoch: Option<String> = answer
            .and_then(|value| Ok(redis::from_redis_value(value)?))
            .map_err(|error| from_redis(OPERATION, &error))?;
        Ok(epoch
            .filter(|epoch| epoch.rsplit_once('@').is_some_and(|(_, identity)| identity == live.identity)))
    }

    /// Whatever server it is of.
    pub(super) async fn epoch_of_data(&self) -> Result<Option<String>> {
        let mut command = redis::cmd("GET");
        command.arg(keys::EPOCH);
        self.server.ask("epoch_of_data", Request::One(&command)).await
    }

    /// Over the connection that the queues are read over.
    pub(super) async fn queues_are_entered(&self) -> Result<()> {
        const OPERATION: &str = "queues_are_entered";
        let entered = self.entered(OPERATION)?;
        let live = self.queues.live_in(OPERATION, &entered).await?;
        let mut command = redis::cmd("GET");
        command.arg(keys::EPOCH);
        let answer = self.queues.send(&live, &Request::One(&command)).await;
        let there: Option<String> = answer
            .and_then(|value| Ok(redis::from_redis_value(value)?))
            .map_err(|error| from_redis(OPERATION, &error))?;
        if there.as_deref() == Some(&*entered) { Ok(()) } else { Err(lost(OPERATION)) }
    }

    /// First nobody may judge any more, then everything goes.
    pub(super) async fn begin_rebuild(&self, token: Uuid) -> Result<String> {
        const OPERATION: &str = "begin_rebuild";
        let live = self.server.live(OPERATION).await?;
        let epoch = name(token, &live);
        scripts::BEGIN.call().arg(&epoch).run(&self.server, OPERATION).await?;
        let lease = keys::lease(hot::REBUILD);
        let kept =
            [keys::REBUILD, keys::COUNTER_INPUT_SMS, keys::COUNTER_ONBOARDING, &lease].map(str::as_bytes);
        let mut cursor = 0_u64;
        loop {
            let mut command = redis::cmd("SCAN");
            command.arg(cursor).arg("COUNT").arg(CHUNK);
            let (next, found): (u64, Vec<Vec<u8>>) =
                self.server.ask(OPERATION, Request::One(&command)).await?;
            let ours = |key: &&Vec<u8>| keys::is_ours(key) && !kept.contains(&key.as_slice());
            let keys: Vec<&Vec<u8>> = found.iter().filter(ours).collect();
            // Another rebuild began meanwhile: it deletes, and this one will be told when it gives the first part.
            let cleared = self.under(OPERATION, &epoch, &scripts::CLEAR, |call| {
                keys.iter().fold(call, |call, key| call.arg(key.as_slice()))
            });
            if !cleared.await? || next == 0 {
                return Ok(epoch);
            }
            cursor = next;
        }
    }

    pub(super) async fn finish_rebuild(&self, token: Uuid) -> Result<bool> {
        const OPERATION: &str = "finish_rebuild";
        let live = self.server.live(OPERATION).await?;
        self.under(OPERATION, &name(token, &live), &scripts::FINISH, |call| call).await
    }

    /// Runs a script that needs the right to rebuild. False: the right was lost, or the server started again.
    pub(super) async fn under(
        &self,
        operation: &'static str,
        epoch: &str,
        script: &'static Script,
        arguments: impl Fn(Call) -> Call + Send + Sync,
    ) -> Result<bool> {
        let answer = run_in(&self.server, operation, epoch, script, |call, _| arguments(call)).await;
        match answer.and_then(|mut parts| outcome(operation, &mut parts)) {
            Ok(_) => Ok(true),
            Err(error) if error.kind == StoreFault::Lost => Ok(false),
            Err(error) => Err(error),
        }
    }
}
