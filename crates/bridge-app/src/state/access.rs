//! Who is at the desk: sessions, the throttle of wrong passwords, and passwords.

pub mod passwords;
pub mod sessions;
pub mod throttle;

use self::passwords::Passwords;
use self::sessions::Sessions;
use self::throttle::Throttle;
use crate::base::clock::Clock;

/// What a bridge knows of those at the desk.
pub struct Access {
    pub(crate) sessions: Sessions,
    pub(crate) throttle: Throttle,
    pub(crate) passwords: Passwords,
}

impl Access {
    /// Nobody was seen yet.
    #[must_use]
    pub fn new(clock: &Clock) -> Access {
        Access {
            sessions: Sessions::default(),
            throttle: Throttle::new(clock),
            passwords: Passwords::new(clock),
        }
    }
}
