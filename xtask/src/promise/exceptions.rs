//! Where the tree does not hold the promise, each place with its reason. Data only.

/// A file that names things although the promise says that it need not.
pub(super) struct Exception {
    /// The end of its path.
    pub(super) file: &'static str,
    /// What it names: an instance, or one of the names of an instance.
    pub(super) names: &'static [&'static str],
    #[expect(dead_code, reason = "for whoever reads the list")]
    why: &'static str,
}

/// This list only shrinks: what is no longer true fails the test, too.
pub(super) const EXCEPTIONS: &[Exception] = &[
    Exception {
        file: "lab/presets.rs",
        names: &["mobile_check", "duplicate_check", "header_hash_check", "count_check", "time_window_check"],
        why: "an example that fails there is an example of that check",
    },
    Exception {
        file: "bridge-http/src/view.rs",
        names: &["mobile_check"],
        why: "an example in the description of the API",
    },
    Exception {
        file: "src/judged_record.rs",
        names: &["duplicate_check", "blacklist_check"],
        why: "what an old row tells of a pair and of the blacklist, it tells by what these found",
    },
    Exception {
        file: "src/registration.rs",
        names: &["foreign_number_check", "blacklist_check", "maintenance_mode"],
        why: "whom an SMS of would be refused may not register either; and since when registration pauses",
    },
    Exception {
        file: "cli/doctor.rs",
        names: &["header_hash_check", "header_hash_check_enabled", "maintenance_mode"],
        why: "findings of the doctor; the first could come from the dangers of the settings",
    },
    Exception {
        file: "cli/init/first_start.rs",
        names: &["default_country_code", "allowed_country_codes"],
        why: "a newcomer is asked for the country, and both follow from it",
    },
    Exception {
        file: "api/settings.rs",
        names: &["user_timelimit_seconds", "count_check_threshold", "blacklist_threshold"],
        why: "examples in the description of the API",
    },
    Exception {
        file: "api/rejudge.rs",
        names: &["count_check_threshold"],
        why: "an example in the description of the API",
    },
    Exception {
        file: "pages/settings.rs",
        names: &["log_level"],
        why: "a flag may overrule it until the next start",
    },
    Exception {
        file: "src/generic.rs",
        names: &["sms_receiver_number"],
        why: "a field of a request, which only has the same name",
    },
    Exception {
        file: "cli/simulate.rs",
        names: &["sms_receiver_number"],
        why: "a field of an answer, which only has the same name",
    },
    Exception {
        file: "src/export.rs",
        names: &["smsgate"],
        why: "the list that the app writes to a file, which is another thing by the same name",
    },
    Exception {
        file: "cli/receiver.rs",
        names: &["smsgate", "time_zone"],
        why: "an example of a command, and a field of a receiver, which only has the same name",
    },
    Exception { file: "cli/serve.rs", names: &["smsgate"], why: "an example of a command" },
    Exception {
        file: "state/pushing.rs",
        names: &["sync_validated_mobiles_to_hetzner"],
        why: "how the remote does is what this worker says, and those below the workers ask for it",
    },
    Exception {
        file: "admin/blacklist.rs",
        names: &["populate_blacklist_from_postgres"],
        why: "the lease that this worker and whoever takes a number off hold in turn is called like it",
    },
    Exception {
        file: "postgres/examine.rs",
        names: &["purge_expired_audit"],
        why: "who makes the months ahead, for the operator to look at",
    },
    Exception {
        file: "docs/examples.rs",
        names: &["smsgate", "blacklist_threshold", "sms_receiver_number"],
        why: "examples in the description of the API",
    },
    Exception { file: "formats/bird.rs", names: &["messagebird"], why: "headers of the same company" },
    Exception {
        file: "base/problem.rs",
        names: &["edge_required"],
        why: "the error that the setting leads to has its name",
    },
    Exception {
        file: "admin/receivers.rs",
        names: &["time_zone"],
        why: "a field of a receiver, which only has the same name",
    },
    Exception {
        file: "receivers/wish.rs",
        names: &["time_zone"],
        why: "a field of a receiver, which only has the same name",
    },
    Exception {
        file: "pages/receivers.rs",
        names: &["time_zone"],
        why: "a field of a receiver, which only has the same name",
    },
    Exception {
        file: "desk/receivers.html",
        names: &["time_zone"],
        why: "a field of a receiver, which only has the same name",
    },
    Exception {
        file: "cli/receiver_test.rs",
        names: &["time_zone"],
        why: "a field of a receiver, which only has the same name",
    },
    Exception {
        file: "audit/receivers.rs",
        names: &["time_zone"],
        why: "a field of a receiver, which only has the same name",
    },
    Exception {
        file: "looking/standing.rs",
        names: &["edge_required"],
        why: "the setting that lets people in again is where the banner leads",
    },
    Exception {
        file: "pages/recovery.rs",
        names: &["maintenance_mode"],
        why: "the button of the banner ends it",
    },
];
