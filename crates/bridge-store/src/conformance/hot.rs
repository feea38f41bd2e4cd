//! The cases of `HotStore`, by what they are about.

use std::future::Future;
use std::ops::Deref;

use crate::HotStore;

cases! {
    /// `hot_conformance!(name, fixture)`: one test for each case, in a module of that name. `fixture` is
    /// a future of something that derefs to `dyn HotStore`: a fresh, empty store.
    ($) hot_conformance, hot, dyn HotStore;
    random { random_operations random_losses }
    registering {
        a_new_registration_is_kept_as_it_was_asked
        what_the_app_asked_for_is_kept_and_survives_a_loss
        asking_again_gives_the_same_hash_until_the_deadline
        without_a_device_nobody_is_the_same
        other_people_stand_beside_each_other
        a_full_number_ends_one_of_whoever_holds_most_places
        each_client_address_has_its_own_hour
        a_cancelled_one_stays_cancelled_when_a_newer_comes
        a_validated_pair_is_refused_and_another_device_is_not
        a_blacklisted_number_is_refused_while_the_check_is_on
        too_many_new_hashes_wait_for_the_window
    }
    lifetime {
        an_onboarding_is_gone_at_expires_at
        a_superseded_one_does_not_outlive_its_successor_as_the_newest
        cancelling_depends_on_the_state
        what_was_no_sms_is_shown_while_it_can_be_validated
        a_deadline_moves_with_the_clock_that_was_wrong
        a_revived_onboarding_comes_back_as_it_was
        one_is_revived_beside_those_of_other_people
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
        a_block_ends_by_itself
        a_flood_blocks_again_after_a_block_has_ended
        counters_never_go_back
        clearing_away_is_invisible
    }
    epochs {
        without_an_epoch_nothing_is_judged_or_registered
        what_was_admitted_before_a_rebuild_is_not_recorded_after_it
        a_rebuild_empties_the_store
        a_store_that_is_being_rebuilt_has_no_epoch
        a_newer_rebuild_takes_the_right_away
        the_right_to_rebuild_ends_with_the_rebuild
        what_comes_late_is_restored_in_the_entered_epoch
    }
    restoring_sms {
        a_redelivery_gets_its_answer_after_a_loss
        a_delivery_id_is_known_after_a_loss
        the_count_of_the_day_is_as_it_was
        a_window_that_was_over_is_not_counted_again
        what_was_counted_before_unblacklisting_stays_forgotten
        an_answer_that_comes_late_ends_a_judgement
        ids_go_on_after_a_loss
    }
    restoring_onboardings {
        an_onboarding_is_as_it_was_after_a_loss
        a_pass_that_the_table_never_heard_of_validates
        a_pass_is_not_superseded_by_what_was_registered_after_it
        a_number_that_asked_too_often_still_did
        a_restored_deadline_passes
        an_older_one_never_becomes_the_newest
        a_superseded_one_does_not_stand_in_for_its_successor
        what_is_newer_stays
        a_validated_pair_is_refused_after_a_loss
    }
    waiting {
        an_sms_waits_behind_one_of_its_sender
        what_waits_behind_has_no_effect
        an_answered_sms_is_answered_while_others_wait
        a_sender_that_is_no_number_waits_too
        a_mark_holds_for_its_time
        an_sms_that_is_replayed_does_not_wait_behind_itself
    }
    leases {
        a_lease_has_one_holder
        a_lease_is_taken_over_only_after_its_end
        only_the_holder_gives_a_lease_back
        what_may_be_used_once_is_remembered_for_its_time
        a_rebuild_ends_every_lease_but_its_own
    }
    person {
        everything_of_a_number_is_shown_and_nothing_of_another
        an_erased_number_is_one_that_was_never_there
        what_came_after_the_erasure_stays
        erasing_is_safe_to_repeat_and_needs_no_epoch
        an_unvalidated_number_registers_again
    }
    telling {
        what_was_changed_is_announced
        probes_can_be_written
    }
}

/// Random operations: the backend answers and holds what the reference does.
pub fn random_operations<F, Fut, S>(fixture: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = S>,
    S: Deref<Target = dyn HotStore>,
{
    super::random::hot::agrees_with_the_model(fixture);
}

/// Random losses: what was rebuilt from the audit trail answers as the reference, which never lost anything.
pub fn random_losses<F, Fut, S>(fixture: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = S>,
    S: Deref<Target = dyn HotStore>,
{
    super::random::losses::nothing_is_missed(fixture);
}
