//! What SMS Bridge does: SMS are taken in, judged, recorded and answered; numbers register; operators act; workers carry.
//! Not how it is asked: no HTTP, no page, no command line, and no database by name. Whoever opens a bridge hands the
//! stores in.
//!
//! Begin reading at [`bridge`], the bridge as one value, then follow an SMS: [`sms::delivery`], [`sms::intake`],
//! [`durability::journal`]. Rooms, lowest first: [`base`], [`state`], [`stores`] and [`options`], [`bridge`],
//! [`durability`], [`sms`] and [`registration`], [`admin`], [`workers`], [`health`] and [`looking`], [`open`].
//!
//! **Invariants.** Nothing is acknowledged before it is durable. Time and randomness come from [`base::clock`]. Nobody
//! here starts a task: the program does.

pub mod admin;
pub mod admin_log;
pub mod base;
pub mod bridge;
pub mod durability;
pub mod health;
pub mod looking;
pub mod open;
pub mod options;
pub mod peer_events;
pub mod registration;
pub mod sms;
pub mod state;
pub mod stores;
pub mod workers;
