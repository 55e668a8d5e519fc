//! Notes: the rules of messages, in a log that no participant has.

use ayumi_protocol::body::{NoteDeleted, NoteEdited, NotePosted, NoteTopic};
use ayumi_protocol::id::OpId;

use super::*;
use crate::chat::{Attention, Delivery};
use crate::sync::replica;

pub(super) fn posted(text: &str) -> NotePosted {
    NotePosted {
        topic: NoteTopic::Handover,
        text: text.to_owned(),
        about_seq: Some(seq(1)),
    }
}

fn phone() -> (Phone, Log, Log) {
    let care = care_log(1, "山田");
    let notes = notes_log(1);
    let phone = Phone::new(&dietitian(), &[&care, &notes]);
    phone.pull(&care);
    (phone, care, notes)
}

impl Phone {
    fn note(&self, text: &str) -> OpId {
        self.staff().add_note(case(1), NewNote::text(text)).unwrap()
    }

    fn notes(&self) -> Vec<Note> {
        let notes = self.staff().notes(case(1)).unwrap();
        let ids: BTreeSet<OpId> = notes.iter().map(|note| note.op_id).collect();
        assert_eq!(ids.len(), notes.len(), "a note is shown twice");
        notes
    }

    fn note_texts(&self) -> Vec<String> {
        let text = |note: Note| note.text.unwrap_or_else(|| "-".to_owned());
        self.notes().into_iter().map(text).collect()
    }
}

#[test]
fn a_note_is_there_at_once_and_once_whatever_happens_to_it() {
    let (mut phone, _, mut log) = phone();
    log.append(&colleague(), posted("前から"));
    let op_id = phone.note("足が痛いと言っていた");
    phone.pull(&log);
    let of = |phone: &Phone| {
        let note = phone.notes().into_iter().find(|note| note.op_id == op_id);
        note.unwrap().delivery
    };
    assert_eq!(phone.note_texts(), ["前から", "足が痛いと言っていた"]);
    assert_eq!(of(&phone), Some(Delivery::Waiting));
    phone.restart();
    assert_eq!(of(&phone), Some(Delivery::Waiting));
    phone.send_next(&mut log, Lane::Talk);
    assert_eq!(of(&phone), Some(Delivery::Sent));
    phone.pull(&log);
    assert_eq!(of(&phone), Some(Delivery::Sent));
    let notes = phone.notes();
    assert_eq!(notes[0].author.name.as_deref(), Some("鈴木"));
    assert_eq!((notes[0].delivery.clone(), notes[0].author.is_own), (None, false));
    assert_eq!(
        (notes[0].topic.clone(), notes[0].about_seq),
        (NoteTopic::Handover, Some(seq(1)))
    );
    assert_eq!(notes[1].seq, Some(seq(2)));
    assert!(phone.app().outbox().unwrap().is_empty());
}

#[test]
fn an_unseen_note_is_changed_in_its_place_and_taken_back_without_a_trace() {
    let (phone, _, mut log) = phone();
    let op_id = phone.note("一");
    assert_eq!(phone.staff().edit_note(case(1), op_id, "二").unwrap(), op_id);
    assert_eq!(phone.app().outbox().unwrap().len(), 1);
    assert_eq!(phone.note_texts(), ["二"]);
    phone.staff().delete_note(case(1), op_id).unwrap();
    assert!(phone.app().outbox().unwrap().is_empty());
    phone.sync(&mut log);
    assert!(log.entries.is_empty() && phone.notes().is_empty());
}

#[test]
fn a_seen_note_is_followed_by_its_changes_of_which_the_last_is_sent() {
    let (phone, _, mut log) = phone();
    let op_id = phone.note("一");
    phone.sync(&mut log);
    phone.staff().edit_note(case(1), op_id, "二").unwrap();
    phone.staff().edit_note(case(1), op_id, "三").unwrap();
    phone.staff().edit_note(case(1), op_id, "三").unwrap();
    assert_eq!(phone.app().outbox().unwrap().len(), 1);
    assert_eq!(phone.note_texts(), ["三"]);
    assert!(phone.notes()[0].has_unsent_change);
    phone.sync(&mut log);
    assert_eq!(log.entries.len(), 2);
    let note = &phone.notes()[0];
    assert!(note.is_edited && !note.has_unsent_change);

    phone.staff().delete_note(case(1), op_id).unwrap();
    assert_eq!(phone.note_texts(), ["-"]);
    phone.sync(&mut log);
    // An edit that comes later than the deletion does nothing, as on every phone.
    let late = NoteEdited {
        target: op_id,
        text: "四".to_owned(),
    };
    log.append(&dietitian(), late);
    phone.pull(&log);
    assert_eq!(phone.note_texts(), ["-"]);
    assert!(phone.notes()[0].is_deleted);
    let gone = phone.staff().edit_note(case(1), op_id, "五");
    assert!(matches!(gone, Err(StaffError::NoSuchNote)));
}

#[test]
fn only_its_author_changes_a_note() {
    let (phone, _, mut log) = phone();
    let theirs = log.append(&colleague(), posted("鈴木の"));
    let mine = log.append(&dietitian(), posted("佐藤の"));
    let foreign = NoteEdited {
        target: mine,
        text: "書き換え".to_owned(),
    };
    log.append(&colleague(), foreign);
    log.append(&colleague(), NoteDeleted { target: mine });
    phone.pull(&log);
    assert_eq!(phone.note_texts(), ["鈴木の", "佐藤の"]);
    let edited = phone.staff().edit_note(case(1), theirs, "x");
    assert!(matches!(edited, Err(StaffError::NotOwn)));
    let deleted = phone.staff().delete_note(case(1), theirs);
    assert!(matches!(deleted, Err(StaffError::NotOwn)));
}

#[test]
fn a_refused_note_stays_in_the_list_and_says_why() {
    let (phone, _, mut log) = phone();
    let op_id = phone.note("一");
    phone.park(op_id, "forbidden");
    let refused = Delivery::NeedsAttention(Attention::Refused("forbidden".to_owned()));
    assert_eq!(phone.notes()[0].delivery, Some(refused));
    phone.staff().send_note_again(op_id).unwrap();
    assert_eq!(phone.notes()[0].delivery, Some(Delivery::Waiting));
    phone.park(op_id, "forbidden");
    let new_id = phone.staff().edit_note(case(1), op_id, "二").unwrap();
    assert_ne!(new_id, op_id, "other words are another utterance");
    assert_eq!(phone.note_texts(), ["二"]);
    phone.sync(&mut log);
    phone.staff().edit_note(case(1), new_id, "三").unwrap();
    let change = phone.app().outbox().unwrap()[0].operation.op_id;
    phone.park(change, "forbidden");
    let note = phone.notes().remove(0);
    assert_eq!(note.text.as_deref(), Some("二"));
    assert_eq!(note.refused_change.unwrap().op_id, change);
    phone.staff().discard_note(change).unwrap();
    assert_eq!(phone.notes()[0].refused_change, None);
    assert!(phone.app().outbox().unwrap().is_empty());
}

#[test]
fn what_a_restored_server_lost_is_shown_until_it_comes_back() {
    let (phone, _, mut log) = phone();
    log.append(&colleague(), posted("一"));
    log.append(&colleague(), posted("二"));
    phone.note("三");
    phone.sync(&mut log);
    phone.pull(&log.restored(1));
    assert_eq!(phone.note_texts(), ["一", "二", "三"]);
    let notes = phone.notes();
    assert!(notes[1].is_lost && notes[2].delivery == Some(Delivery::Waiting));
}

#[test]
fn an_erased_note_keeps_its_place_and_nothing_else() {
    let (phone, _, mut log) = phone();
    let op_id = log.append(&colleague(), posted("個人情報"));
    phone.pull(&log);
    log.erase(seq(1));
    phone.pull(&log);
    let note = phone.notes().remove(0);
    assert!(note.is_erased && note.op_id == op_id && note.text.is_none());
    let folded = phone.rows(FOLDED);
    // A phone that reads the log for the first time finds the same.
    let care = care_log(1, "山田");
    let fresh = Phone::new(&dietitian(), &[&care, &log]);
    fresh.pull(&log);
    assert_eq!(fresh.rows(FOLDED), folded);
    assert!(!folded.join("").contains("個人情報"));
}

#[test]
fn folding_again_gives_the_same_notes() {
    let (phone, _, mut log) = phone();
    let first = log.append(&colleague(), posted("一"));
    log.append(&dietitian(), posted("二"));
    let change = NoteEdited {
        target: first,
        text: "一の二".to_owned(),
    };
    log.append(&colleague(), change);
    phone.pull(&log);
    let before = phone.rows(FOLDED);
    phone.store().write::<_, StoreError>(replica::refold).unwrap();
    assert_eq!(phone.rows(FOLDED), before);
    assert_eq!(phone.note_texts(), ["一の二", "二"]);
}

#[test]
fn a_participants_phone_takes_no_note_in_and_makes_none() {
    let care = care_log(1, "山田");
    let mut notes = notes_log(1);
    notes.append(&colleague(), posted("秘密"));
    let phone = Phone::new(&her(1), &[&care]);
    phone.pull(&care);
    // Even if a server sent one: she replicates no such log.
    let page = notes.page(ayumi_protocol::cursor::Seq::START, 10);
    let applied = phone
        .store()
        .write::<_, replica::ApplyError>(|tx| replica::apply_page(tx, NOW, notes.name, &page).map(|_| ()));
    assert!(matches!(applied, Err(replica::ApplyError::Page(_))));
    assert!(matches!(phone.staff().notes(case(1)), Err(StaffError::NotStaff)));
    let added = phone.staff().add_note(case(1), NewNote::text("一"));
    assert!(matches!(added, Err(StaffError::NotStaff)));
    assert_eq!(phone.rows(FOLDED), [""; 0]);
    assert!(phone.app().outbox().unwrap().is_empty());
}

#[test]
fn a_note_says_something_and_belongs_to_a_case_of_hers() {
    let (phone, _, _) = phone();
    let empty = phone.staff().add_note(case(1), NewNote::text(""));
    assert!(matches!(empty, Err(StaffError::Limit(_))));
    let foreign = phone.staff().add_note(case(2), NewNote::text("一"));
    assert!(matches!(foreign, Err(StaffError::NoSuchCase)));
    assert!(phone.app().outbox().unwrap().is_empty());
}

#[test]
fn no_debug_output_tells_what_a_note_says() {
    let (phone, _, _) = phone();
    phone.note("秘密");
    let debug = format!("{:?} {:?}", phone.notes(), NewNote::text("秘密"));
    assert!(!debug.contains("秘密"), "{debug}");
}
