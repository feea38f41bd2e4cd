//! What SMS Bridge does: it takes SMS in, judges, records and answers them; it registers numbers; it carries out what
//! operators ask for; its workers carry rows from store to store. Not how it is asked: no HTTP server, no page, no command
//! line. Not where things are kept: whoever opens a bridge hands the stores in.
//!
//! Begin reading at [`bridge`], the bridge as one value, then follow an SMS: [`sms::delivery`], [`sms::intake`],
//! [`durability::journal`]. Modules, lowest first: [`base`], [`state`], [`stores`] and [`options`], [`bridge`], [`webhooks`],
//! [`durability`], [`sms`], [`registration`] and [`edge`], [`keys`], [`notify`], [`admin_log`] and [`admin`], [`sandbox`], [`workers`],
//! [`health`], [`looking`] and
//! [`peer_events`], [`open`]. No file imports upward.
//!
//! **Invariants.** Nothing is acknowledged before it is durable. Only this crate sees the stores of a bridge. Time and
//! randomness come from [`base::clock`]. Nothing here starts a task: the program does.

pub mod admin;
pub mod admin_log;
pub mod base;
pub mod bridge;
pub mod bridge_id;
pub mod durability;
pub mod edge;
pub mod health;
pub mod keys;
pub mod looking;
pub mod notify;
pub mod open;
pub mod options;
pub mod peer_events;
pub mod registration;
pub mod sandbox;
pub mod sms;
pub mod state;
pub mod stores;
pub mod webhooks;
pub mod workers;
