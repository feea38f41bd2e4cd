//! How senders write an SMS into HTTP, and what they want to hear. Pure: a request's bytes in, SMS or what is wrong
//! with them out. It decides nothing about an SMS, knows no receiver, reads no clock.
//!
//! Begin with [`Format`], which is what is known of one sender, then read one of them, `formats/textbee.rs`, and the
//! list in `formats.rs`. [`Incoming`] is a request, [`Content`] what it held, [`fields`] its named values without
//! loss. [`export`] reads the lists of SMS that phones write to files.

mod charset;
mod coding;
mod content;
mod event;
pub mod example;
pub mod export;
mod field_reader;
pub mod fields;
mod format;
mod formats;
pub mod formula;
pub mod generic;
mod incoming;
mod mended;
mod pairs;
mod removed;
mod signing;
mod steps;
mod writing;
mod xml;

pub use content::{Content, Delivered, FieldError, Held, Report, Unusable};
pub use event::{Event, EventKind, Unjudged};
pub use format::{Behind, Clock, Format, Reply, Sign, ToldBy, Verify};
pub use formats::{FORMATS, all, named, names, read_recognised, recognised};
pub use incoming::{Incoming, content_type};
pub use removed::{REMOVED, text_without_secrets, without_secrets};
pub use signing::{Signing, Unsigned};
