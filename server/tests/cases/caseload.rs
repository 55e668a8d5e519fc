use std::time::Duration;

use axum::http::StatusCode;
use ayumi_protocol::caseload::CaseloadAnswer;
use ayumi_protocol::wire::Wire as _;
use serde_json::{Value, json};

use crate::logs::{count, message, op_id, push};
use crate::support::{Person, World, request};

async fn caseload(world: &World, by: &Person) -> CaseloadAnswer {
    let asked = request("GET", "/v1/staff/caseload", Some(&by.token), &Value::Null);
    let (status, answer) = world.send(asked).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    CaseloadAnswer::parse(answer.to_string().as_bytes()).unwrap()
}

const READS: &str = "SELECT COUNT(*) FROM audit WHERE act = 'caseload.read'";

#[tokio::test]
async fn a_caseload_has_the_assigned_cases_with_the_ends_of_both_logs_the_last_active_first() {
    let world = World::new(1).await;
    let here = &world.here;
    let (first, second) = (&here.participant, &here.other_participant);
    let substitute =
        "INSERT INTO assignment (case_id, account_id, is_substitute, assigned_at_ms) VALUES ($1, $2, 1, 0)";
    let dietitian = here.dietitian.account_id;
    world
        .insert(vec![(substitute, vec![second.case_id.into(), dietitian.into()])])
        .await;
    let care = |case: &crate::support::Participant| json!({ "case_id": case.case_id.to_string(), "audience": "care" });
    push(
        &world,
        &first.person,
        &care(first),
        "talk",
        &[message(1, "x"), message(2, "x")],
    )
    .await;
    world.time.advance(Duration::from_secs(1));
    push(&world, &second.person, &care(second), "talk", &[message(3, "x")]).await;

    let answer = caseload(&world, &here.dietitian).await;
    let told: Vec<_> = answer
        .cases
        .iter()
        .map(|case| {
            let heads: Vec<_> = case
                .heads
                .iter()
                .map(|head| (head.audience.as_str(), head.head_seq.number()))
                .collect();
            (case.case_id, case.is_substitute, heads)
        })
        .collect();
    assert_eq!(
        told,
        [
            (second.case_id, true, vec![("care", 1), ("staff", 0)]),
            (first.case_id, false, vec![("care", 2), ("staff", 0)]),
        ]
    );

    // An answer of the staff counts as activity too.
    world.time.advance(Duration::from_secs(1));
    let staff = json!({ "case_id": first.case_id.to_string(), "audience": "staff" });
    let note = (op_id(4), "note.posted", json!({ "topic": "other", "text": "x" }));
    push(&world, &here.dietitian, &staff, "talk", &[note]).await;
    let answer = caseload(&world, &here.dietitian).await;
    assert_eq!(answer.cases[0].case_id, first.case_id);
    assert_eq!(answer.cases[0].heads[1].head_seq.number(), 1);
    assert!(answer.cases[0].last_staff_entry_at_ms > answer.cases[0].last_participant_entry_at_ms);
}

#[tokio::test]
async fn reading_a_caseload_is_written_down_once_and_an_empty_one_not_at_all() {
    let world = World::new(2).await;
    assert_eq!(caseload(&world, &world.here.dietitian).await.cases.len(), 1);
    assert_eq!(count(&world, READS).await, 1);
    for nobody in [
        &world.here.unassigned_dietitian,
        &world.here.adviser,
        &world.here.coordinator,
    ] {
        assert_eq!(caseload(&world, nobody).await.cases, []);
    }
    assert_eq!(count(&world, READS).await, 1);
}

#[tokio::test]
async fn a_case_without_consent_tells_its_name_and_nothing_of_its_logs() {
    let world = World::new(3).await;
    world
        .insert(vec![(
            "UPDATE case_head SET consent = 'withdrawn', last_participant_entry_at_ms = 1, care_seq = 7",
            vec![],
        )])
        .await;
    let answer = caseload(&world, &world.here.dietitian).await;
    let case = &answer.cases[0];
    assert!(case.heads.is_empty() && case.last_participant_entry_at_ms.is_none());
    assert_eq!(case.name, "Simulated");
}

#[tokio::test]
async fn who_lost_the_role_has_no_caseload() {
    let world = World::new(4).await;
    world
        .insert(vec![("DELETE FROM role WHERE role = 'dietitian'", vec![])])
        .await;
    assert_eq!(caseload(&world, &world.here.dietitian).await.cases, []);
}
