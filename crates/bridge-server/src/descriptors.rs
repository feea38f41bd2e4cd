//! File descriptors: as many as the system lets this process have, and how many of them are connections. What is left is for
//! stores, files and the connections that are just being closed.

use bridge_app::state::places::PLACES_MAX;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Kept for everything else: the stores of the bridge and of its Test Lab, pools to PostgreSQL and Redis, files.
const KEPT: usize = 192;
/// However few there are.
const CONNECTIONS_MIN: usize = 32;

/// Takes all that the system lets this process have. Shells give 1,024 where 65,536 and more are allowed.
pub fn raise() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // Where it may not, it works with what it has.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
}

/// How many connections there may be with the descriptors of this process.
#[must_use]
pub fn connections() -> usize {
    connections_of(getrlimit(Resource::Nofile).current)
}

fn connections_of(descriptors: Option<u64>) -> usize {
    let all = descriptors.and_then(|all| usize::try_from(all).ok()).unwrap_or(usize::MAX);
    all.saturating_sub(KEPT).clamp(CONNECTIONS_MIN, PLACES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_stores() {
        for (descriptors, connections) in
            [(Some(1_024), 832), (Some(65_536), 4_096), (Some(200), 32), (None, 4_096)]
        {
            assert_eq!(connections_of(descriptors), connections, "{descriptors:?}");
        }
    }

    #[test]
    fn all_that_is_allowed_is_taken() {
        raise();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
