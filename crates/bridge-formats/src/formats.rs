//! The named formats: one file each, one list. To add one: write its file, which holds all that is known of it, and add
//! its name to the list below. `generic` is no part of it: it is what a body is read as when nobody claims it.

use crate::content::{Content, FieldError, Unusable};
use crate::format::{Format, ToldBy};
use crate::generic;
use crate::incoming::Incoming;

macro_rules! formats {
    ($($module:ident)*) => {
        $(mod $module;)*
        /// Every named format, in the order in which people are told of them. `generic` is no part of it.
        pub const FORMATS: &[&Format] = &[$(&$module::FORMAT),*];
    };
}

// As people read it: apps of phones, then providers, then gateways.
formats! {
    smsgate
    httpsms
    textbee
    bogkonstantin
    smsforwarder
    smssync
    termux
    twilio
    vonage
    vonage_messages
    plivo
    telnyx
    infobip
    sinch
    bandwidth
    clickatell
    messagebird
    bird
    africastalking
    msg91
    exotel
    rapidpro
    jasmin
    kannel
    playsms
    raspisms
    smseagle
    smstool
}

/// Every format there is: the named ones, and `generic` last.
pub fn all() -> impl Iterator<Item = &'static Format> {
    FORMATS.iter().copied().chain([&generic::FORMAT])
}

/// The names of all formats in words, for help texts: `smsgate, httpsms, … or generic`.
#[must_use]
pub fn names() -> String {
    let named: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
    format!("{} or {}", named.join(", "), generic::FORMAT.name)
}

/// The format of that name; `generic` too.
#[must_use]
pub fn named(name: &str) -> Option<&'static Format> {
    all().find(|format| format.name == name)
}

/// Whose body this is, where it can be told.
#[must_use]
pub fn recognised(incoming: &Incoming<'_>) -> Option<&'static Format> {
    surest_first().find(|format| format.recognises.is_some_and(|is_it| is_it(incoming)))
}

/// In the order in which they are asked whether a request is theirs; among equals that of the list.
fn surest_first() -> impl Iterator<Item = &'static Format> {
    let told_by = |how| FORMATS.iter().copied().filter(move |format| format.told_by == how);
    ToldBy::SUREST_FIRST.into_iter().flat_map(told_by)
}

/// Reads a request that was recognised by what stands in it, not by its route. A texter may have written the names of
/// another format into his SMS: whoever else claims the request, and the generic names, must find the same sender and text.
pub fn read_recognised(incoming: &Incoming<'_>, format: &'static Format) -> Result<Content, Unusable> {
    let mut content = (format.parse)(incoming)?;
    let others = FORMATS.iter().filter(|other| other.name != format.name);
    let claiming = others.filter(|other| other.recognises.is_some_and(|is_it| is_it(incoming)));
    let [sms] = content.sms.as_mut_slice() else { return Ok(content) };
    for other in claiming {
        let Ok(read) = (other.parse)(incoming) else { continue };
        for claimed in read.sms {
            if claimed.text != sms.text {
                let error = FieldError::new("text", format!("is another one as {} writes it", other.name));
                return Err(Unusable::contradiction(vec![error]));
            }
            sms.also_sender.push(claimed.sender);
        }
    }
    // Its names may hold something else in a format of its own: only a sender of theirs counts.
    if let Ok(fields) = incoming.fields() {
        sms.also_sender.extend(generic::senders(fields));
    }
    sms.also_sender.retain(|other| *other != sms.sender);
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request that two of them claim is read as it always was.
    #[test]
    fn who_is_asked_first_does_not_depend_on_how_the_list_reads() {
        let asked: Vec<&str> = surest_first().map(|format| format.name).collect();
        assert_eq!(
            asked.join(" "),
            "smsgate httpsms textbee bogkonstantin smsforwarder smssync termux twilio vonage_messages plivo telnyx sinch \
             bandwidth clickatell messagebird bird kannel playsms raspisms smstool jasmin vonage infobip \
             africastalking msg91 exotel rapidpro smseagle"
        );
    }

    #[test]
    fn their_names_are_told_as_a_sentence() {
        let names = names();
        for format in all() {
            assert!(names.contains(format.name), "{}: {names}", format.name);
        }
        assert!(names.matches(", ").count() >= FORMATS.len() - 1, "{names}");
    }

    #[test]
    fn a_key_of_ours_is_asked_for_by_the_steps_of_whoever_takes_one() {
        for format in FORMATS {
            let asked_for = format.steps.iter().any(|step| step.contains("{signing_key}"));
            assert_eq!(format.takes_our_key, asked_for, "{}", format.name);
            assert!(format.verify.is_some() || !format.takes_our_key, "{}", format.name);
        }
    }
}
