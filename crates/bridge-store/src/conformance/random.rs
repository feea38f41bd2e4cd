//! Random operations on a backend, told by proptest, and what must come out of them.

pub(super) mod audit;
pub(super) mod hot;
pub(super) mod losses;

use std::future::Future;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Tries `cases` values of a strategy; a failure is shrunk and shown.
fn try_values<S: Strategy, Fut: Future<Output = ()>>(
    cases: u32,
    strategy: &S,
    property: impl Fn(S::Value) -> Fut,
) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = TestRunner::new(config).run(strategy, |value| {
        let run = || runtime.block_on(property(value));
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).map_err(|panic| {
            let message = panic.downcast_ref::<String>().cloned();
            TestCaseError::fail(message.unwrap_or_else(|| "panicked".to_owned()))
        })
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
