//! The types a setting can have, and how each is read from and written as JSON.

use serde_json::Value;

use super::rules::Rule;
use crate::check_id::CheckId;

/// Reading and writing of one type of value. An error is a sentence that follows the key.
pub(super) trait SettingValue: Sized {
    fn read(value: &Value, rule: &Rule) -> Result<Self, String>;
    fn write(&self) -> Value;
}

fn wrong_type<T>(value: &Value, rule: &Rule) -> Result<T, String> {
    let got = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    Err(format!("must be {}, not {got}", rule.describe()))
}

impl SettingValue for u32 {
    fn read(value: &Value, rule: &Rule) -> Result<u32, String> {
        let Value::Number(number) = value else { return wrong_type(value, rule) };
        let whole = number.as_u64().and_then(|n| u32::try_from(n).ok());
        match (rule, whole) {
            (Rule::Whole { min, max, .. }, Some(n)) if (*min..=*max).contains(&n) => Ok(n),
            _ => Err(format!("must be {}, not {number}", rule.describe())),
        }
    }
    fn write(&self) -> Value {
        Value::from(*self)
    }
}

impl SettingValue for bool {
    fn read(value: &Value, rule: &Rule) -> Result<bool, String> {
        value.as_bool().map_or_else(|| wrong_type(value, rule), Ok)
    }
    fn write(&self) -> Value {
        Value::Bool(*self)
    }
}

impl SettingValue for String {
    fn read(value: &Value, rule: &Rule) -> Result<String, String> {
        let Value::String(text) = value else { return wrong_type(value, rule) };
        if let Rule::Text(accept) = rule {
            accept(text)?;
        }
        Ok(text.clone())
    }
    fn write(&self) -> Value {
        Value::String(self.clone())
    }
}

impl SettingValue for Vec<String> {
    fn read(value: &Value, rule: &Rule) -> Result<Vec<String>, String> {
        let list = texts(value, rule)?;
        if let Rule::List(accept) = rule {
            accept(&list)?;
        }
        Ok(list)
    }
    fn write(&self) -> Value {
        Value::from(self.clone())
    }
}

impl SettingValue for Vec<CheckId> {
    fn read(value: &Value, rule: &Rule) -> Result<Vec<CheckId>, String> {
        let names = texts(value, rule)?;
        let mut sequence = Vec::with_capacity(names.len());
        for name in &names {
            let check =
                CheckId::from_name(name).ok_or_else(|| format!("names {name:?}, which is no check"))?;
            if sequence.contains(&check) {
                return Err(format!("names {name} twice"));
            }
            sequence.push(check);
        }
        let missing: Vec<&str> =
            CheckId::all().filter(|c| !sequence.contains(c)).map(CheckId::name).collect();
        if missing.is_empty() {
            Ok(sequence)
        } else {
            Err(format!("must name all {} checks; missing: {}", CheckId::COUNT, missing.join(", ")))
        }
    }
    fn write(&self) -> Value {
        self.iter().map(|check| check.name()).collect()
    }
}

fn texts(value: &Value, rule: &Rule) -> Result<Vec<String>, String> {
    let Value::Array(entries) = value else { return wrong_type(value, rule) };
    entries
        .iter()
        .map(|entry| entry.as_str().map(str::to_owned).ok_or_else(|| format!("must be {}", rule.describe())))
        .collect()
}

/// An enum whose values are words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $( $(#[$vdoc:meta])* $variant:ident = $word:literal ),* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $( $(#[$vdoc])* $variant ),* }

        impl $name {
            /// Every word it takes.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// The word of this value.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $( $name::$variant => $word ),* }
            }
        }

        impl SettingValue for $name {
            fn read(value: &Value, rule: &Rule) -> Result<$name, String> {
                let Value::String(word) = value else { return wrong_type(value, rule) };
                match word.as_str() {
                    $( $word => Ok($name::$variant), )*
                    _ => Err(format!("must be {}, not {word:?}", rule.describe())),
                }
            }
            fn write(&self) -> Value {
                Value::from(self.as_str())
            }
        }
    };
}

words! {
    /// What becomes of an SMS received in time and delivered after the deadline (D8).
    LatePolicy {
        /// It validates.
        Accept = "accept",
        /// time_window_check fails.
        Reject = "reject"
    }
}

words! {
    /// How the text of the SMS names the registration.
    HashStyle {
        /// With the whole hash.
        Sha256 = "sha256",
        /// With its short code, which people can type.
        Short = "short"
    }
}

words! {
    /// When an SMS is acknowledged (D29).
    Durability {
        /// Once it is on disk.
        Strict = "strict",
        /// Up to a second may be lost in a power cut.
        Everysec = "everysec"
    }
}

words! {
    /// How much is logged.
    LogLevel {
        /// Everything.
        Trace = "TRACE",
        /// For finding faults.
        Debug = "DEBUG",
        /// What happens.
        Info = "INFO",
        /// What may need attention.
        Warning = "WARNING",
        /// What failed.
        Error = "ERROR"
    }
}
