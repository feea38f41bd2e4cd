//! Finds out what there is to hand over: by flags, or by what Gammu tells its hook. Not how it is handed over.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;

use bridge_core::Timestamp;

use super::Args;
use super::gammu::{self, Zone};
use super::sms::{Found, Sms};
use crate::secret_file::filled;
use bridge_app::base::clock::Entropy;

/// What is piped in may be as long as a bridge takes.
const STDIN_MAX_BYTES: u64 = 1024 * 1024;

/// SMS to hand over, and what the operator should know of them.
#[derive(Default)]
pub(super) struct Input {
    pub(super) sms: Vec<Sms>,
    pub(super) remarks: Vec<String>,
}

/// Finds out what there is to hand over; an error is the caller's mistake.
pub(super) fn find(
    args: &Args,
    environment: &[(OsString, OsString)],
    now: Timestamp,
    entropy: &Entropy,
) -> Result<Input, String> {
    let number = filled(args.number.as_deref());
    if args.flush {
        return Ok(Input::default());
    }
    if let (Some(from), Some(text)) = (&args.from, &args.text) {
        let text = if text == "-" {
            piped().map_err(|error| format!("standard input: {error}"))?
        } else {
            text.clone()
        };
        let stamp = args.received.as_deref().map(Timestamp::parse).transpose();
        let stamp = stamp.map_err(|why| format!("--received {why}"))?;
        // Whoever types the same again means another SMS, unless its id says that it is the same.
        let mark = entropy.id(now).map_err(|error| error.to_string())?.to_string();
        let mut sms = Found { from: from.clone(), text, stamp, mark }.into_sms(now, None, number);
        if let Some(id) = filled(args.id.as_deref()) {
            sms.message_id = id;
        }
        return Ok(Input { sms: vec![sms], remarks: Vec::new() });
    }
    if !gammu::is_event(environment) {
        return Err("there is nothing to hand over: give --from and --text, or --flush, or let Gammu SMSD start this \
                    as its RunOnReceive hook"
            .to_owned());
    }
    let mut remarks = Vec::new();
    let zone = filled(args.smsc_zone.as_deref()).and_then(|zone| {
        let read = Zone::parse(&zone);
        if read.is_none() {
            remarks
                .push("--smsc-zone must be like +05:30 or Z: the time of this machine is taken".to_owned());
        }
        read
    });
    let event = gammu::read(environment, &args.locations, zone.as_ref());
    if event.sms.is_empty() {
        return Err(
            "Gammu tells of no SMS: SMS_1_NUMBER and SMS_1_TEXT are not in the environment".to_owned()
        );
    }
    remarks.extend(event.remarks);
    let sms = event.sms.into_iter().map(|found| found.into_sms(now, event.phone_id.clone(), number.clone()));
    Ok(Input { sms: sms.collect(), remarks })
}

/// Standard input without the line end that `echo` adds.
fn piped() -> std::io::Result<String> {
    let mut bytes = Vec::new();
    std::io::stdin().take(STDIN_MAX_BYTES).read_to_end(&mut bytes)?;
    let text = gammu::readable(OsStr::from_bytes(&bytes));
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}
