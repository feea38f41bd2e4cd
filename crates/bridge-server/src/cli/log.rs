//! `log`: who changed what, from a shell. Not what the program logs while it runs.

use std::process::ExitCode;

use super::bridge::Which;
use super::show::{self, Column, Part, text};

/// Which changes.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// By this account or key.
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Actions that begin so, like setting or receiver.add.
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Changes of this: a number, a setting, a name.
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
    #[command(flatten)]
    part: Part,
    #[command(flatten)]
    which: Which,
}

const COLUMNS: &[Column] = &[
    ("when", |change, times| times.show(&text(change, "at"))),
    ("who", |change, _| text(change, "who")),
    ("from", |change, _| text(change, "address")),
    ("did", |change, _| text(change, "action")),
    ("to", |change, _| text(change, "subject")),
    ("before", |change, _| text(change, "before")),
    ("after", |change, _| text(change, "after")),
];

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let Args { who, action, subject, part, which } = args;
    let more = [("who", who.as_deref()), ("action", action.as_deref()), ("subject", subject.as_deref())];
    let path = part.path("/admin/log", &more, ("since", "until"));
    show::list(which, &path, COLUMNS, "nobody changed anything like that", |_| None)
}
