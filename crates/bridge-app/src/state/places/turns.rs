//! In which order connections have to go when all places are taken: a list of rules, each about one line that connections
//! stand in. Not who stands where: that is [`super::Places`].

use bridge_core::Span;

/// Who is at the other end, as far as they have proved it. Later ones are worth more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Nobody knows; or somebody with the token of one onboarding.
    Stranger,
    /// An app with its key; or more of one receiver than anybody needs.
    App,
    /// A receiver, or somebody who operates the bridge: they keep their place.
    Kept,
}

/// What goes on on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    /// No whole request came yet.
    Coming,
    /// The last request is answered.
    Answered,
    /// The bridge works on a request.
    Busy,
    /// A request has begun, and it is the client who keeps it: the rest of its body has not come, or its answer is not read.
    Slow,
    /// It waits for something to change: a long poll, a stream.
    Waiting,
}

/// Those who may have to go stand in lines, first the one who has been in it for longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Line {
    Answered,
    Coming,
    Waiting,
    Slow,
    RestingApp,
    Busy,
}

/// None: they keep their place.
pub(super) fn line(rank: Rank, doing: Doing) -> Option<Line> {
    match (rank, doing) {
        (Rank::Kept, _) | (Rank::App, Doing::Busy) => None,
        (_, Doing::Waiting) => Some(Line::Waiting),
        (_, Doing::Slow) => Some(Line::Slow),
        (Rank::App, Doing::Coming | Doing::Answered) => Some(Line::RestingApp),
        (Rank::Stranger, Doing::Coming) => Some(Line::Coming),
        (Rank::Stranger, Doing::Answered) => Some(Line::Answered),
        (Rank::Stranger, Doing::Busy) => Some(Line::Busy),
    }
}

/// Everybody has so long to say what they want, and to read what they are told.
pub(super) const MOMENT: Span = Span(1_000);
const AT_ONCE: Span = Span(0);

/// From which line somebody goes, and how long they must have stood in it: the first rule that finds somebody counts. Who
/// has sent a whole request that is not answered yet goes last of all strangers: they may be honest, and it will not be long.
pub(super) const TURNS: [(Line, Span); 9] = [
    (Line::Answered, MOMENT),
    (Line::Coming, MOMENT),
    (Line::Waiting, AT_ONCE),
    (Line::Slow, MOMENT),
    // From here on it is a crowd that comes faster than anybody can speak.
    (Line::Answered, AT_ONCE),
    (Line::Coming, AT_ONCE),
    (Line::Slow, AT_ONCE),
    (Line::RestingApp, AT_ONCE),
    (Line::Busy, MOMENT),
];

impl Line {
    /// They are between two requests: they may have said something that nobody has looked at yet.
    pub(super) fn may_have_spoken(self) -> bool {
        matches!(self, Line::Answered | Line::Coming | Line::RestingApp)
    }
}
