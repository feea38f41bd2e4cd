//! The cases of `AuditStore`, by table.

use std::future::Future;
use std::ops::Deref;

use super::under_test::AuditUnderTest;

cases! {
    /// `audit_conformance!(name, fixture)`: one test for each case, in a module of that name. `fixture`
    /// is a future of something that derefs to `dyn AuditUnderTest`: a fresh, empty store.
    ($) audit_conformance, audit, dyn AuditUnderTest;
    random { random_operations }
    sms {
        every_column_comes_back
        appending_twice_is_appending_once
        strange_texts_and_senders_are_kept
        what_passed_is_a_validated_mobile
        pages_go_from_new_to_old
        stored_for_later_in_order_of_arrival
        stored_for_later_once_and_until_processed
    }
    people {
        an_onboarding_comes_back_without_its_last_sms
        an_older_version_never_overwrites
        the_newest_onboarding_is_the_last_registered
        a_blacklisted_number_keeps_its_first_reason
        the_blacklist_is_newest_first
        what_the_app_asked_for_comes_back
        refusals_are_newest_first
        quarantine_takes_any_bytes
        a_quarantined_body_is_one_until_it_is_taken_away
        the_quarantine_of_one_receiver_has_room_for_so_much
    }
    page {
        each_step_is_counted_once
        from_a_desktop_to_a_phone_it_was_scanned
        the_funnel_tells_what_became_of_whom
    }
    validated {
        validated_numbers_are_found_by_number_and_time
    }
    api_keys {
        a_key_is_kept_once_and_used_ever_later
    }
    settings {
        seeding_gives_every_setting_its_default
        a_changed_setting_survives_seeding
        a_setting_that_breaks_a_rule_is_refused
        the_history_keeps_what_was
        several_settings_change_together_or_not_at_all
        counters_keep_the_larger_value
        report_counters_add_up
    }
    syncing {
        what_passed_waits_for_the_remote
        what_the_remote_has_is_marked_once
        a_row_is_parked_after_so_many_refusals
        later_rows_of_a_parked_number_wait_behind_it
        what_is_unparked_is_tried_anew
    }
    rebuilding {
        judged_sms_come_back_as_they_were_queued
        judged_sms_come_in_the_order_of_their_intake
        onboardings_come_in_order_of_registration
        validated_pairs_come_once_each
        unblacklisting_is_remembered_with_its_time
        the_epoch_is_the_one_saved_last
        members_say_what_they_handed_over
        totals_count_what_is_there
        probes_can_be_written
    }
    lookup {
        a_known_sms_is_found_wherever_it_is
        sms_are_counted_by_receiver_and_hour
        a_part_is_judged_once
    }
    receivers {
        receivers_come_by_name_as_they_were_last_put
        sightings_add_up
        spellings_add_up
        sightings_are_the_same_however_they_are_told
        receivers_are_never_purged
    }
    looking_back {
        judged_sms_are_read_newest_first
        one_judged_sms_is_found
        onboardings_are_found_by_their_ids
    }
    accounts {
        accounts_come_by_name
        there_is_always_an_owner
        a_link_makes_the_first_owner_once
        a_link_sets_a_password_once
        a_session_lasts_until_it_ends
        sessions_end_with_what_they_rest_on
        the_admin_log_is_found_by_what_it_says
    }
    desk {
        every_filter_finds_what_it_lets_through
        what_is_rare_is_found_page_by_page
        the_story_of_an_sms_is_told_whole
        onboardings_are_found_by_all_they_have
        refusals_are_found_by_number_and_reason
        the_history_of_settings_is_read_page_by_page
        the_blacklist_is_read_page_by_page
        what_was_stored_for_later_is_read_page_by_page
        the_quarantine_is_read_page_by_page
        sms_are_counted_once_however_often_they_come
        an_onboarding_is_counted_where_it_stands
        the_worst_senders_come_first
        refusals_are_counted_by_hour_and_reason
        an_incident_begins_and_ends_once
        figures_are_purged_by_age
    }
    person {
        rows_about_a_number_are_shown_and_erased_and_no_others
        what_came_after_the_erasure_stays
        what_an_sms_proved_goes_with_it_however_late_it_was_judged
        a_block_is_kept_or_lifted
        receipts_are_kept_in_their_last_state
        what_the_hot_store_may_know_is_told_by_traces
        an_unvalidated_number_does_not_come_back
        a_blocked_address_is_as_it_was_last_put
        a_block_that_ended_gives_way_and_goes
    }
    webhooks {
        a_webhook_is_as_it_was_last_put
        an_event_is_kept_once_for_those_who_want_it
        a_claim_is_one_bridge_s_until_it_ends
        events_of_an_onboarding_wait_for_those_before
        what_waits_behind_a_failed_one_is_due_when_that_is
        every_try_is_kept_and_since_when_it_fails
        what_is_replayed_is_tried_from_the_beginning
        what_several_bridges_see_begins_with_the_first_and_ends_with_the_last
        what_waits_is_tried_at_once_when_a_webhook_is_changed
        deliveries_go_with_what_they_speak_of
    }
    notices {
        a_target_is_as_it_was_last_put
        what_two_bridges_see_is_told_once
        who_does_not_want_it_or_was_not_there_is_not_told
        who_was_told_that_it_began_is_told_its_end_whatever_the_clock_said
        a_notice_is_one_bridge_s_until_its_claim_ends
        what_is_not_taken_is_told_again_until_it_is_given_up
        notices_go_with_their_target_and_by_age
    }
    purging {
        what_is_older_than_the_boundary_goes
        at_most_max_rows_of_each_table_go
        what_waits_for_the_remote_stays
        what_waits_to_be_judged_stays
        a_validated_mobile_is_never_purged
        what_the_remote_refused_goes_with_its_row
    }
}

/// Any split and repetition of what arrives gives the same tables.
pub fn random_operations<F, Fut, S>(fixture: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = S>,
    S: Deref<Target = dyn AuditUnderTest>,
{
    super::random::audit::arrives_once_however_often(fixture);
}
