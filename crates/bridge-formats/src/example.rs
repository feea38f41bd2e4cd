//! An SMS as the sender of each format would write it. For the Test Lab, which shows that a format is really read, and
//! for tests. It signs nothing.

use crate::formats::named;
pub use crate::writing::{Example, Written};

/// The SMS in the format of that name; None for a name that no format has.
#[must_use]
pub fn write(format: &str, sms: &Example<'_>) -> Option<Written> {
    named(format).map(|format| (format.example)(sms))
}
