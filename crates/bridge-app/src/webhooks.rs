//! Telling apps what happened: [`said`] is what they are told, [`carry`] brings it from the hot store to where it is kept
//! until it is delivered, [`deliver`] posts it, [`schedule`] decides what comes after a try. Who is told is
//! [`crate::state::webhooks`], what operators do with webhooks is [`crate::admin::webhooks`].

use bridge_store::Result;

use crate::bridge::App;

pub(crate) mod carry;
pub(crate) mod deliver;
pub(crate) mod said;
mod schedule;

/// Reads the webhooks from their source: from now on they hold here.
pub(crate) async fn apply(app: &App) -> Result<()> {
    app.webhooks.reload(&*app.audit).await?;
    app.hot.tell_changes(app.webhooks.wants_states());
    Ok(())
}
