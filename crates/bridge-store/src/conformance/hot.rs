//! The cases of `HotStore`, by what they are about.

use std::future::Future;
use std::ops::Deref;

use crate::HotStore;

cases! {
    /// `hot_conformance!(name, fixture)`: one test for each case, in a module of that name. `fixture` is
    /// a future of something that derefs to `dyn HotStore`: a fresh, empty store.
    ($) hot_conformance, hot, dyn HotStore;
    registering {
        a_new_registration_is_kept_as_it_was_asked
        asking_again_gives_the_same_hash_until_the_deadline
        without_a_device_nobody_is_the_same
        another_device_supersedes
        a_cancelled_one_stays_cancelled_when_a_newer_comes
        a_validated_pair_is_refused_and_another_device_is_not
        a_blacklisted_number_is_refused_while_the_check_is_on
        too_many_new_hashes_wait_for_the_window
    }
    lifetime {
        an_onboarding_is_gone_at_expires_at
        a_superseded_one_does_not_outlive_its_successor_as_the_newest
        cancelling_depends_on_the_state
        a_revived_onboarding_comes_back_as_it_was
        reviving_changes_nothing_while_the_number_has_one
        reviving_does_not_lose_a_change_that_waits
        a_deadline_passes_one_millisecond_after_it
        deadlines_pass_earliest_first_and_at_most_max
        what_changes_is_announced
    }
    admitting {
        the_first_copy_is_judged_and_the_second_waits
        an_sms_that_was_never_answered_is_taken_over
        a_copy_of_an_answered_sms_gets_the_same_answer
        stamps_within_one_second_are_one_sms
        a_delivery_that_comes_again_with_another_stamp_is_the_same
        a_delivery_id_with_other_content_is_a_new_sms
        a_bare_sms_is_remembered_for_two_minutes
        a_stamped_sms_is_remembered_for_72_hours
        the_count_covers_24_hours_from_the_first
        old_and_unusable_sms_are_not_counted
        a_flooding_sender_is_blacklisted_before_its_facts_are_read
        a_sender_is_blacklisted_only_once
    }
    recording {
        a_pass_validates_everything_at_once
        a_fail_shows_and_validates_nothing
        an_expired_onboarding_can_still_be_validated
        a_final_onboarding_is_not_touched
        recording_twice_is_recording_once
        what_changed_meanwhile_is_judged_again
        a_pair_validated_meanwhile_is_judged_again
        only_what_was_admitted_is_recorded
        an_admission_ends_with_its_memory
        a_sender_without_onboarding_is_recorded
    }
    queues {
        an_sms_waits_until_it_is_forgotten
        an_onboarding_that_changed_again_keeps_waiting
        a_touched_onboarding_has_nothing_new_for_the_table
        the_blacklist_is_kept_and_queued
        unblacklisting_forgets_the_count_too
        replacing_the_blacklist_keeps_what_still_waits
        counters_never_go_back
        clearing_away_is_invisible
    }
}

/// Random operations: the backend answers and holds what the reference does.
pub fn random<F, Fut, S>(fixture: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = S>,
    S: Deref<Target = dyn HotStore>,
{
    super::random::hot::agrees_with_the_model(fixture);
}
