//! The step `edge` of `cargo xtask test`: installs what `edge/package-lock.json` pins, then runs its own tests, which run in
//! real workerd, with its lints, its type check and the size of its bundle. Not the tests: those are in `edge/test`.

use std::time::Duration;

use test_servers::legs;

use crate::npm::{self, npm};
use crate::pass_through::pass_through;
use crate::tally::Tally;
use crate::{Outcome, workspace};

/// No test of the edge says nothing for so long unless it hangs.
const SILENCE: Duration = Duration::from_mins(5);

/// A step of `cargo xtask test`.
pub(crate) fn step(tally: &mut Tally) -> Outcome {
    let folder = workspace::root().join("edge");
    match npm::install(&folder) {
        Ok(()) => {}
        Err(why) if legs::every_leg_must_run() => {
            return Err(format!("the edge must be tested where CI is set: {why}").into());
        }
        Err(why) => {
            println!("SKIPPED edge: {why}");
            return Ok(());
        }
    }
    pass_through(npm(&folder)?.args(["test", "--silent"]), &mut std::io::stdout(), tally, SILENCE)
}
