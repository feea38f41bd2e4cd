//! The names of all keys: 003's own, and ours, which begin with `bridge:`. Rust and Lua take them from this
//! one list. Not what is in them: that is said where they are written.
//!
//! A name that ends with a colon is followed by a mobile number, an id or a digest. Everything of one mobile is
//! reached by [`of_mobile`]'s prefixes, so that a Redis Cluster tag could be put there.

/// Declares each key once, for Rust as a constant and for Lua under the same name.
macro_rules! keys {
    ($( $(#[$doc:meta])* $name:ident = $key:literal; )*) => {
        $( $(#[$doc])* pub(super) const $name: &str = $key; )*
        /// The keys by these names.
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

keys! {
    /// 003: the newest open onboarding of a number as it was registered, else the newest, with its TTL (D51).
    QUEUE_ONBOARDING = "queue_onboarding:";
    /// 003: its hash alone.
    ONBOARD_HASH = "onboard_hash:";
    /// 003: one judged SMS, by its id.
    QUEUE_INPUT_SMS = "queue_input_sms:";
    /// 003: pairs of number and device that were validated.
    VALIDATED = "Queue_validated_mobiles";
    /// 003: blacklisted numbers.
    BLACKLIST = "blacklist_mobiles";
    /// 003: SMS of a number in 24 hours.
    SMS_COUNT = "sms_count:";
    /// 003: the last id of a judged SMS.
    COUNTER_INPUT_SMS = "counter:queue_input_sms";
    /// 003: the last id of an onboarding.
    COUNTER_ONBOARDING = "counter:queue_onboarding";
    /// 003: one cached setting.
    SETTING = "setting:";

    /// The name of the epoch in which the data are whole (D28).
    EPOCH = "bridge:epoch";
    /// The name of the epoch that a rebuild under way will begin.
    REBUILD = "bridge:rebuild";
    /// Who has a job, by its name.
    LEASE = "bridge:lease:";
    /// The channel on which the bridges of a group tell each other what changed.
    NOTICES = "bridge:notices";
    /// Until when something is remembered that may be used once, by its name.
    USED_ONCE = "bridge:used:";
    /// Written to find out whether anything can be written.
    PROBE = "bridge:probe";
    /// When the window of `sms_count:` of a number ends, 15 digits, and then the ids of the onboardings that an SMS may
    /// mean, newest first.
    SENDER = "bridge:sender:";
    /// Every onboarding by its id, as it stands.
    ONBOARDING = "bridge:onboarding:";
    /// Deadlines of onboardings that were pending.
    DEADLINES = "bridge:deadlines";
    /// When onboardings leave that nobody needs for anything else.
    EXPIRIES = "bridge:expiries";
    /// New hashes of a number in the hour, for each client address.
    REGISTRATIONS = "bridge:registrations:";
    /// SMS of a number that wait to be judged.
    WAITING = "bridge:waiting:";
    /// There was such a mark of any number lately: most of the time there is none, and this is read together with
    /// all other texts.
    MARKED = "bridge:marked";
    /// Until when the count of a number is forgotten: it was taken off the blacklist then.
    UNCOUNTED = "bridge:uncounted:";
    /// What a redelivery is recognised by (D9).
    SEEN = "bridge:seen:";
    /// The first SMS that came with a delivery id.
    DELIVERY = "bridge:delivery:";
    /// Ids of judged SMS not yet in `input_sms` that validated a number.
    QUEUED_PASSED = "bridge:queue:passed";
    /// Ids of the other judged SMS not yet there.
    QUEUED_FAILED = "bridge:queue:failed";
    /// Ids of onboardings that changed since they were written to `onboarding_mobile`.
    QUEUED_ONBOARDINGS = "bridge:queue:onboarding";
    /// Numbers not yet in `blacklist_sms`, in their order.
    QUEUED_BLACKLIST = "bridge:queue:blacklist";
    /// What waits to be told to apps.
    TOLD = "bridge:queue:told";
    /// When blocks end that end by themselves.
    BLACKLIST_ENDS = "bridge:blacklist:ends";
    /// What is to be written there of each.
    QUEUED_BLACKLIST_ENTRIES = "bridge:queue:blacklist:entries";
    /// A blacklist that is being built aside, by a number.
    BLACKLIST_BUILDING = "bridge:blacklist:building:";
}

/// Whether a key is one of ours: a rebuild deletes exactly these.
pub(super) fn is_ours(key: &[u8]) -> bool {
    key.starts_with(b"bridge:")
        || ALL.iter().any(|(_, name)| match name.strip_suffix(':') {
            Some(_) => key.starts_with(name.as_bytes()),
            None => key == name.as_bytes(),
        })
}

/// The key of a job's lease.
pub(super) fn lease(job: &str) -> String {
    format!("{LEASE}{job}")
}

/// The key of one mobile (or, for judged SMS, settings and onboardings, of one id) under a prefix of this list.
pub(super) fn of(prefix: &str, of: impl std::fmt::Display) -> String {
    format!("{prefix}{of}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_keys_are_ours() {
        for key in ["bridge:epoch", "sms_count:+919876543210", "Queue_validated_mobiles", "setting:log_level"]
        {
            assert!(is_ours(key.as_bytes()), "{key}");
        }
        for key in ["sms_counted", "Queue_validated_mobiles2", "counter:other", "celery", "bridgehead"] {
            assert!(!is_ours(key.as_bytes()), "{key}");
        }
    }
}
