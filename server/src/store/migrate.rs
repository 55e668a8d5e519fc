//! Brings the schema up to date. Steps are numbered files, applied in order, each once.
//!
//! The embedded file is brought up to date by the process that opens it. On `PostgreSQL` only `ayumi-server admin migrate` does it, under
//! a lease, so that several nodes that start together do not race; a node only looks.

use ayumi_protocol::cursor::Epoch;
use refinery::{Migration, Runner};
use tokio_postgres::{Client, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::postgres::{PostgresSettings, store_error};
use super::{StoreError, Value, sql};
use crate::host::Host;

mod sqlite_steps {
    refinery::embed_migrations!("src/store/migrations/sqlite");
}

mod postgres_steps {
    refinery::embed_migrations!("src/store/migrations/postgres");
}

fn runner(runner: Runner) -> Runner {
    runner.set_abort_missing(true).set_abort_divergent(true)
}

/// Applies what is missing to an embedded file.
///
/// Errors: `Schema`, if a step fails or the file was made by a newer program; nothing of that step is kept.
pub(super) fn sqlite(connection: &mut rusqlite::Connection) -> Result<(), StoreError> {
    runner(sqlite_steps::migrations::runner())
        .run(connection)
        .map(|_| ())
        .map_err(|error| StoreError::Schema(error.to_string()))
}

/// How long a lease of the migration holds: whoever died while migrating keeps others away no longer.
const LEASE_MS: i64 = 10 * 60 * 1000;

/// Makes the schema of a new database, or brings an older one up to date.
///
/// Errors: `Unavailable` if the database cannot be reached; `Schema` if a step fails, if another migration runs, or if the database
/// was made by a newer program. Each step is one transaction.
pub async fn postgres(settings: &PostgresSettings, host: &Host) -> Result<(), StoreError> {
    let mut client = connect(settings).await?;
    let statement = |error: tokio_postgres::Error| store_error(&error);
    // The lease is taken before the first step, so no step makes its table.
    client
        .batch_execute(sql::CREATE_MIGRATION_LEASE)
        .await
        .map_err(statement)?;
    let (holder, now) = (host.random_uuid(), host.now().0);
    let values = [
        Value::from(holder),
        Value::from(now.saturating_add(LEASE_MS)),
        Value::from(now),
    ];
    let taken = client
        .execute_raw(sql::TAKE_MIGRATION_LEASE, &values)
        .await
        .map_err(statement)?;
    if taken == 0 {
        return Err(StoreError::Schema(
            "another migration is running; try again when it has ended, at the latest in ten minutes"
                .to_owned(),
        ));
    }
    let migrated = runner(postgres_steps::migrations::runner())
        .run_async(&mut client)
        .await
        .map_err(|error| StoreError::Schema(error.to_string()));
    let begun = match &migrated {
        Ok(_) => {
            let epoch = Epoch::from_uuid(host.random_uuid());
            let state = [Value::from("epoch"), Value::from(epoch)];
            client.execute_raw(sql::INSERT_STATE, &state).await
        }
        Err(_) => Ok(0),
    };
    client
        .execute_raw(sql::RELEASE_MIGRATION_LEASE, &[Value::from(holder)])
        .await
        .map_err(statement)?;
    migrated?;
    begun.map(|_| ()).map_err(statement)
}

/// Number of the newest step, the same for both engines.
pub(super) fn schema_version() -> u32 {
    let steps = sqlite_steps::migrations::runner();
    let newest = steps.get_migrations().iter().map(Migration::version).max();
    newest
        .and_then(|version| u32::try_from(version).ok())
        .unwrap_or(0)
}

/// Looks whether the schema is the one that this program was made for.
pub(super) async fn check_postgres(client: &mut Client) -> Result<(), StoreError> {
    let newest = postgres_steps::migrations::runner()
        .get_migrations()
        .iter()
        .map(Migration::version)
        .max()
        .unwrap_or_default();
    // The table is made by the first migration; without it there was none.
    let has = match client.query_opt(sql::MIGRATED_VERSION, &[]).await {
        Ok(row) => row.map_or(0, |row| {
            row.try_get::<_, Option<i32>>(0).ok().flatten().unwrap_or(0)
        }),
        Err(error) if error.code().is_some_and(|code| code.code() == "42P01") => 0,
        Err(error) => return Err(store_error(&error)),
    };
    match i64::from(has).cmp(&i64::from(newest)) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => Err(StoreError::Schema(
            "its schema is older than this program: run `ayumi-server admin migrate` once, then start again"
                .to_owned(),
        )),
        std::cmp::Ordering::Greater => Err(StoreError::Schema(
            "its schema is newer than this program: start the newer program".to_owned(),
        )),
    }
}

async fn connect(settings: &PostgresSettings) -> Result<Client, StoreError> {
    let unreachable = |error: tokio_postgres::Error| match store_error(&error) {
        StoreError::Statement(text) => StoreError::Unavailable(text),
        other => other,
    };
    // The connection ends when the client is dropped.
    if let Some(tls) = &settings.tls {
        let tls = MakeRustlsConnect::new(tls.clone());
        let (client, connection) = settings.config.connect(tls).await.map_err(unreachable)?;
        tokio::spawn(connection);
        Ok(client)
    } else {
        let (client, connection) = settings.config.connect(NoTls).await.map_err(unreachable)?;
        tokio::spawn(connection);
        Ok(client)
    }
}
