//! A block as somebody asks for it, of a number or of an e-mail address: why, and until when. Not whom it blocks.

use bridge_core::Timestamp;

use crate::base::problem::{Code, Problem};

const REASON_DEFAULT: &str = "blocked_by_operator";
const REASON_MAX_CHARS: usize = 100;

/// A block as somebody asked for it.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Why; empty where nothing was said.
    pub reason: String,
    /// When it ends by itself, as it was written.
    pub expires_at: Option<String>,
}

impl Wish {
    /// Its reason and its end, if they can be used.
    pub(crate) fn read(self, now: Timestamp) -> Result<(String, Option<Timestamp>), Problem> {
        let given = self.reason.trim();
        let reason = if given.is_empty() { REASON_DEFAULT } else { given }.to_owned();
        if reason.chars().count() > REASON_MAX_CHARS || reason.chars().any(char::is_control) {
            let rule = format!("must be at most {REASON_MAX_CHARS} characters without control characters");
            return Err(Problem::field(Code::InvalidRequest, "reason", rule));
        }
        let ends = self.expires_at.map(|text| Timestamp::parse(&text)).transpose();
        match ends.map_err(|why| Problem::field(Code::InvalidRequest, "expires_at", why.to_string()))? {
            Some(end) if end <= now => {
                Err(Problem::field(Code::InvalidRequest, "expires_at", "must lie in the future"))
            }
            end => Ok((reason, end)),
        }
    }
}
