//! How the remote does, as the last push of validated numbers tells. Whoever pushes is a worker above this; here is only
//! by which names its word is found on the board.

use bridge_core::Timestamp;

use crate::state::board::WorkerBoard;

/// The worker that pushes.
pub(crate) const WORKER: &str = "sync_validated_mobiles_to_hetzner";
/// What failed, when the remote did: the worker has other steps too, which say nothing of the remote.
pub(crate) const OPERATION: &str = "push";

/// Why the remote is away, in words for the operator.
#[must_use]
pub fn away(board: &WorkerBoard) -> Option<String> {
    let error = board.status().remove(WORKER)?.last_error?;
    let of_remote = error.strip_prefix(OPERATION).is_some_and(|rest| rest.starts_with(':'));
    of_remote.then_some(error)
}

/// When validated numbers were last pushed without a failure, even if there was none to push.
#[must_use]
pub fn last_success(board: &WorkerBoard) -> Option<Timestamp> {
    board.status().get(WORKER)?.last_success
}
