//! Steps of setting an app or a provider up that are the same for several of them. What is one sender's own stands in its
//! file.

/// Without it, the phone stops delivering when its screen is off, and chats are no SMS.
pub(crate) const KEEP_IT_AWAKE: &str =
    "Exempt the app from battery optimisation, and turn off RCS chats in the phone's messaging app.";
/// The last step where a phone delivers.
pub(crate) const TRY_THE_PHONE: &str = "Text the phone and look for the SMS in the bridge's log.";
/// The last step where a provider or a gateway delivers.
pub(crate) const TRY_THE_NUMBER: &str =
    "Text the number from a phone and look for the SMS in the bridge's log.";
