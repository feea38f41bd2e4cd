//! End-to-end tests over real sockets. One binary; `harness` starts a whole bridge inside for each test,
//! `process` starts the real program.

mod binary;
mod commands;
mod flows;
mod full_disk;
mod harness;
mod kill;
mod load;
mod process;
mod snapshots;
