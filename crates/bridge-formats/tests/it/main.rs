//! The formats from outside, one file for each, in one program: what a sender writes, and what becomes of it.

// Clippy lets tests unwrap and print, and knows them by this attribute only.
#[cfg(test)]
mod africastalking;
#[cfg(test)]
mod any_bytes;
#[cfg(test)]
mod bandwidth;
#[cfg(test)]
mod bird;
#[cfg(test)]
mod bogkonstantin;
#[cfg(test)]
mod clickatell;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod example;
#[cfg(test)]
mod exotel;
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
mod messagebird;
#[cfg(test)]
mod msg91;
#[cfg(test)]
mod playsms;
#[cfg(test)]
mod plivo;
#[cfg(test)]
mod promise;
#[cfg(test)]
#[expect(unreachable_pub, reason = "public for the fuzz targets, which are other crates")]
#[path = "../../../../fuzz/src/requests.rs"]
mod properties;
#[cfg(test)]
mod rapidpro;
#[cfg(test)]
mod raspisms;
#[cfg(test)]
mod recognition;
#[cfg(test)]
mod senders;
#[cfg(test)]
mod sinch;
#[cfg(test)]
mod smseagle;
#[cfg(test)]
mod smsforwarder;
#[cfg(test)]
mod smsgate;
#[cfg(test)]
mod smssync;
#[cfg(test)]
mod smstool;
#[cfg(test)]
mod table;
#[cfg(test)]
mod telnyx;
#[cfg(test)]
mod termux;
#[cfg(test)]
mod textbee;
#[cfg(test)]
mod twilio;
#[cfg(test)]
mod vonage;
#[cfg(test)]
mod vonage_messages;
