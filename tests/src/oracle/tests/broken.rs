//! Broken histories, at least one per invariant: a checker that accepts one of them fails the build.

use super::*;
use Invariant::*;
use Word::*;

/// A conversation of one message, read by both.
fn one_message() -> Stage {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .shows(PHONE, 0, &[(1, QUEUED)])
        .sends(PHONE, 1);
    stage.shows(PHONE, 1, &[]).shows(DIETITIAN, 1, &[]);
    stage
}

#[test]
fn a_plain_conversation_is_clean() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1).shows(PHONE, 0, &[(1, QUEUED)]);
    stage.sends(PHONE, 1).shows(PHONE, 0, &[(1, RowState::Sent(1))]);
    stage.shows(PHONE, 1, &[]).shows(DIETITIAN, 1, &[]);
    stage.says(DIETITIAN, 2).sends(DIETITIAN, 2);
    stage.shows(DIETITIAN, 2, &[]).shows(PHONE, 2, &[]).passes(HOUR);
    stage.is_clean();
}

#[test]
fn i1_an_enqueued_message_that_is_nowhere_is_lost() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1).shows(PHONE, 0, &[]);
    stage.is_objected_to(&[(I1, Lost)]);
}

#[test]
fn i1_a_message_that_vanishes_in_a_kill_is_lost() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1).shows(PHONE, 0, &[(1, QUEUED)]);
    stage
        .phone(PHONE, PhoneEvent::Killed)
        .phone(PHONE, PhoneEvent::Restarted);
    stage.shows(PHONE, 0, &[]);
    stage.is_objected_to(&[(I1, Lost)]);
}

#[test]
fn i1_a_message_acknowledged_but_not_stored_is_lost() {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .tries(PHONE, 1)
        .shows(PHONE, 0, &[(1, RowState::Sent(1))]);
    stage.is_objected_to(&[(I1, Lost)]);
}

#[test]
fn i1_unsent_messages_removed_by_a_sign_out_without_warning_are_lost() {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .says(PHONE, 2)
        .shows(PHONE, 0, &[(1, QUEUED), (2, QUEUED)]);
    let mut warned = stage.clone();
    let departure = |count| PhoneEvent::SignedOut(Departure::ErasedAfterWarning(count));
    stage.phone(PHONE, departure(1));
    stage.is_objected_to(&[(I1, Lost)]);
    warned
        .phone(PHONE, departure(2))
        .phone(PHONE, PhoneEvent::Shown(Shown::default()));
    warned.is_clean();
}

#[test]
fn i1_bytes_that_changed_between_two_attempts_are_altered() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1).tries(PHONE, 1);
    stage.phone(
        PHONE,
        PhoneEvent::Attempted {
            op: 1,
            payload: 5,
            attempt: 2,
        },
    );
    stage.is_objected_to(&[(I1, Altered)]);
}

#[test]
fn i1_an_entry_with_other_bytes_than_its_enqueue_is_altered() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1).tries(PHONE, 1);
    let mut entry = stage.entry(PHONE, 1);
    entry.payload = 5;
    stage.appends(entry);
    stage.is_objected_to(&[(I1, Altered)]);
}

#[test]
fn i1_a_message_cancelled_before_it_was_sent_never_arrives() {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .phone(PHONE, PhoneEvent::Discarded(1))
        .stores(PHONE, 1);
    stage.is_objected_to(&[(I1, Unexpected)]);
}

#[test]
fn i2_one_operation_as_two_entries_is_a_duplicate() {
    let mut stage = one_message();
    stage.stores(PHONE, 1);
    stage.is_objected_to(&[(I2, Duplicated)]);
}

#[test]
fn i2_one_operation_as_two_items_on_a_screen_is_a_duplicate() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1).sends(PHONE, 1);
    let mut shown = stage.view(100, 1, &[]);
    shown.logs[0].items.push(Item {
        op: 1,
        state: ItemState::Pending,
    });
    stage.phone(PHONE, PhoneEvent::Shown(shown));
    stage.is_objected_to(&[(I2, Duplicated)]);
}

#[test]
fn i2_a_settled_operation_that_stays_in_the_outbox_is_a_duplicate() {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .sends(PHONE, 1)
        .shows(PHONE, 1, &[(1, QUEUED)]);
    stage.is_objected_to(&[(I2, Duplicated)]);
}

#[test]
fn i2_a_message_sent_again_under_a_new_id_is_unexpected() {
    let mut stage = one_message();
    let mut entry = stage.entry(PHONE, 1);
    entry.op = 77;
    stage.appends(entry);
    stage.is_objected_to(&[(I2, Unexpected)]);
}

#[test]
fn i3_two_messages_of_one_lane_that_arrive_the_other_way_round_are_reordered() {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .says(PHONE, 2)
        .sends(PHONE, 2)
        .sends(PHONE, 1);
    stage.is_objected_to(&[(I3, Reordered)]);
}

#[test]
fn i3_lanes_do_not_wait_for_each_other() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1);
    let mut weight = stage.draft(PHONE, 2);
    (weight.lane, weight.kind) = (Lane::Readings, Kind::Other);
    stage.enqueues(PHONE, weight).sends(PHONE, 2).sends(PHONE, 1);
    stage.is_clean();
}

#[test]
fn i3_settled_items_drawn_in_another_order_than_the_log_are_reordered() {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .sends(PHONE, 1)
        .says(PHONE, 2)
        .sends(PHONE, 2);
    let mut shown = stage.view(100, 2, &[]);
    shown.logs[0].items.reverse();
    stage.phone(PHONE, PhoneEvent::Shown(shown));
    stage.is_objected_to(&[(I3, Reordered)]);
}

#[test]
fn i4_a_number_that_the_server_left_out_is_skipped() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1).tries(PHONE, 1);
    let mut entry = stage.entry(PHONE, 1);
    entry.seq = 2;
    stage.appends(entry);
    stage.is_objected_to(&[(I4, Skipped)]);
}

#[test]
fn i4_a_number_given_twice_is_non_monotonic() {
    let mut stage = one_message();
    stage.says(PHONE, 2).tries(PHONE, 2);
    let mut entry = stage.entry(PHONE, 2);
    entry.seq = 1;
    stage.appends(entry);
    stage.is_objected_to(&[(I4, NonMonotonic)]);
}

#[test]
fn i4_a_replica_with_a_hole_has_skipped_an_entry() {
    let mut stage = one_message();
    stage.says(PHONE, 2).sends(PHONE, 2);
    let mut shown = stage.view(100, 2, &[]);
    shown.logs[0].entries.remove(0);
    stage.phone(DIETITIAN, PhoneEvent::Shown(shown));
    stage.is_objected_to(&[(I4, Skipped)]);
}

#[test]
fn i4_a_cursor_beyond_what_was_folded_has_skipped_an_entry() {
    let mut stage = one_message();
    stage.says(PHONE, 2).sends(PHONE, 2);
    let mut shown = stage.view(100, 1, &[]);
    shown.logs[0].cursor = 2;
    stage.phone(DIETITIAN, PhoneEvent::Shown(shown));
    stage.is_objected_to(&[(I4, Skipped)]);
}

#[test]
fn i4_a_cursor_that_goes_back_is_non_monotonic_unless_a_backup_was_restored() {
    let mut stage = one_message();
    let mut restored = stage.clone();
    stage.shows(DIETITIAN, 0, &[]);
    stage.is_objected_to(&[(I4, NonMonotonic)]);
    restored.phone(DIETITIAN, PhoneEvent::RestoredFromBackup { backup: 1 });
    restored.signs_in(DIETITIAN, HIS).shows(DIETITIAN, 0, &[]);
    restored.is_clean();
}

#[test]
fn i4_another_entry_under_a_number_than_the_server_has_is_diverged() {
    let mut stage = one_message();
    let mut shown = stage.view(100, 1, &[]);
    shown.logs[0].entries[0].op = 2;
    stage.phone(DIETITIAN, PhoneEvent::Shown(shown));
    stage.is_objected_to(&[(I4, Diverged)]);
}

#[test]
fn i4_an_entry_that_the_server_never_had_is_unexpected() {
    let mut stage = one_message();
    let mut shown = stage.view(100, 1, &[]);
    let entry = FoldedEntry {
        seq: 2,
        op: 2,
        body: Body::Whole(2),
    };
    shown.logs[0].entries.push(entry);
    shown.logs[0].cursor = 2;
    stage.phone(DIETITIAN, PhoneEvent::Shown(shown));
    stage.is_objected_to(&[(I4, Unexpected)]);
}

#[test]
fn i5_a_message_in_the_log_before_its_photo_is_incomplete() {
    for (complete, hash_matches) in [(false, true), (true, false)] {
        let mut stage = Stage::new();
        let mut draft = stage.draft(PHONE, 1);
        draft.attachments = 1;
        stage.enqueues(PHONE, draft).tries(PHONE, 1);
        let mut entry = stage.entry(PHONE, 1);
        entry.attachments = vec![Attachment {
            complete,
            hash_matches,
        }];
        stage.appends(entry);
        stage.is_objected_to(&[(I5, Incomplete)]);
    }
}

#[test]
fn i5_a_message_that_lost_one_of_its_photos_on_the_way_is_incomplete() {
    let mut stage = Stage::new();
    let mut draft = stage.draft(PHONE, 1);
    draft.attachments = 2;
    stage.enqueues(PHONE, draft).tries(PHONE, 1);
    let mut entry = stage.entry(PHONE, 1);
    entry.attachments.truncate(1);
    stage.appends(entry);
    stage.is_objected_to(&[(I5, Incomplete)]);
}

#[test]
fn i5_half_a_photo_on_the_other_side_is_incomplete() {
    let mut stage = one_message();
    let half = PhoneEvent::PhotoVisible {
        op: 1,
        complete: false,
        hash_matches: true,
    };
    let mut own = stage.clone();
    stage.phone(DIETITIAN, half.clone());
    stage.is_objected_to(&[(I5, Incomplete)]);
    own.phone(PHONE, half);
    own.is_clean();
}

#[test]
fn i6_a_replica_that_stays_behind_is_stale() {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .sends(PHONE, 1)
        .shows(PHONE, 1, &[])
        .shows(DIETITIAN, 0, &[]);
    stage.passes(600_000 - 10).is_clean();
    stage.passes(HOUR).is_objected_to(&[(I6, Stale)]);
}

#[test]
fn i6_nothing_is_asked_of_a_run_whose_faults_have_not_ended_or_of_a_phone_without_network() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1).sends(PHONE, 1).shows(PHONE, 1, &[]);
    let mut faulty = stage.clone();
    stage.phone(DIETITIAN, PhoneEvent::Network(false)).passes(HOUR);
    stage.is_clean();
    faulty.history.world(faulty.now, WorldEvent::FaultBegan);
    faulty.passes(HOUR).is_clean();
    faulty.history.world(faulty.now, WorldEvent::FaultEnded);
    faulty.passes(HOUR).is_objected_to(&[(I6, Stale)]);
}

#[test]
fn i6_an_outbox_that_is_not_empty_in_the_end_is_stale() {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .sends(PHONE, 1)
        .shows(PHONE, 0, &[(1, RowState::Sent(1))]);
    stage.shows(DIETITIAN, 1, &[]).passes(HOUR);
    stage.is_objected_to(&[(I6, Stale)]);
}

#[test]
fn i6_two_replicas_of_one_cursor_with_another_state_are_diverged() {
    let mut stage = one_message();
    let mut shown = stage.view(100, 1, &[]);
    shown.logs[0].folded = Some(99);
    stage.phone(DIETITIAN, PhoneEvent::Shown(shown));
    stage.is_objected_to(&[(I6, Diverged)]);
}

#[test]
fn i7_a_screen_of_another_account_that_shows_her_message_leaks() {
    let mut stage = Stage::new();
    stage.says(PHONE, 1).shows(PHONE, 0, &[(1, QUEUED)]);
    stage
        .phone(PHONE, PhoneEvent::SignedOut(Departure::Kept))
        .signs_in(PHONE, STRANGER);
    let mut shown = stage.view(100, 0, &[(1, QUEUED)]);
    shown.logs.clear();
    stage.phone(PHONE, PhoneEvent::Shown(shown));
    stage.is_objected_to(&[(I7, Leaked)]);
}

#[test]
fn i7_a_screen_without_a_session_shows_nothing() {
    let mut stage = one_message();
    stage
        .phone(PHONE, PhoneEvent::SignedOut(Departure::AccountErased))
        .shows(PHONE, 1, &[]);
    stage.is_objected_to(&[(I7, Leaked)]);
}

#[test]
fn i7_an_operation_sent_by_the_next_account_leaks() {
    let mut stage = Stage::new();
    stage.access(STRANGER, CARE, true);
    stage
        .says(PHONE, 1)
        .phone(PHONE, PhoneEvent::SignedOut(Departure::Kept));
    stage.signs_in(PHONE, STRANGER).sends(PHONE, 1);
    stage.is_objected_to(&[(I7, Leaked)]);
}

#[test]
fn i7_the_same_account_may_send_after_signing_in_again() {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .phone(PHONE, PhoneEvent::SignedOut(Departure::Kept));
    stage
        .signs_in(PHONE, HER)
        .shows(PHONE, 0, &[(1, QUEUED)])
        .sends(PHONE, 1);
    stage.is_clean();
}

#[test]
fn i7_an_answer_with_a_log_that_is_not_hers_leaks() {
    let mut stage = Stage::new();
    stage.server(ServerEvent::Served {
        account: HER,
        log: CARE,
    });
    stage.is_clean();
    stage.server(ServerEvent::Served {
        account: HER,
        log: STAFF,
    });
    stage.is_objected_to(&[(I7, Leaked)]);
}

#[test]
fn i7_what_was_written_after_the_case_moved_is_not_for_the_old_dietitian() {
    let mut stage = one_message();
    stage.access(HIS, CARE, false).says(PHONE, 2).sends(PHONE, 2);
    stage.shows(DIETITIAN, 1, &[]);
    stage.is_clean();
    stage.shows(DIETITIAN, 2, &[]);
    stage.is_objected_to(&[(I7, Leaked)]);
}

#[test]
fn i7_a_replica_that_stays_after_the_case_moved_leaks() {
    let mut stage = one_message();
    stage.access(HIS, CARE, false).passes(HOUR);
    stage.is_objected_to(&[(I7, Leaked)]);
    let mut stage = one_message();
    stage
        .access(HIS, CARE, false)
        .phone(DIETITIAN, PhoneEvent::CaseLost(7));
    stage
        .phone(DIETITIAN, PhoneEvent::Shown(Shown::default()))
        .passes(HOUR);
    stage.is_clean();
}

#[test]
fn i7_what_remains_of_an_account_that_is_gone_leaks() {
    let mut stage = one_message();
    stage.phone(PHONE, PhoneEvent::Remains(HER));
    stage.is_objected_to(&[(I7, Leaked)]);
}

#[test]
fn i8_steps_counted_twice_lost_or_invented_differ_from_their_source() {
    let steps = |source, shown| PhoneEvent::StepsOfDay {
        date: 20_260_415,
        source,
        shown,
    };
    for (source, shown, word) in [
        (Some(4_000), Some(8_000), Duplicated),
        (Some(4_000), Some(3_000), Lost),
        (Some(0), None, Lost),
        (None, Some(0), Unexpected),
    ] {
        let mut stage = Stage::new();
        stage.phone(DIETITIAN, steps(source, shown));
        stage.is_objected_to(&[(I8, word)]);
    }
    let mut stage = Stage::new();
    stage
        .phone(PHONE, steps(Some(0), Some(0)))
        .phone(PHONE, steps(None, None));
    stage.is_clean();
}

/// Her phone and her tablet read walks of two hours: 300 and 500 steps of the first, 200 of the second on the phone alone.
fn two_phones_read() -> Stage {
    let mut stage = Stage::new();
    stage.signs_in(TABLET, HER);
    for (device, hour, name, steps) in [
        (PHONE, 7, 1, 300),
        (PHONE, 8, 2, 200),
        (PHONE, 7, 1, 300),
        (TABLET, 7, 1, 400),
        (TABLET, 7, 3, 100),
    ] {
        stage.phone(device, reads(hour, name, Some(steps)));
    }
    stage
}

fn reads(hour: u32, name: u64, steps: Option<u32>) -> PhoneEvent {
    PhoneEvent::HasRead(Reading {
        case: CARE.case,
        date: 20_260_415,
        hour,
        name,
        steps,
    })
}

fn draws(steps: Option<u32>) -> PhoneEvent {
    PhoneEvent::DayDrawn {
        case: CARE.case,
        date: 20_260_415,
        steps,
    }
}

#[test]
fn i8_of_two_phones_the_larger_amount_of_each_hour_counts_on_every_screen() {
    let mut stage = two_phones_read();
    stage.passes(HOUR);
    for device in [PHONE, TABLET, DIETITIAN] {
        stage.phone(device, draws(Some(700)));
    }
    stage.is_clean();
    for (drawn, words) in [
        (Some(1000), vec![(I8, Duplicated), (I8, Diverged)]),
        (Some(699), vec![(I8, Lost), (I8, Diverged)]),
        (None, vec![(I8, Lost), (I8, Diverged)]),
    ] {
        let mut stage = stage.clone();
        stage.phone(DIETITIAN, draws(drawn));
        stage.is_objected_to(&words);
    }
}

#[test]
fn i8_what_was_never_measured_is_drawn_at_no_time() {
    let mut stage = Stage::new();
    stage.phone(DIETITIAN, draws(Some(0)));
    stage.is_objected_to(&[(I8, Unexpected)]);
    // And what is on its way is not drawn yet, which is no loss before the end.
    let mut stage = two_phones_read();
    stage.phone(DIETITIAN, draws(Some(200)));
    stage.is_clean();
}

#[test]
fn i8_a_reading_that_its_source_withdrew_or_lowered_counts_so() {
    let mut stage = two_phones_read();
    stage
        .phone(TABLET, reads(7, 1, None))
        .phone(PHONE, reads(7, 1, Some(50)))
        .passes(HOUR)
        .phone(PHONE, draws(Some(300)));
    stage.is_clean();
    stage.phone(DIETITIAN, draws(Some(500)));
    stage.is_objected_to(&[(I8, Duplicated), (I8, Diverged)]);
}

#[test]
fn i8_what_a_phone_said_before_its_files_went_back_may_stay_and_nothing_above_it() {
    let mut stage = two_phones_read();
    stage
        .phone(PHONE, PhoneEvent::RestoredFromBackup { backup: 99 })
        .signs_in(PHONE, HER)
        .phone(PHONE, reads(8, 2, Some(150)))
        .passes(HOUR);
    for steps in [650, 700] {
        let mut stage = stage.clone();
        stage.phone(DIETITIAN, draws(Some(steps)));
        stage.is_clean();
    }
    stage.phone(DIETITIAN, draws(Some(649)));
    stage.is_objected_to(&[(I8, Lost)]);
}

#[test]
fn i9_a_lane_that_is_not_tried_is_stalled() {
    let mut stage = Stage::new();
    stage
        .says(PHONE, 1)
        .shows(PHONE, 0, &[(1, QUEUED)])
        .passes(404_000);
    stage.is_clean();
    stage.passes(2_000).is_objected_to(&[(I9, Stalled)]);
}

#[test]
fn i9_a_lane_may_wait_as_long_as_the_server_asked_and_while_it_cannot_send() {
    let mut stage = Stage::new();
    let target = Target::Lane(7, Lane::Talk);
    let end = RequestEnd::Failure { asked_wait_ms: HOUR };
    stage.says(PHONE, 1).shows(PHONE, 0, &[(1, QUEUED)]);
    let mut offline = stage.clone();
    stage.phone(
        PHONE,
        PhoneEvent::RequestStarted {
            target,
            deadline_ms: 30_000,
        },
    );
    stage
        .phone(PHONE, PhoneEvent::RequestEnded { target, end })
        .passes(HOUR + 404_000);
    stage.is_clean();
    stage.passes(2_000).is_objected_to(&[(I9, Stalled)]);
    offline.phone(PHONE, PhoneEvent::Network(false)).passes(24 * HOUR);
    offline.phone(PHONE, PhoneEvent::Network(true)).passes(404_000);
    offline.is_clean();
}

#[test]
fn i9_a_request_that_never_ends_hangs() {
    let mut stage = Stage::new();
    stage.phone(
        PHONE,
        PhoneEvent::RequestStarted {
            target: Target::Pull,
            deadline_ms: 30_000,
        },
    );
    let mut killed = stage.clone();
    stage.passes(32_000).is_objected_to(&[(I9, Hung)]);
    killed.phone(PHONE, PhoneEvent::Killed).passes(32_000).is_clean();
}

#[test]
fn i9_a_part_of_a_picture_may_take_longer_than_the_push_beside_it() {
    let mut stage = Stage::new();
    let target = Target::Lane(7, Lane::Talk);
    let starts = |deadline_ms| PhoneEvent::RequestStarted { target, deadline_ms };
    let ends = PhoneEvent::RequestEnded {
        target,
        end: RequestEnd::Progress,
    };
    stage
        .phone(PHONE, starts(300_000))
        .phone(PHONE, starts(30_000))
        .passes(1_000)
        .phone(PHONE, ends)
        .passes(299_000);
    stage.is_clean();
    stage.passes(2_000).is_objected_to(&[(I9, Hung)]);
}

#[test]
fn i9_failing_ten_times_a_second_is_spinning() {
    let mut stage = Stage::new();
    let target = Target::Pull;
    for _ in 0..100 {
        stage.passes(100).phone(
            PHONE,
            PhoneEvent::RequestStarted {
                target,
                deadline_ms: 30_000,
            },
        );
        let end = RequestEnd::Failure { asked_wait_ms: 0 };
        stage.phone(PHONE, PhoneEvent::RequestEnded { target, end });
    }
    stage.is_objected_to(&[(I9, Spinning)]);
}

#[test]
fn i10_a_cache_beyond_its_budget_and_one_item_is_oversized() {
    let cache = |bytes| PhoneEvent::CacheSize {
        bytes,
        budget: 100,
        largest_item: 10,
    };
    let mut stage = Stage::new();
    stage.phone(PHONE, cache(110)).is_clean();
    stage.phone(PHONE, cache(111)).is_objected_to(&[(I10, Oversized)]);
}

#[test]
fn i11_a_marked_text_outside_the_stores_leaks() {
    let mut stage = Stage::new();
    stage.phone(PHONE, PhoneEvent::Leak(Place::LogLine));
    stage.is_objected_to(&[(I11, Leaked)]);
}

#[test]
fn i12_any_finding_of_a_file_check_and_any_panic_is_damage() {
    let sound = FileCheck::SOUND;
    for check in [
        FileCheck {
            integrity: false,
            ..sound
        },
        FileCheck {
            foreign_keys: false,
            ..sound
        },
        FileCheck {
            schema_equal: false,
            ..sound
        },
        FileCheck {
            orphan_files: 1,
            ..sound
        },
        FileCheck {
            missing_files: 1,
            ..sound
        },
    ] {
        let mut stage = Stage::new();
        stage.phone(PHONE, PhoneEvent::FileCheck(sound)).is_clean();
        stage
            .phone(PHONE, PhoneEvent::FileCheck(check))
            .is_objected_to(&[(I12, Damaged)]);
    }
    let mut stage = Stage::new();
    stage
        .phone(PHONE, PhoneEvent::Panicked)
        .is_objected_to(&[(I12, Damaged)]);
}
