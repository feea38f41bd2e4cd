//! End-to-end tests over real sockets. One binary; `harness` starts a whole bridge for each test.

mod flows;
mod harness;
