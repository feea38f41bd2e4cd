//! End-to-end tests over real sockets. One binary; `harness` starts a whole bridge for each test.

mod flows;
mod harness;

// Helpers unwrap as tests do, and Clippy knows tests by this attribute only.
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod http_surface;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod receive_property;
