//! The files under `golden/`: what every version has to read, and to write back byte for byte.
//!
//! A file is never changed once a version that writes it was released; a new version of a body gets new files beside the old ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::body::{Body, BodyReading};
use crate::caseload::CaseloadAnswer;
use crate::coordination::{
    AccountStatusRequest, AssignmentRequest, CasesAnswer, CasesRequest, InvitationAnswer, InvitationRequest,
    InvitationsAnswer, InvitationsRequest, RevokeSessionRequest, StaffAnswer, StaffRequest,
    WithdrawInvitationRequest,
};
use crate::cursor::{Cursor, Epoch, Seq};
use crate::entry::{Entry, Recorded};
use crate::kind::Kind;
use crate::operation::RawOperation;
use crate::problem::{Problem, ProblemCode};
use crate::pull::{Page, PageError, PullAnswer, PullRequest};
use crate::push::{OperationOutcome, PushAnswer, PushRequest};
use crate::session::{
    ConsentTextAnswer, DevicesAnswer, DoneAnswer, EndSessionRequest, EnrolRequest, PushTokenRequest,
    RefreshAnswer, RefreshRequest, Role, SessionAnswer, StaffSignInRequest, TransferCodeAnswer,
    TransferCodeRequest, TransferRequest,
};
use crate::snapshot::{SnapshotAnswer, SnapshotItem, SnapshotRequest, read_items};
use crate::thinning::is_thinnable;
use crate::upload::{PictureRequest, UploadAnswer, UploadRequest};
use crate::version::ServerAnswer;
use crate::wire::Wire;

fn golden(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(path);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.strip_suffix('\n')
        .expect("a file ends with a line break")
        .to_owned()
}

/// Every file of a folder, by name.
fn folder(name: &str) -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|file| (file.clone(), golden(&format!("{name}/{file}"))))
        .collect()
}

fn entry(text: &str) -> Entry {
    serde_json::from_str(text).unwrap()
}

fn known(entry: &Entry) -> Option<Body> {
    match entry.read_body().unwrap() {
        Some(BodyReading::Known(body)) => Some(body),
        _ => None,
    }
}

#[test]
fn every_entry_is_written_back_byte_for_byte() {
    for (file, text) in folder("entries").into_iter().chain(folder("later")) {
        assert_eq!(serde_json::to_string(&entry(&text)).unwrap(), text, "{file}");
    }
}

#[test]
fn every_kind_and_version_has_a_golden_entry_and_is_understood() {
    let mut seen = BTreeSet::new();
    for (file, text) in folder("entries") {
        let entry = entry(&text);
        let name = format!("{}.v{}.", entry.kind, entry.body_version);
        assert!(file.starts_with(&name), "{file}");
        let body = known(&entry).unwrap_or_else(|| panic!("{file} is not understood"));
        assert_eq!(body.check(), Ok(()), "{file}");
        assert!(body.kind().authors().contains(&entry.author_role), "{file}");
        seen.insert((body.kind(), entry.body_version));
    }
    let all = Kind::ALL
        .iter()
        .flat_map(|kind| (1..=kind.newest_body_version()).map(|version| (*kind, version)));
    assert_eq!(seen, all.collect());
}

#[test]
fn the_writer_of_each_body_writes_what_it_always_wrote() {
    // Otherwise an update between two tries could send other bytes under one id.
    for (file, text) in folder("entries") {
        let entry = entry(&text);
        let written = known(&entry).unwrap().to_raw().unwrap();
        assert_eq!(Some(written), entry.body, "{file}");
    }
}

#[test]
fn what_a_body_says_shows_in_no_debug_output() {
    for (file, text) in folder("entries").into_iter().chain(folder("later")) {
        let entry = entry(&text);
        let shown = format!("{entry:?} {:?}", entry.read_body());
        for private in ["おにぎり", "山田", "6350", "2310", "味噌汁", "薬"] {
            assert!(!shown.contains(private), "{file}: {shown}");
        }
    }
}

#[test]
fn an_old_reader_keeps_a_kind_it_does_not_know() {
    let entry = entry(&golden("later/unknown_kind.json"));
    assert_eq!(entry.kind.known(), None);
    assert_eq!(entry.read_body(), Ok(Some(BodyReading::UnknownKind)));
    assert_eq!(entry.min_app_version.unwrap().to_string(), "2.4.0");
    let body = r#"{"dish":"味噌汁","amount":1.5,"nested":{"list":[1,null,true]}}"#;
    assert_eq!(entry.body.unwrap().as_str(), body);
}

#[test]
fn an_old_reader_keeps_fields_it_does_not_know_and_understands_the_rest() {
    let entry = entry(&golden("later/unknown_fields.json"));
    let unknown: Vec<_> = entry.unknown.iter().collect();
    let expected = [
        ("thread", r#"{"root": 7, "weight":1.10}"#),
        ("zzz", "null"),
        ("aaa", r#""\u3042 \/""#),
    ];
    assert_eq!(unknown, expected);
    let Some(Body::MessagePosted(message)) = known(&entry) else {
        panic!("a message");
    };
    assert_eq!(message.text, "はい");
}

#[test]
fn an_old_reader_passes_over_a_newer_body_and_keeps_it() {
    let entry = entry(&golden("later/newer_body_version.json"));
    assert_eq!(entry.kind.known(), Some(Kind::PlanSet));
    assert_eq!(entry.read_body(), Ok(Some(BodyReading::NewerVersion)));
}

#[test]
fn an_old_reader_keeps_roles_and_words_it_does_not_know() {
    let role = entry(&golden("later/unknown_role.json")).author_role;
    assert!(matches!(&role, Role::Other(word) if word.as_str() == "supervisor"));
    let entry = entry(&golden("later/unknown_words.json"));
    let Some(Body::SupportOpened(support)) = known(&entry) else {
        panic!("a support");
    };
    assert_eq!(support.form.as_str(), "hologram");
}

#[test]
fn an_erased_entry_keeps_its_place_and_is_never_offered_again() {
    let entry = entry(&golden("later/erased.json"));
    assert_eq!((entry.seq.number(), &entry.body), (45, &None));
    assert_eq!(entry.read_body(), Ok(None));
    assert_eq!(entry.to_operation(), None);
}

#[test]
fn an_entry_without_its_body_field_is_no_entry() {
    let text = golden("later/erased.json").replace(",\"body\":null", "");
    assert!(serde_json::from_str::<Entry>(&text).is_err());
}

#[test]
fn a_restored_server_is_offered_the_bytes_that_were_sent_first() {
    let request = PushRequest::parse(golden("messages/push_request.json").as_bytes()).unwrap();
    let operation = request.operations[0].read().unwrap();
    let entry = Entry::of(
        operation.clone(),
        Recorded {
            seq: Seq::new(7).unwrap(),
            author_id: crate::id::AccountId::SYSTEM,
            author_role: Role::Participant,
            device_id: crate::id::DeviceId::SYSTEM,
            recorded_at_ms: crate::time::UtcMillis(0),
        },
    );
    assert_eq!(entry.to_operation(), Some(operation));
}

#[test]
fn a_phone_cannot_plant_a_field_that_a_later_server_understands() {
    let text = golden("messages/push_request.json").replacen(
        "\"body_version\":1",
        "\"body_version\":1,\"is_verified\":true,\"author_role\":\"administrator\"",
        1,
    );
    let request = PushRequest::parse(text.as_bytes()).unwrap();
    let operation = request.operations[0].read().unwrap();
    let written = serde_json::to_string(&operation).unwrap();
    assert!(
        !written.contains("is_verified") && !written.contains("author_role"),
        "{written}"
    );
}

#[test]
fn an_operation_that_cannot_be_read_does_not_spoil_its_batch() {
    let text = golden("messages/push_request.json").replacen("Asia/Tokyo", "not a zone", 1);
    let request = PushRequest::parse(text.as_bytes()).unwrap();
    assert!(request.operations[0].read().is_err());
    assert!(request.operations[0].op_id().is_some(), "the answer can name it");
    assert!(request.operations[1].read().is_ok());
}

#[test]
fn an_operation_in_a_batch_keeps_the_bytes_of_its_body() {
    let body = r#"{ "authored_by":"human", "text" : "\u304a\/", "later":1.50 }"#;
    let text = golden("messages/push_request.json")
        .replace(r#"{"text":"おはようございます","authored_by":"human"}"#, body);
    let request = PushRequest::parse(text.as_bytes()).unwrap();
    let operation = request.operations[0].read().unwrap();
    assert_eq!(operation.body.as_str(), body);
    let again = RawOperation::of(&operation).unwrap().read().unwrap();
    assert_eq!(again, operation);
}

/// Reads and writes a message of type `T`.
fn round_trip<T: Wire>(text: &str) -> String {
    let value = T::parse(text.as_bytes()).unwrap();
    String::from_utf8(value.write().unwrap()).unwrap()
}

/// A message as it comes back, by the name of its file.
fn written_back(file: &str, text: &str) -> String {
    let round_trip: fn(&str) -> String = match file {
        "account_status_request.json" => round_trip::<AccountStatusRequest>,
        "assignment_request.json" => round_trip::<AssignmentRequest>,
        "caseload_answer.json" => round_trip::<CaseloadAnswer>,
        "cases_answer.json" => round_trip::<CasesAnswer>,
        "cases_request.json" => round_trip::<CasesRequest>,
        "consent_text_answer.json" => round_trip::<ConsentTextAnswer>,
        "devices_answer.json" => round_trip::<DevicesAnswer>,
        "done_answer.json" => round_trip::<DoneAnswer>,
        "end_session_request.json" => round_trip::<EndSessionRequest>,
        "enrol_request.json" => round_trip::<EnrolRequest>,
        "invitation_answer.json" => round_trip::<InvitationAnswer>,
        "invitation_request.json" => round_trip::<InvitationRequest>,
        "invitations_answer.json" => round_trip::<InvitationsAnswer>,
        "invitations_request.json" => round_trip::<InvitationsRequest>,
        "picture_request.json" => round_trip::<PictureRequest>,
        "problem.json" => round_trip::<Problem>,
        "pull_answer.json" => round_trip::<PullAnswer>,
        "pull_request.json" => round_trip::<PullRequest>,
        "push_answer.json" => round_trip::<PushAnswer>,
        "push_request.json" => round_trip::<PushRequest>,
        "push_token_request.json" => round_trip::<PushTokenRequest>,
        "refresh_answer.json" => round_trip::<RefreshAnswer>,
        "refresh_request.json" => round_trip::<RefreshRequest>,
        "revoke_session_request.json" => round_trip::<RevokeSessionRequest>,
        "server_answer.json" => round_trip::<ServerAnswer>,
        "session_answer.json" => round_trip::<SessionAnswer>,
        "snapshot_answer.json" => round_trip::<SnapshotAnswer>,
        "snapshot_request.json" => round_trip::<SnapshotRequest>,
        "staff_answer.json" => round_trip::<StaffAnswer>,
        "staff_request.json" => round_trip::<StaffRequest>,
        "staff_sign_in_request.json" => round_trip::<StaffSignInRequest>,
        "transfer_code_answer.json" => round_trip::<TransferCodeAnswer>,
        "transfer_code_request.json" => round_trip::<TransferCodeRequest>,
        "transfer_request.json" => round_trip::<TransferRequest>,
        "upload_answer.json" => round_trip::<UploadAnswer>,
        "upload_request.json" => round_trip::<UploadRequest>,
        "withdraw_invitation_request.json" => round_trip::<WithdrawInvitationRequest>,
        _ => panic!("{file}: of which type?"),
    };
    round_trip(text)
}

#[test]
fn every_message_is_written_back_byte_for_byte() {
    for (file, text) in folder("messages") {
        assert_eq!(written_back(&file, &text), text, "{file}");
    }
}

#[test]
fn every_message_is_read_with_a_field_that_a_later_version_adds() {
    for (file, text) in folder("messages") {
        let later = format!("{{\"later\":[{{}}],{}", text.strip_prefix('{').unwrap());
        assert_eq!(written_back(&file, &later), text, "{file}");
    }
}

#[test]
fn every_request_is_in_the_list_that_is_fuzzed() {
    let requests: BTreeSet<String> = folder("messages")
        .into_keys()
        .filter_map(|file| file.strip_suffix("_request.json").map(str::to_owned))
        .collect();
    let fuzzed: BTreeSet<String> = crate::fuzz::REQUESTS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(requests, fuzzed);
}

#[test]
fn no_secret_shows_in_debug_output() {
    let enrol = EnrolRequest::parse(golden("messages/enrol_request.json").as_bytes()).unwrap();
    let session = SessionAnswer::parse(golden("messages/session_answer.json").as_bytes()).unwrap();
    let shown = format!("{enrol:?} {session:?}");
    for private in ["K7QF", "1979", "aaaa", "rrrr"] {
        assert!(!shown.contains(private), "{shown}");
    }
}

#[test]
fn a_snapshot_is_read_item_by_item_and_written_back() {
    let text = golden("snapshot.jsonl");
    let items: Vec<SnapshotItem> = read_items(text.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(
        items.iter().map(|item| item.seq().number()).collect::<Vec<_>>(),
        [1, 2]
    );
    let lines: Vec<String> = items
        .iter()
        .map(|item| serde_json::to_string(item).unwrap())
        .collect();
    assert_eq!(lines.join("\n"), text);
}

#[test]
fn a_snapshot_that_is_cut_off_ends_with_its_first_fault() {
    let text = golden("snapshot.jsonl");
    let cut = text.len() - 10;
    let items: Vec<_> = read_items(&text.as_bytes()[..cut]).collect();
    assert!(items.len() == 2 && items[0].is_ok() && items[1].is_err());
}

fn page() -> Page {
    let answer = PullAnswer::parse(golden("messages/pull_answer.json").as_bytes()).unwrap();
    answer.logs[0].page.clone().unwrap()
}

#[test]
fn a_page_follows_the_replica_it_was_asked_for() {
    let page = page();
    let after = page.follow(page.after).unwrap();
    assert_eq!((after.epoch, after.seq), (page.after.epoch, Seq::new(8).unwrap()));
}

#[test]
fn a_late_page_and_one_of_another_epoch_do_not_follow() {
    let page = page();
    let later = Cursor {
        seq: Seq::new(7).unwrap(),
        ..page.after
    };
    assert_eq!(page.follow(later), Err(PageError::OtherBase));
    let restored = Cursor {
        epoch: Epoch::parse("00000000-0000-4000-8000-000000000000").unwrap(),
        ..page.after
    };
    assert_eq!(page.follow(restored), Err(PageError::OtherBase));
}

#[test]
fn a_page_with_a_gap_a_repetition_or_another_order_is_not_applied() {
    let seven = Seq::new(7).unwrap();
    let eight = Seq::new(8).unwrap();
    let mut gap = page();
    gap.entries.remove(0);
    assert_eq!(gap.follow(gap.after), Err(PageError::Gap { expected: seven }));
    let mut repetition = page();
    repetition.entries[1] = repetition.entries[0].clone();
    assert_eq!(
        repetition.follow(repetition.after),
        Err(PageError::Gap { expected: eight })
    );
    let mut order = page();
    order.entries.swap(0, 1);
    assert_eq!(order.follow(order.after), Err(PageError::Gap { expected: seven }));
}

#[test]
fn an_outcome_of_a_later_server_is_as_if_no_answer_had_come() {
    let text = golden("messages/push_answer.json").replace("\"not_tried\"", "\"postponed\",\"until\":7");
    let answer = PushAnswer::parse(text.as_bytes()).unwrap();
    assert_eq!(answer.results[3].outcome, OperationOutcome::Unknown);
    assert_eq!(answer.results[0].outcome.seq(), Seq::new(7));
}

/// The words of a list, with a plus between them.
fn joined(words: impl IntoIterator<Item = String>) -> String {
    words.into_iter().collect::<Vec<_>>().join("+")
}

#[test]
fn the_table_of_kinds_is_the_one_that_was_agreed() {
    let line = |kind: &Kind| {
        let lane = kind.lane().map_or("-", |lane| lane.as_str());
        let logs = joined(kind.audiences().iter().map(ToString::to_string));
        let authors = joined(kind.authors().iter().map(ToString::to_string));
        let snapshot = if is_thinnable(*kind) { "thinned" } else { "whole" };
        format!(
            "{kind}\t{}\t{lane}\t{logs}\t{authors}\t{snapshot}",
            kind.newest_body_version()
        )
    };
    let lines: Vec<String> = Kind::ALL.iter().map(line).collect();
    assert_eq!(lines.join("\n"), golden("kinds.tsv"));
}

#[test]
fn the_table_of_problems_is_the_one_that_was_agreed() {
    let line = |code: &ProblemCode| format!("{code}\t{}\t{:?}", code.status(), code.class());
    let lines: Vec<String> = ProblemCode::KNOWN.iter().map(line).collect();
    assert_eq!(lines.join("\n"), golden("problems.tsv"));
}

#[test]
fn a_phone_holds_back_what_the_server_could_not_take() {
    let server = ServerAnswer::parse(golden("messages/server_answer.json").as_bytes()).unwrap();
    assert!(server.accepts(&Kind::MessagePosted.into(), 1));
    assert!(!server.accepts(&Kind::MessagePosted.into(), 2));
    assert!(!server.accepts(&Kind::PlanSet.into(), 1));
}
