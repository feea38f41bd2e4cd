//! Links that open a phone's SMS app with number and text filled in. Not which one a page shows: that is `bridge-page`.

/// The same SMS for each system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsLinks {
    /// iOS wants & before the body.
    pub ios: String,
    /// Android wants ?, as RFC 5724 has it.
    pub android: String,
    /// Both take ?&.
    pub universal: String,
}

impl SmsLinks {
    /// To that number. The text holds nothing that a link must encode: letters, digits, hyphens, and a colon, which may
    /// stand in a link as it is, and some apps do not decode one (D47).
    #[must_use]
    pub fn of(number: &str, text: &str) -> SmsLinks {
        SmsLinks {
            ios: format!("sms:{number}&body={text}"),
            android: format!("sms:{number}?body={text}"),
            universal: format!("sms:{number}?&body={text}"),
        }
    }
}
