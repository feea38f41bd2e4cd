//! The ways of telling somebody: one file each, one list. A way says what it needs and makes of a message what goes out.
//! Pure: who connects is [`super::send`].

use std::collections::BTreeMap;

use bridge_core::Timestamp;
use serde::Serialize;

/// What the operator filled in, by the name of the field.
pub type Values = BTreeMap<String, String>;

/// Makes a module of each file, and the one list of what they hold.
macro_rules! ways {
    ($($module:ident)*) => {
        $(mod $module;)*
        /// Every way, in the order in which people read them.
        pub const ALL: &[Way] = &[$($module::WAY),*];
    };
}

ways! { email ntfy telegram slack webhook }

/// One way of telling.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Its name in the API, the tables and the command line.
    pub word: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// What it needs.
    pub fields: &'static [Field],
    /// What goes out, or which field is wrong and why.
    pub make: fn(&Values, &Message) -> Result<Call, Wrong>,
    /// Who is told, without any secret.
    pub whom: fn(&Values) -> String,
}

/// One thing that a way needs.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in the API and, with `--`, on the command line.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What it is and where it comes from.
    pub help: &'static str,
    /// An example.
    pub example: &'static str,
    /// It cannot be left out.
    pub is_required: bool,
    /// It is never shown again.
    pub is_secret: bool,
    /// What may be chosen; empty: anything.
    pub choices: &'static [&'static str],
}

impl Field {
    const fn needed(
        name: &'static str,
        label: &'static str,
        help: &'static str,
        example: &'static str,
    ) -> Field {
        Field { name, label, help, example, is_required: true, is_secret: false, choices: &[] }
    }

    const fn free(
        name: &'static str,
        label: &'static str,
        help: &'static str,
        example: &'static str,
    ) -> Field {
        Field { is_required: false, ..Field::needed(name, label, help, example) }
    }

    const fn secret(self) -> Field {
        Field { is_secret: true, ..self }
    }
}

/// A field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Its name.
    pub field: &'static str,
    /// What is wrong with it.
    pub why: String,
}

fn wrong(field: &'static str, why: impl Into<String>) -> Wrong {
    Wrong { field, why: why.into() }
}

/// What somebody is told.
#[derive(Clone, Debug)]
pub struct Message {
    /// The same at every try.
    pub id: String,
    /// When this try is made.
    pub at: Timestamp,
    /// In a line.
    pub title: String,
    /// The whole.
    pub text: String,
    /// Somebody must know at once.
    pub is_urgent: bool,
    /// Everything in it is over.
    pub is_good: bool,
    /// The same for programs.
    pub troubles: Vec<Said>,
}

/// One trouble as programs read it.
#[derive(Clone, Debug, Serialize)]
pub struct Said {
    /// What kind.
    pub kind: &'static str,
    /// What it is about.
    pub subject: String,
    /// Since when.
    pub began_at: String,
    /// Until when; none: it goes on.
    pub ended_at: Option<String>,
    /// In a sentence.
    pub text: String,
}

/// What goes out.
#[derive(Clone, PartialEq, Eq)]
pub enum Call {
    /// A POST over HTTP.
    Post {
        /// Where to.
        url: String,
        /// With these headers.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: String,
    },
    /// An e-mail.
    Mail(Box<Mail>),
}

/// An e-mail and the server that takes it.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// The server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
    /// Who logs in there, with which password.
    pub login: Option<(String, String)>,
    /// Who it is from.
    pub from: lettre::message::Mailbox,
    /// Who it is to.
    pub to: Vec<lettre::message::Mailbox>,
}

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// It begins plain and must be encrypted before anything is said.
    StartTls,
    /// It is encrypted from the beginning.
    Tls,
    /// It is not: only in a network of the operator's own.
    Plain,
}

/// The way of that name.
#[must_use]
pub fn named(word: &str) -> Option<&'static Way> {
    ALL.iter().find(|way| way.word == word)
}

/// A field that was filled in.
fn given<'a>(values: &'a Values, name: &str) -> Option<&'a str> {
    values.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// A field that must be filled in.
fn needed<'a>(values: &'a Values, name: &'static str) -> Result<&'a str, Wrong> {
    given(values, name).ok_or_else(|| wrong(name, "is missing"))
}

/// The host of an address: the rest may be a secret.
fn host(values: &Values) -> String {
    let url = given(values, "url").unwrap_or_default();
    reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

fn json(url: String, bearer: Option<&str>, body: &impl Serialize) -> Call {
    let mut headers = vec![("content-type", "application/json".to_owned())];
    headers.extend(bearer.map(|token| ("authorization", format!("Bearer {token}"))));
    // Texts and numbers: there is nothing that it could refuse.
    Call::Post { url, headers, body: serde_json::to_string(body).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn message() -> Message {
        Message {
            id: "msg_1".to_owned(),
            at: Timestamp(1_769_860_800_000),
            title: "SMS Bridge: nobody can register".to_owned(),
            text: "Nobody can register: \"maintenance\" & more <b>.".to_owned(),
            is_urgent: true,
            is_good: false,
            troubles: Vec::new(),
        }
    }

    pub(super) fn values(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_way_has_a_name_of_its_own_and_says_which_needed_field_is_missing() {
        for (place, way) in ALL.iter().enumerate() {
            assert_eq!(ALL.iter().position(|other| other.word == way.word), Some(place));
            assert!(way.about.ends_with('.'), "{}", way.word);
            let first = way.fields.iter().find(|field| field.is_required).unwrap();
            let wrong = (way.make)(&Values::new(), &message()).err().unwrap();
            assert_eq!(wrong.field, first.name, "{}", way.word);
        }
    }

    #[test]
    fn whoever_is_shown_no_secret_is_told_whom_it_reaches() {
        for way in ALL {
            let secret = "s3cr3t";
            let values: Values = way
                .fields
                .iter()
                .map(|field| {
                    let value = match field.name {
                        "url" => format!("https://host.example/{secret}?{secret}"),
                        _ if field.is_secret => secret.to_owned(),
                        _ => field.example.to_owned(),
                    };
                    (field.name.to_owned(), value)
                })
                .collect();
            let is_secret = way.fields.iter().any(|field| field.name == "url" && field.is_secret);
            let whom = (way.whom)(&values);
            assert!(!whom.is_empty(), "{}", way.word);
            assert!(!is_secret || !whom.contains(secret), "{whom}");
        }
    }
}
