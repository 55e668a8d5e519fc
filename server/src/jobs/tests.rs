use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use uuid::Uuid;

use super::expire;
use crate::policy::Policy;
use crate::server::{Parts, Server, boxed};
use crate::store::{Running, SqliteStore, Value};
use crate::testing::seeded_host;
use crate::uploads::objects;

const DAY_MS: i64 = 24 * 3_600_000;

/// A session with a pair, two tokens and a push token; `ends` are its ended, absolute and idle end in days before now.
async fn sign_in(server: &Server, number: u128, ends: [Option<i64>; 3]) {
    let now = server.host.now().0;
    let [ended, absolute, idle] =
        ends.map(|days| days.map(|days| now.saturating_sub(DAY_MS.saturating_mul(days))));
    let id = Uuid::from_u128(number);
    let later = now.saturating_add(DAY_MS.saturating_mul(365));
    let rows: Vec<(&'static str, Vec<Value>)> = vec![
        (
            "INSERT INTO session (account_id, session_id, device_id, platform, model, app_version, signed_in_at_ms, last_seen_at_ms,
                 expires_at_ms, idle_expires_at_ms, ended_at_ms, push_service, push_token, push_token_at_ms)
             VALUES ($1, $1, $1, 'ios', 'x', '1.0.0', 0, 0, $2, $3, $4, 'apns', 'x', 0)",
            vec![id.into(), absolute.unwrap_or(later).into(), idle.unwrap_or(later).into(), ended.into()],
        ),
        (
            "INSERT INTO token_pair (account_id, session_id, generation, salt, access_hash, refresh_hash, made_at_ms, access_expires_at_ms)
             VALUES ($1, $1, 1, $2, $2, $2, 0, 0)",
            vec![id.into(), [0_u8; 32].into()],
        ),
        (
            "INSERT INTO token (token_hash, account_id, session_id, generation, is_refresh) VALUES ($2, $1, $1, 1, 0)",
            vec![id.into(), [&[0; 16], id.as_bytes().as_slice()].concat().as_slice().into()],
        ),
        (
            "INSERT INTO token (token_hash, account_id, session_id, generation, is_refresh) VALUES ($2, $1, $1, 1, 1)",
            vec![id.into(), [&[1; 16], id.as_bytes().as_slice()].concat().as_slice().into()],
        ),
    ];
    let written = server.write(rows, |tx, rows| {
        boxed(async move {
            for (sql, values) in rows {
                tx.execute(sql, values).await?;
            }
            Ok(())
        })
    });
    written.await.unwrap();
}

async fn ids(server: &Server, sql: &'static str) -> Vec<u128> {
    let read = server.read(sql, |tx, sql| {
        boxed(async move {
            let rows = tx.query(sql, &[]).await?;
            let ids = rows.iter().map(|row| Ok(row.get::<Uuid>(0)?.as_u128()));
            ids.collect::<Result<Vec<_>, crate::store::Fault>>()
        })
    });
    read.await.unwrap()
}

fn server() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let (host, time) = seeded_host(1);
    time.advance(Duration::from_hours(1));
    let store = SqliteStore::open(folder.path(), Running::Inline, &host).unwrap();
    let parts = Parts::new(host, Arc::new(store), objects::in_memory(), Policy::default());
    (folder, Server::new(parts))
}

const WITH_TOKENS: &str = "SELECT DISTINCT session_id FROM token ORDER BY session_id";
const WITH_PAIRS: &str = "SELECT DISTINCT session_id FROM token_pair ORDER BY session_id";
const WITH_PUSH: &str = "SELECT session_id FROM session
    WHERE push_token IS NOT NULL OR push_service IS NOT NULL OR push_token_at_ms IS NOT NULL
    ORDER BY session_id";

#[test]
fn a_session_that_is_over_for_a_month_keeps_no_token_however_it_ended() {
    let (_folder, server) = server();
    let done = async {
        sign_in(&server, 1, [None, None, None]).await;
        sign_in(&server, 2, [Some(29), None, None]).await;
        sign_in(&server, 3, [None, Some(29), Some(29)]).await;
        sign_in(&server, 4, [Some(31), None, None]).await;
        sign_in(&server, 5, [None, Some(31), None]).await;
        sign_in(&server, 6, [None, None, Some(31)]).await;
        expire(&server).await.unwrap();
        for sql in [WITH_TOKENS, WITH_PAIRS, WITH_PUSH] {
            assert_eq!(ids(&server, sql).await, [1, 2, 3], "{sql}");
        }
        let sessions = ids(&server, "SELECT session_id FROM session").await;
        assert_eq!(sessions.len(), 6, "a session itself stays");
    };
    done.now_or_never().expect("done without a runtime");
}

#[test]
fn more_sessions_than_one_portion_are_expired_in_one_run() {
    let (_folder, server) = server();
    let done = async {
        for number in 1..=450 {
            sign_in(&server, number, [Some(31), None, None]).await;
        }
        sign_in(&server, 451, [None, None, None]).await;
        expire(&server).await.unwrap();
        for sql in [WITH_TOKENS, WITH_PAIRS, WITH_PUSH] {
            assert_eq!(ids(&server, sql).await, [451], "{sql}");
        }
    };
    done.now_or_never().expect("done without a runtime");
}
