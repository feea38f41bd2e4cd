//! A list of any length on its way: bytes as they come, or out of what it is packed with (`Content-Encoding`). A packed one
//! has limits, because all of it is here before it is known whether its end is. Not what its lines mean.

use std::io::Read;

use axum::body::Body;
use axum::http::HeaderMap;
use bridge_app::base::deadline::{SILENT, within};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::bridge::App;
use bridge_app::state::bodies::{Bodies, Sender, Taken};
use bytes::Bytes;
use http_body_util::BodyExt;

use crate::encoding;

/// What a client is told that says nothing for as long as [`SILENT`].
const LIST_SILENT: &str = "the rest of the list did not arrive within 60 seconds";
/// Of a list that comes packed, and of what is in it. One that is longer is sent as it is.
const PACKED_MAX_BYTES: usize = 16 * 1024 * 1024;
const UNPACKED_MAX_BYTES: u64 = 64 * 1024 * 1024;
const PIECE_BYTES: usize = 64 * 1024;

/// Where the next bytes come from.
pub(crate) enum Coming {
    /// As it comes.
    Plain(Body),
    /// Packed: it is all here, and unpacked piece by piece.
    Packed {
        /// What is in it.
        inside: Box<dyn Read + Send>,
        /// Bytes that may still come out.
        left: u64,
        /// What it takes of the memory for bodies.
        _taken: Taken,
    },
}

impl Coming {
    /// Takes all of a list that is packed, and nothing yet of one that is not.
    pub(crate) async fn of(app: &App, headers: &HeaderMap, mut body: Body) -> Result<Coming, Problem> {
        let names = encoding::packed_with(headers)?;
        if names.is_empty() {
            return Ok(Coming::Plain(body));
        }
        let (mut bytes, mut taken) = (Vec::new(), Bodies::begin(Sender::Known));
        while let Some(data) = next(app, &mut body).await? {
            if bytes.len() + data.len() > PACKED_MAX_BYTES {
                return Err(too_much(PACKED_MAX_BYTES as u64, "packed"));
            }
            app.bodies.more(&mut taken, data.len())?;
            bytes.extend_from_slice(&data);
        }
        let inside = encoding::inside(&names, bytes.into()).map_err(|error| broken(&error))?;
        Ok(Coming::Packed { inside, left: UNPACKED_MAX_BYTES, _taken: taken })
    }

    /// The next of it; none: that was all.
    pub(crate) async fn piece(&mut self, app: &App) -> Result<Option<Bytes>, Problem> {
        match self {
            Coming::Plain(body) => next(app, body).await,
            Coming::Packed { inside, left, _taken } => {
                let mut piece = vec![0; PIECE_BYTES];
                let length = inside.read(&mut piece).map_err(|error| broken(&error))?;
                *left = left
                    .checked_sub(length as u64)
                    .ok_or_else(|| too_much(UNPACKED_MAX_BYTES, "when unpacked"))?;
                piece.truncate(length);
                Ok((length > 0).then(|| piece.into()))
            }
        }
    }
}

/// The next bytes of a list, however long it is, while they come.
async fn next(app: &App, body: &mut Body) -> Result<Option<Bytes>, Problem> {
    loop {
        let frame = tokio::select! {
            () = app.stopping.cancelled() => return Err(Problem::new(
                Code::Unavailable,
                "the bridge is stopping: send the list again when it is back",
            )),
            frame = within(SILENT, body.frame()) => frame,
        };
        match frame.map_err(|_| Problem::new(Code::RequestTimeout, LIST_SILENT))? {
            None => return Ok(None),
            Some(Err(_)) => return Err(Problem::new(Code::InvalidRequest, "the list broke off")),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

fn broken(error: &std::io::Error) -> Problem {
    let detail = format!("the list is not what its Content-Encoding says, or its end is missing: {error}");
    Problem::new(Code::InvalidRequest, detail)
}

fn too_much(max: u64, how: &str) -> Problem {
    let detail =
        format!("the list is larger than {} MiB {how}: send it unpacked, as long as it is", max >> 20);
    Problem::new(Code::BodyTooLarge, detail)
}
