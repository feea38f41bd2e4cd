//! How many requests are open for one onboarding's token and for one address. Not for a key: behind the key of an app are
//! all its users. Not how often somebody asks.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::access::throttle::network;
use crate::base::problem::{Code, Problem};

/// A user's page has one stream, and one that its phone has not yet given up.
const OF_A_TOKEN: usize = 4;
/// Many users may sit behind one address.
const OF_AN_ADDRESS: usize = 256;
/// Of all places one address may have one in so many.
const SHARE_OF_AN_ADDRESS: usize = 16;
const RETRY_AFTER_SECONDS: u32 = 5;

/// Who may have only so many open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Whose {
    Token(Uuid),
    Address(IpAddr),
}

type Counts = Arc<Mutex<HashMap<Whose, usize>>>;

/// The counts.
#[derive(Clone, Debug)]
pub struct OpenRequests {
    counts: Counts,
    of_an_address: usize,
}

/// Open ones, until it is dropped.
#[derive(Debug)]
pub struct OpenRequest {
    whose: Vec<Whose>,
    counts: Counts,
}

fn lock(counts: &Counts) -> MutexGuard<'_, HashMap<Whose, usize>> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OpenRequests {
    /// With so many places for connections.
    #[must_use]
    pub fn new(places: usize) -> OpenRequests {
        let of_an_address = (places / SHARE_OF_AN_ADDRESS).clamp(2 * OF_A_TOKEN, OF_AN_ADDRESS);
        OpenRequests { counts: Counts::default(), of_an_address }
    }

    /// One of somebody who has no key: with the token of that onboarding, if any, from that address, if it is known.
    pub fn begin(&self, token: Option<Uuid>, address: Option<IpAddr>) -> Result<OpenRequest, Problem> {
        let token = token.map(|id| (Whose::Token(id), OF_A_TOKEN, "with this token"));
        let address =
            address.map(|from| (Whose::Address(network(from)), self.of_an_address, "from this address"));
        let mut open = OpenRequest { whose: Vec::new(), counts: self.counts.clone() };
        let mut counts = lock(&self.counts);
        let mut refused = None;
        for (whose, max, what) in [token, address].into_iter().flatten() {
            let count = counts.entry(whose).or_default();
            if *count >= max {
                refused = Some(format!("{max} requests {what} are open already: end one of them"));
                break;
            }
            *count += 1;
            open.whose.push(whose);
        }
        // Before `open` is dropped, which takes it again.
        drop(counts);
        match refused {
            Some(detail) => Err(Problem::new(Code::TooManyRequests, detail).retry_after(RETRY_AFTER_SECONDS)),
            None => Ok(open),
        }
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        let mut counts = lock(&self.counts);
        for whose in &self.whose {
            if let Some(count) = counts.get_mut(whose) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(whose);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_token_has_four_and_leaves_nothing_behind() {
        let all = OpenRequests::new(8_192);
        let (mine, other) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        let mut open: Vec<_> = (0..4).map(|_| all.begin(mine, None).unwrap()).collect();
        let refused = all.begin(mine, None).unwrap_err();
        assert_eq!((refused.code(), refused.retry_after_seconds()), (Code::TooManyRequests, Some(5)));
        let _other = all.begin(other, None).unwrap();
        open.pop();
        open.push(all.begin(mine, None).unwrap());
        drop((open, _other));
        assert!(lock(&all.counts).is_empty());
    }

    #[test]
    fn one_address_has_its_share_whatever_its_tokens() {
        let all = OpenRequests::new(896);
        let from = |n: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, n]));
        let token = |n: u16| Some(Uuid::from_u128(n.into()));
        let open: Vec<_> = (0..56).map(|n| all.begin(token(n), from(n)).unwrap()).collect();
        all.begin(token(99), from(99)).unwrap_err();
        let elsewhere = Some(IpAddr::from([192, 0, 2, 1]));
        // What was refused counts nowhere.
        let more: Vec<_> = (0..4).map(|_| all.begin(token(99), elsewhere).unwrap()).collect();
        drop((open, more));
        assert!(lock(&all.counts).is_empty());
    }
}
