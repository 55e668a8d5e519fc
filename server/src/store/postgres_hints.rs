//! Hints between nodes over PostgreSQL's NOTIFY.
//!
//! NOTIFY takes a lock of the whole database until its transaction has ended, so no append does it: appends leave the ids of
//! their cases with a relay, which sends what has gathered in one statement of its own, every 50 milliseconds at most. It listens
//! on the same connection. A lost connection is made again; what was said meanwhile is lost, and found by polling.
//!
//! Behind a pooler that hands out connections by transaction nothing arrives: such an operator turns it off.
//!
//! Source: sync.md 15.2.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ayumi_protocol::id::CaseId;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Connection, NoTls, Notification};
use tokio_postgres_rustls::MakeRustlsConnect;
use uuid::Uuid;

use super::postgres::store_error;
use super::{PostgresSettings, StoreError};
use crate::host::Host;
use crate::waiting::{Notifier, Waiters};

const LISTEN: &str = "LISTEN ayumi_cases";
const NOTIFY: &str = "SELECT pg_notify('ayumi_cases', $1)";
const OWN_PROCESS: &str = "SELECT pg_backend_pid()";

/// Ids in one notification: PostgreSQL takes fewer than 8,000 bytes.
const CASES: usize = 7_999 / (ID_BYTES + 1);
/// An id as 32 hexadecimal digits.
const ID_BYTES: usize = 32;
/// Ids that wait to be sent. Beyond it hints are dropped; whoever waits for such a case is served by polling.
const PENDING: usize = 10_000;
/// Between two notifications.
const PAUSE: Duration = Duration::from_millis(50);
/// How often an idle connection is asked whether it still is one.
const CHECK: Duration = Duration::from_secs(30);
/// Longest wait for an answer of the database.
const ANSWER: Duration = Duration::from_secs(5);
/// First and longest pause before the connection is made again.
const AGAIN: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(30)];

/// Gathers hints for the relay.
#[derive(Default)]
struct Gathered {
    cases: Mutex<BTreeSet<CaseId>>,
    some: Notify,
}

impl fmt::Debug for Gathered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gathered").finish_non_exhaustive()
    }
}

impl Notifier for Gathered {
    fn notify(&self, case_id: CaseId) {
        let mut cases = self.cases.lock().unwrap_or_else(PoisonError::into_inner);
        if cases.len() < PENDING {
            cases.insert(case_id);
        }
        drop(cases);
        self.some.notify_one();
    }
}

impl Gathered {
    /// The text of one notification, if there is anything to say.
    fn take(&self) -> Option<String> {
        let mut cases = self.cases.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for _ in 0..CASES {
            let Some(case_id) = cases.pop_first() else { break };
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&case_id.as_uuid().simple().to_string());
        }
        (!text.is_empty()).then_some(text)
    }
}

/// The cases of a notification. What is no id is passed over: a later version may say more.
fn read(payload: &str) -> impl Iterator<Item = CaseId> {
    let ids = payload.split(' ').take(CASES);
    ids.filter_map(|id| Uuid::try_parse(id).ok())
        .map(CaseId::from_uuid)
}

/// Passes hints between the long polls of this node and the other nodes over the same database, until the task is aborted.
pub fn exchange_hints(waiters: Waiters, settings: PostgresSettings, host: Host) -> JoinHandle<()> {
    let gathered = Arc::new(Gathered::default());
    waiters.pass_on_to(gathered.clone());
    tokio::spawn(async move {
        let [first, longest] = AGAIN;
        let mut pause = first;
        loop {
            let since = host.time.monotonic();
            match exchange(&waiters, &settings, &host, &gathered).await {
                Ok(()) => tracing::warn!("the connection for hints has ended; it is made again"),
                Err(error) => tracing::warn!(%error, "hints of other nodes do not arrive; polling goes on"),
            }
            if host.time.monotonic().saturating_sub(since) > longest {
                pause = first;
            }
            let [random] = host.random_bytes();
            let share = f64::from(u16::from(random).saturating_add(256)) / 512.0;
            host.time.sleep(pause.mul_f64(share)).await;
            pause = pause.saturating_mul(2).min(longest);
        }
    })
}

/// One connection, from its beginning to its end.
async fn exchange(
    waiters: &Waiters,
    settings: &PostgresSettings,
    host: &Host,
    gathered: &Gathered,
) -> Result<(), StoreError> {
    let mut config = settings.config.clone();
    // The library's own timeout ends with the TCP connection; TLS and the database's greeting come after it.
    config.connect_timeout(ANSWER).application_name("ayumi hints");
    let own = Arc::new(AtomicI32::new(0));
    let (client, driver) = if let Some(tls) = &settings.tls {
        let (client, connection) = within(config.connect(MakeRustlsConnect::new(tls.clone()))).await?;
        (client, drive(connection, waiters.clone(), Arc::clone(&own)))
    } else {
        let (client, connection) = within(config.connect(NoTls)).await?;
        (client, drive(connection, waiters.clone(), Arc::clone(&own)))
    };
    let mut driver = Driver(driver);
    within(async {
        let row = client.query_one(OWN_PROCESS, &[]).await?;
        own.store(row.try_get(0)?, Ordering::SeqCst);
        client.batch_execute(LISTEN).await
    })
    .await?;
    loop {
        tokio::select! {
            () = gathered.some.notified() => send(&client, host, gathered).await?,
            () = host.time.sleep(CHECK) => within(client.batch_execute("")).await?,
            _ = &mut driver.0 => return Ok(()),
        }
    }
}

/// Says everything that has gathered.
async fn send(client: &Client, host: &Host, gathered: &Gathered) -> Result<(), StoreError> {
    while let Some(text) = gathered.take() {
        within(client.execute(NOTIFY, &[&text])).await?;
        host.time.sleep(PAUSE).await;
    }
    Ok(())
}

async fn within<T>(answer: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, StoreError> {
    match tokio::time::timeout(ANSWER, answer).await {
        Ok(answer) => answer.map_err(|error| store_error(&error)),
        Err(_) => Err(StoreError::Unavailable("it does not answer".to_owned())),
    }
}

/// Ends the connection with whoever used it.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Reads what arrives on a connection, and wakes whoever waits for it.
fn drive<S, T>(mut connection: Connection<S, T>, waiters: Waiters, own: Arc<AtomicI32>) -> JoinHandle<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        loop {
            let message = std::future::poll_fn(|context| connection.poll_message(context)).await;
            match message {
                Some(Ok(AsyncMessage::Notification(said))) => wake(&waiters, &said, &own),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            }
        }
    })
}

fn wake(waiters: &Waiters, said: &Notification, own: &AtomicI32) {
    // Those who wait here were woken before it was said.
    if said.process_id() != own.load(Ordering::SeqCst) {
        read(said.payload()).for_each(|case_id| waiters.hint_here(case_id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(number: u128) -> CaseId {
        CaseId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn many_hints_are_few_notifications_of_bounded_length_and_each_case_is_said_once() {
        let gathered = Gathered::default();
        for _ in 0..3 {
            (0..500).for_each(|number| gathered.notify(case(number)));
        }
        let mut said = Vec::new();
        while let Some(text) = gathered.take() {
            assert!(text.len() < 8000);
            said.push(read(&text).collect::<Vec<_>>());
        }
        assert_eq!(said.len(), 3);
        assert_eq!(said.concat(), (0..500).map(case).collect::<Vec<_>>());
    }

    #[test]
    fn a_database_that_is_away_for_long_costs_bounded_memory() {
        let gathered = Gathered::default();
        for number in 0..100_000_u32 {
            gathered.notify(case(u128::from(number)));
        }
        assert_eq!(gathered.cases.lock().unwrap().len(), PENDING);
    }

    #[test]
    fn what_is_no_id_is_passed_over() {
        let text = format!("x {} 1;2", Uuid::from_u128(7).simple());
        assert_eq!(read(&text).collect::<Vec<_>>(), [case(7)]);
        assert_eq!(read("").count(), 0);
    }
}
