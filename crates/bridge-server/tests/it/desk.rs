//! The operator's desk over real HTTP, without a browser: who gets in, and what pages answer.

mod access;
mod alerts;
mod doors;
mod exported;
mod find;
mod fresh;
mod receivers;
mod set_up;
mod truth;
pub(crate) mod visitor;
mod webhooks;
mod without_scripts;
mod zones;
