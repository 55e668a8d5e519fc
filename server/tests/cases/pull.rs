use axum::http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::logs::{epoch, message, push};
use crate::support::{World, request};

#[tokio::test]
async fn what_staff_read_is_written_down_in_the_order_of_the_cases_and_refusals_come_last() {
    let world = World::new(1).await;
    let here = &world.here;
    let now = world.server.host.now();
    world
        .insert(vec![(
            "INSERT INTO assignment (case_id, account_id, is_substitute, assigned_at_ms) VALUES ($1, $2, 0, $3)",
            vec![
                here.other_participant.case_id.into(),
                here.dietitian.account_id.into(),
                now.into(),
            ],
        )])
        .await;
    let mut cases = [&here.participant, &here.other_participant];
    cases.sort_by_key(|participant| participant.case_id);
    let care =
        |case_id: &ayumi_protocol::id::CaseId| json!({ "case_id": case_id.to_string(), "audience": "care" });
    for participant in cases {
        let log = care(&participant.case_id);
        push(&world, &participant.person, &log, "talk", &[message(1, "x")]).await;
    }
    let epoch = epoch(&world).await;
    let closed = &world.elsewhere.participant;
    let logs: Vec<Value> = [closed, cases[1], cases[0]]
        .iter()
        .map(|asked| json!({ "log": care(&asked.case_id), "cursor": { "epoch": epoch, "seq": 0 } }))
        .collect();
    let body = json!({ "logs": logs, "page_entries": 500 });
    let asked = request("POST", "/v1/pull", Some(&here.dietitian.token), &body);
    let (status, answer) = world.send(asked).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let answered: Vec<&Value> = answer["logs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|log| &log["log"])
        .collect();
    let wanted: Vec<&Value> = logs.iter().map(|log| &log["log"]).collect();
    assert_eq!(answered, wanted, "the answer keeps the order of the request");

    // SQLite numbers rows as they come.
    let written = world.server.read((), |tx, ()| {
        ayumi_server::server::boxed(async move {
            let sql = "SELECT chain_id FROM audit WHERE act IN ('entries.read', 'entries.read_refused') ORDER BY rowid";
            let rows = tx.query(sql, &[]).await?;
            Ok(rows
                .iter()
                .map(|row| row.get::<Uuid>(0))
                .collect::<Result<Vec<_>, _>>()?)
        })
    });
    let chains = [
        *cases[0].case_id.as_uuid(),
        *cases[1].case_id.as_uuid(),
        *here.dietitian.account_id.as_uuid(),
    ];
    assert_eq!(written.await.unwrap(), chains);
}
