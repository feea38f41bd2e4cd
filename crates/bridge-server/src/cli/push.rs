//! `push`: hands SMS to a bridge from a modem daemon's hook or the shell. Durable before it is tried: an SMS is in the
//! queue folder first, whatever is wrong with the rest, and leaves it when a bridge has it. Not a daemon.

mod flush;
mod gammu;
mod input;
mod post;
mod queue;
mod report;
mod sms;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use self::flush::{Caller, Flush, Patience, Trouble};
use self::input::Input;
use self::post::{Outcome, Target};
use self::queue::{Name, Queue};
use self::report::{Report, say};
use self::sms::Sms;
use super::plain::escaped;
use super::{ERROR, FAILED, GOOD, MISCONFIGURED};
use crate::secret_file;
use bridge_app::base::clock::{Clock, Entropy};

/// Gammu reads no further SMS while its hook runs.
const HOOK: Duration = Duration::from_secs(20);
/// For an SMS that cannot be kept; the hook may have to hand over others, too.
const STRAIGHT: Duration = Duration::from_secs(8);
const TRIES: u32 = 4;

/// What to hand over, and to whom.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Where the bridge takes SMS, like <http://bridge:8080/sms/receive>.
    #[arg(long, env = "SMS_BRIDGE_PUSH_URL", value_name = "URL")]
    url: Option<String>,
    /// The receiver's secret; a command line can be read by everybody on the machine, so rather give a file.
    #[arg(long, env = "SMS_BRIDGE_PUSH_SECRET", hide_env_values = true, value_name = "SECRET")]
    secret: Option<String>,
    /// A file with the receiver's secret.
    #[arg(long, env = "SMS_BRIDGE_PUSH_SECRET_FILE", value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The key with which this receiver signs, where it has one.
    #[arg(long, env = "SMS_BRIDGE_PUSH_SIGNING_KEY", hide_env_values = true, value_name = "KEY")]
    signing_key: Option<String>,
    /// A file with the signing key.
    #[arg(long, env = "SMS_BRIDGE_PUSH_SIGNING_KEY_FILE", value_name = "FILE")]
    signing_key_file: Option<PathBuf>,
    /// The number of the SIM that receives.
    #[arg(long, env = "SMS_BRIDGE_PUSH_NUMBER", value_name = "NUMBER")]
    number: Option<String>,
    /// The zone in which the network stamps SMS, like +05:30, where Gammu tells the stamp without it (1.42).
    #[arg(long, env = "SMS_BRIDGE_PUSH_SMSC_ZONE", allow_hyphen_values = true, value_name = "ZONE")]
    smsc_zone: Option<String>,
    /// Where SMS wait while the bridge is away.
    #[arg(
        long,
        env = "SMS_BRIDGE_PUSH_QUEUE",
        default_value = "/var/spool/sms-bridge-push",
        value_name = "FOLDER"
    )]
    queue: PathBuf,
    /// Who sent it; without --from and --text the SMS is the one of which Gammu's hook tells.
    #[arg(long, requires = "text", value_name = "NUMBER")]
    from: Option<String>,
    /// What was sent; - reads it from standard input.
    #[arg(long, requires = "from", allow_hyphen_values = true)]
    text: Option<String>,
    /// When it was received: RFC 3339 or epoch seconds; now when not given.
    #[arg(long, requires = "from", value_name = "TIME")]
    received: Option<String>,
    /// The id by which the bridge recognises it when it comes again.
    #[arg(long, requires = "from", value_name = "ID")]
    id: Option<String>,
    /// Only hand over what waits in the queue.
    #[arg(long, conflicts_with_all = ["from", "test"])]
    flush: bool,
    /// Hand over nothing, only ask whether URL and secret are right.
    #[arg(long, conflicts_with = "from")]
    test: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// What Gammu appends: file names or row numbers.
    #[arg(value_name = "LOCATION", hide = true)]
    locations: Vec<OsString>,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let runtime = super::runtime()?;
    let code = if args.test {
        runtime.block_on(test(args, &clock))
    } else {
        let environment: Vec<_> = std::env::vars_os().collect();
        match input::find(args, &environment, clock.now(), &entropy) {
            Ok(input) => runtime.block_on(push(args, input, &clock, &entropy))?,
            Err(problem) => misconfigured(&problem),
        }
    };
    // A name server that does not answer holds a thread: nobody waits for it.
    runtime.shutdown_background();
    Ok(code)
}

fn target(args: &Args) -> Result<Target, String> {
    let url = secret_file::filled(args.url.as_deref())
        .ok_or("the URL of the bridge is missing: give it with --url (SMS_BRIDGE_PUSH_URL)")?;
    let secret = secret_file::one("--secret", args.secret.as_deref(), args.secret_file.as_deref())?;
    let signing_key =
        secret_file::one("--signing-key", args.signing_key.as_deref(), args.signing_key_file.as_deref())?;
    Target::new(&url, secret.as_deref(), signing_key)
}

/// First everything is in the queue, then the configuration is looked at.
async fn push(args: &Args, input: Input, clock: &Clock, entropy: &Entropy) -> Result<ExitCode, String> {
    let unusable = |error| format!("the queue folder {} cannot be used: {error}", args.queue.display());
    let queue = match Queue::open(&args.queue).map_err(unusable) {
        Err(problem) if args.flush => return Err(problem),
        queue => queue,
    };
    // Where older ones wait the bridge was away a moment ago: one try tells whether it still is.
    let is_first = queue.as_ref().is_ok_and(|queue| queue.names().is_ok_and(|names| names.is_empty()));
    let tries = if args.flush || is_first { TRIES } else { 1 };
    let (mut kept, mut unkept) = (Vec::new(), Vec::new());
    for sms in input.sms {
        let queue = queue.as_ref().map_err(String::clone);
        match queue.and_then(|queue| queue.keep(&sms).map_err(unusable)) {
            Ok(name) => kept.push(name),
            Err(problem) => unkept.push((sms, problem)),
        }
    }
    fail::fail_point!("push::queued", |_| std::process::abort());
    let mut report = Report::new(args.flush, input.remarks);
    match target(args) {
        Err(problem) => {
            report.tally.trouble = Some(Trouble::Misconfigured(problem));
            report.lost = unkept.into_iter().map(|(_, problem)| problem).collect();
        }
        Ok(target) => {
            let caller = Caller { target: &target, clock, entropy };
            for (sms, problem) in unkept {
                straight(&caller, &sms, problem, &mut report).await;
            }
            if let Ok(queue) = &queue {
                hand_over(&Flush { queue, caller, tries }, &kept, &mut report).await;
            }
        }
    }
    report.count(queue.as_ref().ok(), &kept);
    report.show(args);
    Ok(ExitCode::from(report.code()))
}

/// What waits, and first of all `kept`: within what a hook may take.
async fn hand_over(flush: &Flush<'_>, kept: &[Name], report: &mut Report) {
    let ended = if report.is_flush {
        flush.run(Patience::LeaveItToOthers, &mut report.tally).await
    } else if kept.is_empty() {
        // The disk is ill: whoever finds it well again hands over the rest.
        Ok(())
    } else {
        let run = flush.run(Patience::Until(kept), &mut report.tally);
        tokio::time::timeout(HOOK, run).await.unwrap_or_else(|_| {
            let what = format!("it takes longer than the {} s that a hook may take", HOOK.as_secs());
            report.tally.trouble = Some(Trouble::Passing(what));
            Ok(())
        })
    };
    if let Err(error) = ended {
        report.tally.trouble = Some(Trouble::Passing(format!("the queue folder cannot be used: {error}")));
    }
}

/// A disk that takes nothing is no reason not to try: from memory.
async fn straight(caller: &Caller<'_>, sms: &Sms, problem: String, report: &mut Report) {
    let handed_over = async {
        let body = serde_json::to_vec(sms).map_err(|error| error.to_string())?;
        match caller.try_often(&body, TRIES).await {
            Outcome::Done(answer) => Ok(answer),
            Outcome::Refused(why) | Outcome::Busy(why) | Outcome::Away(why) | Outcome::Misconfigured(why) => {
                Err(why)
            }
        }
    };
    match tokio::time::timeout(STRAIGHT, handed_over).await {
        Ok(Ok(answer)) => {
            report.tally.handed_over.push(answer);
            report.remarks.push(problem);
        }
        Ok(Err(why)) => report.lost.push(format!("{problem}; {why}")),
        Err(_) => report.lost.push(format!("{problem}; the bridge does not answer in time")),
    }
}

async fn test(args: &Args, clock: &Clock) -> ExitCode {
    let target = match target(args) {
        Ok(target) => target,
        Err(problem) => return misconfigured(&problem),
    };
    match target.test(clock.now()).await {
        Outcome::Done(_) => {
            let _ =
                writeln!(anstream::stdout(), "{GOOD}✔{GOOD:#} the bridge answers and accepts this receiver");
            ExitCode::SUCCESS
        }
        Outcome::Misconfigured(why) | Outcome::Refused(why) => misconfigured(&why),
        Outcome::Busy(why) | Outcome::Away(why) => {
            say(&format!("{ERROR}error:{ERROR:#} {}: start the bridge, or correct --url", escaped(&why)));
            ExitCode::from(FAILED)
        }
    }
}

fn misconfigured(problem: &str) -> ExitCode {
    say(&format!("{ERROR}error:{ERROR:#} {}", escaped(problem)));
    ExitCode::from(MISCONFIGURED)
}
