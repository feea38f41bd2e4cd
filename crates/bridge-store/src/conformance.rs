//! The suite every backend passes: one named test for each case and each backend, so that a failure
//! names both, and random operations against the reference. Cases know nothing of any database; a
//! backend brings an expression that yields a fresh, empty store and keeps it alive.
//!
//! ```ignore
//! bridge_store::hot_conformance!(sqlite, legs::sqlite_hot());
//! ```
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "this module is test code")]

/// The one list of cases: it makes the functions that tests call, and the macro that makes the tests.
macro_rules! cases {
    (
        $(#[$doc:meta])*
        ($d:tt) $macro_name:ident, $suite:ident, $subject:ty;
        random { $($property:ident)* }
        $( $module:ident { $($case:ident)* } )*
    ) => {
        $( mod $module; )*
        $($(
            #[doc(hidden)]
            pub async fn $case(subject: &$subject) {
                $module::$case(subject).await;
            }
        )*)*

        $(#[$doc])*
        #[macro_export]
        macro_rules! $macro_name {
            ($d name:ident, $d fixture:expr) => {
                mod $d name {
                    use super::*;
                    $($(
                        #[tokio::test]
                        async fn $case() {
                            let fixture = $d fixture.await;
                            $crate::conformance::$suite::$case(&*fixture).await;
                        }
                    )*)*

                    $(
                        #[test]
                        fn $property() {
                            $crate::conformance::$suite::$property(|| async { $d fixture.await });
                        }
                    )*
                }
            };
        }
    };
}

pub mod audit;
pub mod hot;
mod random;
mod samples;
pub mod under_test;
