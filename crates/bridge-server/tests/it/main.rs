//! End-to-end tests over real sockets. One binary; `harness` starts a whole bridge for each test.

mod bad_input;
mod flows;
mod harness;
mod http_surface;
mod logs;
mod raw;
mod receive_property;
