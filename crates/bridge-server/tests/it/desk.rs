//! The operator's desk over real HTTP, without a browser: who gets in, and what pages answer.

mod access;
mod receivers;
pub(crate) mod visitor;
mod webhooks;
mod without_scripts;
