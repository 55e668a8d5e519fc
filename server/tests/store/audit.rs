//! What verifying the audit finds, on both engines. Source: sync.md 15.5.

use std::sync::Arc;
use std::time::Duration;

use ayumi_protocol::cursor::{Audience, Seq};
use ayumi_protocol::id::{AccountId, CaseId};
use ayumi_server::audit::digest::digest_audit;
use ayumi_server::audit::verify::{Finding, Report, verify};
use ayumi_server::audit::{Act, Chain, record, show};
use ayumi_server::host::ManualTime;
use ayumi_server::policy::Policy;
use ayumi_server::server::{Parts, Server, boxed};
use ayumi_server::store::{Running, Value};
use uuid::Uuid;

use crate::conformance::{Bench, postgresql, sqlite};

const CASES: [Uuid; 2] = [Uuid::from_u128(0xa1), Uuid::from_u128(0xa2)];
const ACCOUNT: Uuid = Uuid::from_u128(0xb1);
/// Rows of each chain.
const ROWS: i64 = 5;

struct Audited {
    server: Server,
    time: ManualTime,
    _bench: Bench,
}

impl Audited {
    /// Two cases, an account and the server, each with a chain of five rows, and the digest of a first day.
    async fn on(bench: Bench) -> Self {
        let (host, time) = ayumi_server::testing::seeded_host(1);
        let objects = Arc::new(object_store::memory::InMemory::new());
        let server = Server::new(Parts::new(
            host,
            Arc::clone(&bench.store),
            objects,
            Policy::default(),
        ));
        let audited = Self {
            server,
            time,
            _bench: bench,
        };
        for case in CASES {
            let head = "INSERT INTO case_head (case_id, society_id, account_id, name, opened_at_ms, care_seq, staff_seq, advice_seq,
                     audit_seq, audit_hash, consent)
                 VALUES ($1, $1, $1, 'Simulated', 0, 0, 0, 0, 0, $2, 'given')";
            audited.change(head, vec![case.into(), [0_u8; 32].into()]).await;
        }
        audited.act().await;
        digest_audit(&audited.server).await.unwrap();
        audited
    }

    /// Five more rows in each chain.
    async fn act(&self) {
        let input = (self.server.host.now(), Uuid::from_u128(0xc1));
        let written = self.server.write(input, |tx, (now, object)| {
            boxed(async move {
                let chains = CASES.map(|case| Chain::Case(CaseId::from_uuid(case)));
                let others = [Chain::Account(AccountId::from_uuid(ACCOUNT)), Chain::Server];
                for chain in chains.into_iter().chain(others) {
                    for number in 0..ROWS {
                        let mut act = Act::by_server(*now, "entries.read", "request");
                        act.audience = (number > 0).then_some(Audience::Care);
                        act.from_seq = Seq::new(number);
                        act.to_seq = Seq::new(number);
                        act.object_id = (number > 1).then_some(*object);
                        record(tx, chain, &act).await?;
                    }
                }
                Ok(())
            })
        });
        written.await.unwrap();
    }

    async fn change(&self, sql: &'static str, values: Vec<Value>) {
        let changed = self.server.write((sql, values), |tx, (sql, values)| {
            boxed(async move { Ok(tx.execute(sql, values).await?) })
        });
        assert_eq!(changed.await.unwrap(), 1, "{sql}");
    }

    async fn report(&self) -> Report {
        verify(&self.server, None).await.unwrap()
    }

    async fn findings(&self) -> Vec<Finding> {
        self.report().await.findings
    }
}

macro_rules! on_both_engines {
    ($($promise:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $promise() {
                super::$promise(super::Audited::on(super::sqlite(super::Running::Inline)).await).await;
            })+
        }
        mod on_postgresql {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                super::$promise(super::Audited::on(super::postgresql().await).await).await;
            })+
        }
    };
}

on_both_engines![
    an_intact_audit_verifies_day_after_day,
    every_changed_column_shows,
    a_missing_row_shows,
    an_added_row_shows,
    a_removed_last_row_shows,
    a_removed_chain_shows,
    many_chains_without_an_end_show,
    a_changed_or_missing_digest_shows,
];

async fn an_intact_audit_verifies_day_after_day(audited: Audited) {
    let report = audited.report().await;
    assert_eq!(report.findings, []);
    assert_eq!(
        (report.cases, report.others, report.rows, report.digests),
        (2, 2, 20, 1)
    );
    // Once a day, however often the job runs.
    digest_audit(&audited.server).await.unwrap();
    assert_eq!(audited.report().await.digests, 1);
    let first = report.last_digest.unwrap();
    for day in 2..4 {
        audited.time.advance(Duration::from_hours(24));
        audited.act().await;
        digest_audit(&audited.server).await.unwrap();
        let report = verify(&audited.server, Some(first)).await.unwrap();
        assert_eq!((report.findings.as_slice(), report.digests), (&[][..], day));
        assert_eq!(report.last_digest.unwrap().0, i64::try_from(day).unwrap());
    }
    let rows = show::rows(&audited.server, CASES[0]).await.unwrap();
    assert_eq!(rows.len(), 15);
    assert!(rows.iter().all(|cells| cells.len() == show::TITLES.len()));
    assert_eq!(rows[1][5..9], ["entries.read", "done", "care", "1"]);
}

async fn every_changed_column_shows(audited: Audited) {
    let of = |sql: &'static str, value: Value| (sql, vec![CASES[0].into(), value]);
    let id = |number: u128| Value::from(Uuid::from_u128(number));
    // Each change, and how it is undone.
    let changes = [
        [
            of(
                "UPDATE audit SET at_ms = at_ms + $2 WHERE chain_id = $1 AND seq = 3",
                1_i64.into(),
            ),
            of(
                "UPDATE audit SET at_ms = at_ms - $2 WHERE chain_id = $1 AND seq = 3",
                1_i64.into(),
            ),
        ],
        ["administrator", "system"].map(|word| {
            of(
                "UPDATE audit SET actor_role = $2 WHERE chain_id = $1 AND seq = 3",
                word.into(),
            )
        }),
        ["entries.appended", "entries.read"].map(|word| {
            of(
                "UPDATE audit SET act = $2 WHERE chain_id = $1 AND seq = 3",
                word.into(),
            )
        }),
        ["not_found", "done"].map(|word| {
            of(
                "UPDATE audit SET outcome = $2 WHERE chain_id = $1 AND seq = 3",
                word.into(),
            )
        }),
        ["other", "request"].map(|word| {
            of(
                "UPDATE audit SET request_id = $2 WHERE chain_id = $1 AND seq = 3",
                word.into(),
            )
        }),
        [1_u128, 0].map(|number| {
            of(
                "UPDATE audit SET actor_id = $2 WHERE chain_id = $1 AND seq = 3",
                id(number),
            )
        }),
        [1_u128, 0].map(|number| {
            of(
                "UPDATE audit SET device_id = $2 WHERE chain_id = $1 AND seq = 3",
                id(number),
            )
        }),
        [Value::Null, "care".into()].map(|value| {
            of(
                "UPDATE audit SET audience = $2 WHERE chain_id = $1 AND seq = 3",
                value,
            )
        }),
        [Value::Null, 2_i64.into()].map(|value| {
            of(
                "UPDATE audit SET from_seq = $2 WHERE chain_id = $1 AND seq = 3",
                value,
            )
        }),
        [9_i64, 2].map(|seq| {
            of(
                "UPDATE audit SET to_seq = $2 WHERE chain_id = $1 AND seq = 3",
                seq.into(),
            )
        }),
        [Value::Null, id(0xc1)].map(|value| {
            of(
                "UPDATE audit SET object_id = $2 WHERE chain_id = $1 AND seq = 3",
                value,
            )
        }),
    ];
    let (chain_id, seq) = (CASES[0], 3);
    for [(change, values), (undo, undo_values)] in changes {
        audited.change(change, values).await;
        assert_eq!(
            audited.findings().await,
            [Finding::Changed { chain_id, seq }],
            "{change}"
        );
        audited.change(undo, undo_values).await;
        assert_eq!(audited.findings().await, [], "{undo}");
    }
    // Whoever changes the hash too is found at the next row.
    let hash = "UPDATE audit SET hash = $2 WHERE chain_id = $1 AND seq = 3";
    audited
        .change(hash, vec![chain_id.into(), [7_u8; 32].into()])
        .await;
    assert_eq!(audited.findings().await, [Finding::Changed { chain_id, seq }]);
}

async fn a_missing_row_shows(audited: Audited) {
    audited
        .change(
            "DELETE FROM audit WHERE chain_id = $1 AND seq = 3",
            vec![CASES[1].into()],
        )
        .await;
    audited
        .change(
            "DELETE FROM audit WHERE chain_id = $1 AND seq = 1",
            vec![ACCOUNT.into()],
        )
        .await;
    let missing = |chain_id, seq| Finding::Missing { chain_id, seq };
    assert_eq!(
        audited.findings().await,
        [missing(CASES[1], 3), missing(ACCOUNT, 1)]
    );
}

async fn an_added_row_shows(audited: Audited) {
    let added = "INSERT INTO audit (chain_id, seq, at_ms, actor_id, actor_role, device_id, act, outcome, request_id, hash)
        SELECT chain_id, 6, at_ms, actor_id, actor_role, device_id, act, outcome, request_id, hash
        FROM audit
        WHERE chain_id = $1 AND seq = 5";
    let chain_id = CASES[0];
    audited.change(added, vec![chain_id.into()]).await;
    assert_eq!(audited.findings().await, [Finding::Changed { chain_id, seq: 6 }]);
    // One that follows from the row before is still behind the end.
    let chain_id = CASES[1];
    let end = "UPDATE case_head
        SET audit_seq = 4,
            audit_hash = (SELECT hash FROM audit WHERE chain_id = $1 AND seq = 4)
        WHERE case_id = $1";
    audited.change(end, vec![chain_id.into()]).await;
    assert!(
        audited
            .findings()
            .await
            .contains(&Finding::OtherEnd { chain_id, seq: 5 })
    );
}

async fn a_removed_last_row_shows(audited: Audited) {
    let (chain_id, seq) = (CASES[0], ROWS);
    let remove = "DELETE FROM audit WHERE chain_id = $1 AND seq = 5";
    audited.change(remove, vec![chain_id.into()]).await;
    assert_eq!(audited.findings().await, [Finding::Missing { chain_id, seq }]);
    // Whoever sets the end back as well is found by the digest.
    let end = "UPDATE case_head
        SET audit_seq = 4,
            audit_hash = (SELECT hash FROM audit WHERE chain_id = $1 AND seq = 4)
        WHERE case_id = $1";
    audited.change(end, vec![chain_id.into()]).await;
    let digest_seq = 1;
    let finding = Finding::NotAsDigested {
        chain_id,
        seq,
        digest_seq,
    };
    assert_eq!(audited.findings().await, [finding]);
    // An end that names another row than the last one.
    let end = "UPDATE case_head SET audit_hash = $2 WHERE case_id = $1";
    audited
        .change(end, vec![CASES[1].into(), [7_u8; 32].into()])
        .await;
    let chain_id = CASES[1];
    assert!(
        audited
            .findings()
            .await
            .contains(&Finding::OtherEnd { chain_id, seq })
    );
}

async fn a_removed_chain_shows(audited: Audited) {
    let remove_end = "DELETE FROM audit_chain WHERE chain_id = $1";
    audited.change(remove_end, vec![ACCOUNT.into()]).await;
    assert_eq!(audited.findings().await, [Finding::NoEnd { chain_id: ACCOUNT }]);
    for seq in 1..=ROWS {
        let remove = "DELETE FROM audit WHERE chain_id = $1 AND seq = $2";
        audited.change(remove, vec![ACCOUNT.into(), seq.into()]).await;
    }
    let finding = |chain_id| Finding::NotAsDigested {
        chain_id,
        seq: ROWS,
        digest_seq: 1,
    };
    assert_eq!(audited.findings().await, [finding(ACCOUNT)]);
    for seq in 1..=ROWS {
        let remove = "DELETE FROM audit WHERE chain_id = $1 AND seq = $2";
        audited.change(remove, vec![CASES[0].into(), seq.into()]).await;
    }
    audited
        .change("DELETE FROM case_head WHERE case_id = $1", vec![CASES[0].into()])
        .await;
    assert_eq!(audited.findings().await, [finding(CASES[0]), finding(ACCOUNT)]);
}

/// More than one transaction looks at.
async fn many_chains_without_an_end_show(audited: Audited) {
    let copy = "INSERT INTO audit (chain_id, seq, at_ms, actor_id, actor_role, device_id, act, outcome, request_id, hash)
        SELECT $2, seq, at_ms, actor_id, actor_role, device_id, act, outcome, request_id, hash
        FROM audit
        WHERE chain_id = $1 AND seq = 1";
    let chains: Vec<Uuid> = (0xd00..0xd00 + 150)
        .chain([u128::MAX])
        .map(Uuid::from_u128)
        .collect();
    for chain_id in &chains {
        audited
            .change(copy, vec![ACCOUNT.into(), (*chain_id).into()])
            .await;
    }
    let findings: Vec<Finding> = chains
        .into_iter()
        .map(|chain_id| Finding::NoEnd { chain_id })
        .collect();
    assert_eq!(audited.findings().await, findings);
}

async fn a_changed_or_missing_digest_shows(audited: Audited) {
    for _ in 0..3 {
        audited.time.advance(Duration::from_hours(24));
        audited.act().await;
        digest_audit(&audited.server).await.unwrap();
    }
    let last = audited.report().await.last_digest.unwrap();
    assert_eq!(last.0, 4);
    assert_eq!(verify(&audited.server, Some(last)).await.unwrap().findings, []);

    let moved = "UPDATE audit_digest SET at_ms = at_ms + $1 WHERE seq = 2";
    audited.change(moved, vec![1_i64.into()]).await;
    let changed = Finding::DigestChanged { digest_seq: 2 };
    assert_eq!(audited.findings().await, std::slice::from_ref(&changed));
    audited.change(moved, vec![(-1_i64).into()]).await;
    // An end is taken out of a digest, so that its chain could vanish.
    let remove = "DELETE FROM audit_digest_chain WHERE digest_seq = 2 AND chain_id = $1";
    audited.change(remove, vec![ACCOUNT.into()]).await;
    assert_eq!(audited.findings().await, [changed]);

    // The last digest is taken away: only what was kept elsewhere tells.
    audited
        .change("DELETE FROM audit_digest WHERE seq = 4", vec![])
        .await;
    let missing = |digest_seq| Finding::DigestMissing { digest_seq };
    assert!(!audited.findings().await.contains(&missing(4)));
    let report = verify(&audited.server, Some(last)).await.unwrap();
    assert!(report.findings.contains(&missing(4)));
    audited
        .change("DELETE FROM audit_digest WHERE seq = 2", vec![])
        .await;
    assert!(audited.findings().await.contains(&missing(2)));
    // Everything was made anew: the number is there, with another value.
    let (_, other) = last;
    let report = verify(&audited.server, Some((3, other))).await.unwrap();
    assert!(
        report
            .findings
            .contains(&Finding::DigestNotAsKept { digest_seq: 3 })
    );
}
