//! The formats from outside, one file for each, in one program: what a sender writes, and what becomes of it.

// Clippy lets tests unwrap and print, and knows them by this attribute only.
#[cfg(test)]
mod africastalking;
#[cfg(test)]
mod any_bytes;
#[cfg(test)]
mod bogkonstantin;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod example;
#[cfg(test)]
mod generic;
#[cfg(test)]
mod httpsms;
#[cfg(test)]
mod infobip;
#[cfg(test)]
mod jasmin;
#[cfg(test)]
mod kannel;
#[cfg(test)]
mod plivo;
#[cfg(test)]
mod promise;
#[cfg(test)]
#[expect(unreachable_pub, reason = "public for the fuzz targets, which are other crates")]
#[path = "../../../../fuzz/src/requests.rs"]
mod properties;
#[cfg(test)]
mod recognition;
#[cfg(test)]
mod smsforwarder;
#[cfg(test)]
mod smsgate;
#[cfg(test)]
mod smssync;
#[cfg(test)]
mod table;
#[cfg(test)]
mod telnyx;
#[cfg(test)]
mod textbee;
#[cfg(test)]
mod twilio;
#[cfg(test)]
mod vonage;
