//! The corners where order and loss are subtle: what is right, and what looks nearly the same and is wrong.

use super::*;
use Invariant::*;
use Word::*;

/// An unsent message of Friday and a younger one behind it; the old one waits to be confirmed.
fn an_old_message() -> Stage {
    let mut stage = Stage::new();
    stage.phone(PHONE, PhoneEvent::Network(false));
    stage
        .says(PHONE, 1)
        .tries(PHONE, 1)
        .shows(PHONE, 0, &[(1, QUEUED)])
        .passes(25 * HOUR);
    stage.says(PHONE, 2).shows(PHONE, 0, &[(1, ASKED), (2, QUEUED)]);
    stage.phone(PHONE, PhoneEvent::Network(true));
    stage
}

#[test]
fn an_old_message_that_is_confirmed_goes_behind_the_younger_one() {
    let mut stage = an_old_message();
    stage.sends(PHONE, 2).shows(PHONE, 1, &[(1, ASKED)]).passes(HOUR);
    stage
        .confirms(PHONE, 1)
        .sends(PHONE, 1)
        .shows(PHONE, 2, &[])
        .shows(DIETITIAN, 2, &[])
        .passes(HOUR);
    stage.is_clean();
}

#[test]
fn an_old_message_that_is_confirmed_before_the_younger_one_left_still_goes_behind_it() {
    let mut stage = an_old_message();
    stage.confirms(PHONE, 1);
    let mut overtaking = stage.clone();
    stage.sends(PHONE, 2).sends(PHONE, 1).is_clean();
    overtaking
        .sends(PHONE, 1)
        .sends(PHONE, 2)
        .is_objected_to(&[(I3, Reordered)]);
}

#[test]
fn an_old_message_that_goes_without_being_confirmed_is_unexpected() {
    let mut stage = an_old_message();
    stage.sends(PHONE, 1).is_objected_to(&[(I1, Unexpected)]);
}

#[test]
fn an_old_message_whose_first_attempt_was_stored_after_all_keeps_its_first_place() {
    let mut stage = Stage::new();
    // Stored at once; the answer is lost, and the pull that settles it comes a day later.
    stage
        .says(PHONE, 1)
        .sends(PHONE, 1)
        .shows(PHONE, 0, &[(1, QUEUED)])
        .phone(PHONE, PhoneEvent::Network(false));
    stage
        .passes(25 * HOUR)
        .says(PHONE, 2)
        .phone(PHONE, PhoneEvent::Network(true))
        .shows(PHONE, 1, &[(2, QUEUED)]);
    stage.sends(PHONE, 2).shows(PHONE, 2, &[]).is_clean();
}

#[test]
fn an_old_message_that_was_dropped_instead_of_asked_about_is_lost() {
    let mut stage = an_old_message();
    stage
        .sends(PHONE, 2)
        .shows(PHONE, 1, &[])
        .is_objected_to(&[(I1, Lost)]);
}

#[test]
fn a_confirmation_that_keeps_the_old_place_is_reordered() {
    let mut stage = an_old_message();
    stage.phone(
        PHONE,
        PhoneEvent::Confirmed {
            op: 1,
            local_order: 1,
        },
    );
    stage.is_objected_to(&[(I3, Reordered)]);
}

/// A refused message with another one behind it.
fn a_refused_message() -> Stage {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .says(PHONE, 2)
        .tries(PHONE, 1)
        .is_refused(PHONE, 1);
    stage.shows(PHONE, 0, &[(1, PARKED), (2, QUEUED)]);
    stage
}

#[test]
fn a_refused_message_is_passed_and_goes_to_the_tail_when_sent_again() {
    let mut stage = a_refused_message();
    stage.sends(PHONE, 2).shows(PHONE, 1, &[(1, PARKED)]);
    stage
        .sends_again(PHONE, 1)
        .sends(PHONE, 1)
        .shows(PHONE, 2, &[])
        .is_clean();
}

#[test]
fn a_refused_message_sent_again_at_its_old_place_is_reordered() {
    let mut stage = a_refused_message();
    stage
        .sends_again(PHONE, 1)
        .sends(PHONE, 1)
        .sends(PHONE, 2)
        .is_objected_to(&[(I3, Reordered)]);
}

#[test]
fn a_refused_message_that_disappears_is_lost_unless_its_author_discarded_it() {
    let mut stage = a_refused_message();
    let mut discarded = stage.clone();
    stage
        .shows(PHONE, 0, &[(2, QUEUED)])
        .is_objected_to(&[(I1, Lost)]);
    discarded
        .phone(PHONE, PhoneEvent::Discarded(1))
        .shows(PHONE, 0, &[(2, QUEUED)])
        .is_clean();
}

#[test]
fn a_refused_message_that_tries_by_itself_is_unexpected() {
    let mut stage = a_refused_message();
    stage.tries(PHONE, 1).is_objected_to(&[(I1, Unexpected)]);
}

#[test]
fn a_message_stored_once_and_then_refused_is_judged_by_the_place_that_it_was_stored_at() {
    let mut stage = Stage::new();
    // Stored, the answer lost, the repeat refused: parked although it is in the log. Sent again, it is a duplicate there.
    stage
        .says(PHONE, 1)
        .says(PHONE, 2)
        .sends(PHONE, 1)
        .tries(PHONE, 1)
        .is_refused(PHONE, 1);
    stage
        .shows(PHONE, 0, &[(1, PARKED), (2, QUEUED)])
        .sends(PHONE, 2)
        .sends_again(PHONE, 1)
        .tries(PHONE, 1);
    stage.shows(PHONE, 2, &[]).is_clean();
}

#[test]
fn a_first_request_that_wandered_and_arrives_after_the_refusal_of_its_repeat_is_nobodys_fault() {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .says(PHONE, 2)
        .tries(PHONE, 1)
        .tries(PHONE, 1)
        .is_refused(PHONE, 1);
    stage
        .shows(PHONE, 0, &[(1, PARKED), (2, QUEUED)])
        .sends(PHONE, 2)
        .stores(PHONE, 1);
    stage.shows(PHONE, 2, &[]).is_clean();
}

/// Two messages are queued when consent is withdrawn; the withdrawal is sent.
fn withdrawn_consent() -> Stage {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .says(PHONE, 2)
        .shows(PHONE, 0, &[(1, QUEUED), (2, QUEUED)]);
    let mut withdrawal = stage.draft(PHONE, 3);
    withdrawal.kind = Kind::ConsentWithdrawn;
    stage
        .enqueues(PHONE, withdrawal)
        .sends(PHONE, 3)
        .shows(PHONE, 1, &[(1, QUEUED), (2, QUEUED)]);
    stage
}

#[test]
fn a_withdrawal_goes_first_and_what_it_held_back_goes_behind_the_next_consent() {
    let mut stage = withdrawn_consent();
    let mut consent = stage.draft(PHONE, 4);
    consent.kind = Kind::ConsentGiven;
    stage
        .enqueues(PHONE, consent)
        .sends_again(PHONE, 1)
        .sends_again(PHONE, 2);
    stage
        .sends(PHONE, 4)
        .sends(PHONE, 1)
        .sends(PHONE, 2)
        .shows(PHONE, 4, &[])
        .is_clean();
}

#[test]
fn what_a_withdrawal_held_back_may_not_go_at_its_old_place() {
    let mut stage = withdrawn_consent();
    let mut consent = stage.draft(PHONE, 4);
    consent.kind = Kind::ConsentGiven;
    stage
        .enqueues(PHONE, consent)
        .sends(PHONE, 4)
        .sends(PHONE, 1)
        .is_objected_to(&[(I3, Reordered)]);
}

#[test]
fn anything_sent_between_withdrawal_and_consent_leaks() {
    let mut stage = withdrawn_consent();
    stage.tries(PHONE, 1).is_objected_to(&[(I7, Leaked)]);
}

#[test]
fn consent_given_on_another_device_releases_what_was_held_at_its_old_place() {
    let mut stage = withdrawn_consent();
    stage.phone(PHONE, PhoneEvent::ConsentSeen(CARE.case));
    stage
        .sends(PHONE, 1)
        .sends(PHONE, 2)
        .shows(PHONE, 3, &[])
        .is_clean();
}

#[test]
fn consent_that_was_tried_before_its_withdrawal_goes_before_it_and_nothing_else_does() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1);
    let mut consent = stage.draft(PHONE, 2);
    consent.kind = Kind::ConsentGiven;
    stage.enqueues(PHONE, consent).tries(PHONE, 2);
    let mut withdrawal = stage.draft(PHONE, 3);
    withdrawal.kind = Kind::ConsentWithdrawn;
    stage.enqueues(PHONE, withdrawal).sends(PHONE, 2).sends(PHONE, 3);
    stage.shows(PHONE, 2, &[(1, QUEUED)]).is_clean();
    stage.tries(PHONE, 1).is_objected_to(&[(I7, Leaked)]);
}

#[test]
fn what_a_withdrawal_held_back_stays_visible_or_is_discarded() {
    let mut stage = withdrawn_consent();
    stage
        .phone(PHONE, PhoneEvent::Discarded(1))
        .shows(PHONE, 1, &[(2, QUEUED)])
        .is_clean();
    stage.shows(PHONE, 1, &[]).is_objected_to(&[(I1, Lost)]);
}

/// Three messages are settled, a fourth is waiting; then the server goes back to its first entry.
fn a_restored_server() -> Stage {
    let mut stage = Stage::new();
    for op in 1..=3 {
        stage.says(PHONE, op).sends(PHONE, op);
    }
    stage.shows(PHONE, 3, &[]).shows(DIETITIAN, 3, &[]);
    stage
        .says(PHONE, 4)
        .shows(PHONE, 3, &[(4, QUEUED)])
        .goes_back(200, 1);
    stage.shows_of(PHONE, 100, 3, &[(4, QUEUED)]);
    stage
}

#[test]
fn what_a_restored_server_lost_is_offered_again_in_its_old_order_ahead_of_what_waits() {
    let mut stage = a_restored_server();
    stage.shows(PHONE, 1, &[(2, QUEUED), (3, QUEUED), (4, QUEUED)]);
    stage
        .sends(PHONE, 2)
        .sends(PHONE, 3)
        .sends(PHONE, 4)
        .shows(PHONE, 4, &[])
        .shows(DIETITIAN, 4, &[])
        .passes(HOUR);
    stage.is_clean();
}

#[test]
fn what_is_offered_again_in_another_order_is_reordered() {
    let mut stage = a_restored_server();
    stage.shows(PHONE, 1, &[(2, QUEUED), (3, QUEUED), (4, QUEUED)]);
    stage
        .sends(PHONE, 3)
        .sends(PHONE, 2)
        .is_objected_to(&[(I3, Reordered)]);
}

#[test]
fn what_waits_may_not_go_ahead_of_what_is_offered_again() {
    let mut stage = a_restored_server();
    stage.shows(PHONE, 1, &[(2, QUEUED), (3, QUEUED), (4, QUEUED)]);
    stage
        .sends(PHONE, 4)
        .sends(PHONE, 2)
        .is_objected_to(&[(I3, Reordered)]);
}

#[test]
fn what_a_restored_server_lost_and_nobody_offers_again_is_lost() {
    let mut stage = a_restored_server();
    stage
        .shows(PHONE, 1, &[(2, QUEUED), (4, QUEUED)])
        .is_objected_to(&[(I1, Lost)]);
}

#[test]
fn what_is_offered_again_and_refused_then_goes_to_the_tail_like_anything_else() {
    let mut stage = a_restored_server();
    stage
        .shows(PHONE, 1, &[(2, QUEUED), (3, QUEUED), (4, QUEUED)])
        .tries(PHONE, 2)
        .is_refused(PHONE, 2);
    stage
        .shows(PHONE, 1, &[(2, PARKED), (3, QUEUED), (4, QUEUED)])
        .sends(PHONE, 3)
        .sends(PHONE, 4);
    stage
        .sends_again(PHONE, 2)
        .sends(PHONE, 2)
        .shows(PHONE, 4, &[])
        .is_clean();
}

#[test]
fn an_acknowledged_message_that_was_not_pulled_before_the_restore_goes_again_in_its_own_order() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1).sends(PHONE, 1).shows(PHONE, 1, &[]);
    stage.says(PHONE, 2).sends(PHONE, 2).says(PHONE, 3).shows(
        PHONE,
        1,
        &[(2, RowState::Sent(2)), (3, QUEUED)],
    );
    stage
        .goes_back(200, 0)
        .shows(PHONE, 0, &[(1, QUEUED), (2, QUEUED), (3, QUEUED)]);
    let mut overtaking = stage.clone();
    stage
        .sends(PHONE, 1)
        .sends(PHONE, 2)
        .sends(PHONE, 3)
        .shows(PHONE, 3, &[])
        .is_clean();
    overtaking
        .sends(PHONE, 2)
        .sends(PHONE, 1)
        .is_objected_to(&[(I3, Reordered)]);
}

#[test]
fn a_strangers_phone_may_not_offer_again_what_another_wrote() {
    let mut stage = a_restored_server();
    stage.stores(DIETITIAN, 2).is_objected_to(&[(I7, Leaked)]);
}

#[test]
fn a_phone_that_keeps_the_old_epoch_although_it_has_seen_the_new_one_is_non_monotonic() {
    let mut stage = a_restored_server();
    stage
        .shows(DIETITIAN, 1, &[])
        .shows_of(DIETITIAN, 100, 3, &[])
        .is_objected_to(&[(I4, NonMonotonic)]);
}

#[test]
fn two_devices_of_one_person_keep_each_its_own_order() {
    let mut stage = Stage::new();
    stage.signs_in(TABLET, HER);
    stage
        .says(PHONE, 1)
        .says(TABLET, 11)
        .says(PHONE, 2)
        .says(TABLET, 12);
    let mut reordered = stage.clone();
    stage
        .sends(TABLET, 11)
        .sends(PHONE, 1)
        .sends(TABLET, 12)
        .sends(PHONE, 2);
    stage
        .shows(PHONE, 4, &[])
        .shows(TABLET, 4, &[])
        .shows(DIETITIAN, 4, &[])
        .passes(HOUR)
        .is_clean();
    reordered
        .sends(TABLET, 12)
        .sends(PHONE, 1)
        .sends(TABLET, 11)
        .is_objected_to(&[(I3, Reordered)]);
}

#[test]
fn the_other_device_of_a_person_may_offer_again_what_both_had() {
    let mut stage = Stage::new();
    stage.signs_in(TABLET, HER);
    stage
        .says(PHONE, 1)
        .sends(PHONE, 1)
        .says(PHONE, 2)
        .sends(PHONE, 2)
        .says(TABLET, 11)
        .sends(TABLET, 11);
    stage.shows(PHONE, 3, &[]).shows(TABLET, 3, &[]).goes_back(200, 0);
    stage.shows(TABLET, 0, &[(1, QUEUED), (2, QUEUED), (11, QUEUED)]);
    stage.shows(PHONE, 0, &[(1, QUEUED), (2, QUEUED), (11, QUEUED)]);
    let mut reordered = stage.clone();
    stage
        .sends(TABLET, 1)
        .sends(PHONE, 2)
        .sends(TABLET, 11)
        .shows(PHONE, 3, &[])
        .shows(TABLET, 3, &[])
        .is_clean();
    reordered
        .sends(TABLET, 11)
        .sends(TABLET, 2)
        .is_objected_to(&[(I3, Reordered)]);
}

#[test]
fn a_device_that_sends_what_it_never_had_is_unexpected() {
    let mut stage = Stage::new();
    stage.signs_in(TABLET, HER);
    stage
        .says(PHONE, 1)
        .stores(TABLET, 1)
        .is_objected_to(&[(I2, Unexpected)]);
}

#[test]
fn one_backup_on_two_phones_sends_one_entry() {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .says(PHONE, 2)
        .phone(PHONE, PhoneEvent::BackedUp { backup: 1 });
    stage
        .phone(TABLET, PhoneEvent::RestoredFromBackup { backup: 1 })
        .signs_in(TABLET, HER);
    stage
        .shows(TABLET, 0, &[(1, QUEUED), (2, QUEUED)])
        .sends(TABLET, 1)
        .tries(PHONE, 1)
        .sends(PHONE, 2);
    stage.shows(PHONE, 2, &[]).shows(TABLET, 2, &[]);
    let mut doubled = stage.clone();
    stage.is_clean();
    doubled.stores(TABLET, 2).is_objected_to(&[(I2, Duplicated)]);
}

#[test]
fn what_was_enqueued_since_a_backup_is_given_up_by_restoring_it() {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .phone(PHONE, PhoneEvent::BackedUp { backup: 1 })
        .says(PHONE, 2);
    stage
        .phone(PHONE, PhoneEvent::RestoredFromBackup { backup: 1 })
        .signs_in(PHONE, HER);
    stage.shows(PHONE, 0, &[(1, QUEUED)]).is_clean();
    stage.shows(PHONE, 0, &[]).is_objected_to(&[(I1, Lost)]);
}

/// A coalescing reading of `op`, in place of `replaces`.
fn reading(stage: &mut Stage, op: OpId, replaces: Option<OpId>) -> Enqueue {
    let mut reading = stage.draft(PHONE, op);
    reading.lane = Lane::Readings;
    reading.kind = Kind::Other;
    reading.coalescing_key = Some(415);
    reading.replaces = replaces;
    reading
}

#[test]
fn a_newer_day_total_takes_the_place_of_one_that_was_never_sent() {
    let mut stage = Stage::new();
    let first = reading(&mut stage, 1, None);
    let second = reading(&mut stage, 2, Some(1));
    stage
        .enqueues(PHONE, first)
        .enqueues(PHONE, second)
        .shows(PHONE, 0, &[(2, QUEUED)]);
    let mut late = stage.clone();
    stage.sends(PHONE, 2).shows(PHONE, 1, &[]).is_clean();
    late.stores(PHONE, 1).is_objected_to(&[(I1, Unexpected)]);
}

#[test]
fn a_read_mark_rewritten_in_place_keeps_its_id_and_its_place() {
    let mut stage = Stage::new();
    let first = reading(&mut stage, 1, None);
    let mut rewritten = first.clone();
    (rewritten.payload, rewritten.replaces) = (9, Some(1));
    let mut other = stage.draft(PHONE, 2);
    other.lane = Lane::Readings;
    stage
        .enqueues(PHONE, first)
        .enqueues(PHONE, other)
        .enqueues(PHONE, rewritten);
    stage
        .shows(PHONE, 0, &[(1, QUEUED), (2, QUEUED)])
        .sends(PHONE, 1)
        .sends(PHONE, 2)
        .shows(PHONE, 2, &[]);
    stage.is_clean();
}

#[test]
fn a_day_total_replaced_after_it_was_sent_is_altered() {
    let mut stage = Stage::new();
    let first = reading(&mut stage, 1, None);
    let second = reading(&mut stage, 2, Some(1));
    stage
        .enqueues(PHONE, first)
        .tries(PHONE, 1)
        .enqueues(PHONE, second);
    stage.is_objected_to(&[(I1, Altered)]);
}

#[test]
fn day_totals_that_pile_up_unsent_are_duplicates() {
    let mut stage = Stage::new();
    let first = reading(&mut stage, 1, None);
    let second = reading(&mut stage, 2, None);
    stage.enqueues(PHONE, first).enqueues(PHONE, second);
    let mut attempted = stage.clone();
    stage
        .shows(PHONE, 0, &[(1, QUEUED), (2, QUEUED)])
        .is_objected_to(&[(I9, Duplicated)]);
    attempted
        .tries(PHONE, 1)
        .shows(PHONE, 0, &[(1, QUEUED), (2, QUEUED)])
        .is_clean();
}

#[test]
fn an_edit_that_overtook_its_message_is_reordered() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1);
    let mut edit = stage.draft(PHONE, 2);
    (edit.kind, edit.depends_on) = (Kind::Other, Some(1));
    // Even across lanes, where no other order holds.
    edit.lane = Lane::Readings;
    stage.enqueues(PHONE, edit);
    let mut right = stage.clone();
    stage.sends(PHONE, 2).is_objected_to(&[(I3, Reordered)]);
    right.sends(PHONE, 1).sends(PHONE, 2).is_clean();
}

#[test]
fn a_message_acknowledged_and_pulled_at_once_is_one_item_at_every_moment() {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .shows(PHONE, 0, &[(1, QUEUED)])
        .sends(PHONE, 1);
    let mut flickers = stage.clone();
    let mut doubles = stage.clone();
    // The pull comes first, then the acknowledgement, which changes nothing.
    stage.shows(PHONE, 1, &[]).shows(PHONE, 1, &[]).is_clean();
    doubles
        .shows(PHONE, 1, &[(1, RowState::Sent(1))])
        .is_objected_to(&[(I2, Duplicated)]);
    // In the log and for one round trip on no screen of its author.
    flickers
        .shows(PHONE, 0, &[])
        .is_objected_to(&[(I1, NonMonotonic)]);
}

#[test]
fn an_enqueue_that_did_not_return_may_exist_or_not() {
    let mut stage = Stage::new();
    let mut unsure = stage.draft(PHONE, 1);
    (unsure.returned, unsure.local_order) = (false, 0);
    stage
        .enqueues(PHONE, unsure)
        .phone(PHONE, PhoneEvent::Killed)
        .phone(PHONE, PhoneEvent::Restarted);
    let mut absent = stage.clone();
    absent.shows(PHONE, 0, &[]).is_clean();
    stage
        .shows(PHONE, 0, &[(1, QUEUED)])
        .sends(PHONE, 1)
        .shows(PHONE, 1, &[])
        .is_clean();
}

#[test]
fn an_erased_body_stays_until_its_erasure_is_folded_and_not_longer() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1).sends(PHONE, 1).shows(PHONE, 1, &[]);
    let by = Entry {
        log: CARE,
        seq: 2,
        op: 900,
        author: None,
        device: None,
        kind: Kind::System,
        payload: 0,
        attachments: Vec::new(),
    };
    stage.appends(by).server(ServerEvent::Erased {
        log: CARE,
        target_seq: 1,
        by_seq: 2,
    });
    stage.shows(PHONE, 1, &[]);
    let mut erased = stage.view(100, 2, &[]);
    erased.logs[0].entries[0].body = Body::Erased;
    let mut right = stage.clone();
    right.phone(PHONE, PhoneEvent::Shown(erased)).is_clean();
    stage.shows(PHONE, 2, &[]).is_objected_to(&[(I7, Leaked)]);
}

#[test]
fn a_body_that_is_gone_without_an_erasure_is_lost() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1).sends(PHONE, 1);
    let mut shown = stage.view(100, 1, &[]);
    shown.logs[0].entries[0].body = Body::Erased;
    stage
        .phone(DIETITIAN, PhoneEvent::Shown(shown))
        .is_objected_to(&[(I1, Lost)]);
}

#[test]
fn what_a_snapshot_thinned_need_not_be_offered_again() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1).sends(PHONE, 1);
    let mut thinned = stage.view(100, 1, &[]);
    thinned.logs[0].entries[0].body = Body::Thinned;
    // A snapshot does not say which operation it was.
    thinned.logs[0].entries[0].op = 0;
    stage
        .phone(PHONE, PhoneEvent::Shown(thinned))
        .goes_back(200, 0)
        .shows(PHONE, 0, &[]);
    stage.is_clean();
}
