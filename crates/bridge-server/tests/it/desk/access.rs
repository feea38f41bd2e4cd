//! Who gets into the desk, and what they may do there.

mod admin_log;
mod login;
mod people;
mod roles;
mod sessions;
mod setup;
mod shell;
