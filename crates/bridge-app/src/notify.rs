//! Telling operators what is wrong: [`look`] finds it, [`settle`] waits until it lasts, [`watch`] keeps what is news,
//! [`words`] says it, [`tell`] sends it, [`schedule`] decides when again. Who is told is [`crate::state::notify`], what operators
//! do about it is [`crate::admin::notify`].

pub(crate) mod look;
pub(crate) mod schedule;
pub(crate) mod settle;
pub(crate) mod tell;
pub(crate) mod watch;
pub mod words;
