//! What the stores of this bridge found of themselves: which of them is damaged and closed.

use bridge_store::damage::Damage;

use crate::bridge::App;

/// Each that is damaged.
pub fn of(app: &App) -> impl Iterator<Item = Damage> {
    app.hot.damage().into_iter().chain(app.audit.damage())
}
