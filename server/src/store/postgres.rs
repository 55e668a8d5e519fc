//! `PostgreSQL`, and engines compatible with it: a pool, and works that are run again after a serialization failure.
//!
//! It relies on nothing that only `PostgreSQL` has. The row of a case or an account serialises its writers, so read committed is enough;
//! an engine that is serializable by default aborts one of two instead, and the work runs again with the same input.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use deadpool_postgres::{Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, Timeouts};
use rustls::ClientConfig;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Config, IsolationLevel, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::repeat::Repeats;
use super::{
    Engine, Fault, Figures, Row, Store, StoreError, Transaction, Value, Work, migrate, postgres_tls,
};
use crate::host::{Boxed, Host};

/// How a node reaches its database.
#[derive(Clone)]
pub struct PostgresSettings {
    /// Address, user, database and password.
    pub config: Config,
    /// For an address that asks for TLS; `None` goes without.
    pub tls: Option<ClientConfig>,
    /// Connections of this node at most.
    pub connections: usize,
}

/// Shows neither address nor password.
impl fmt::Debug for PostgresSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSettings").finish_non_exhaustive()
    }
}

impl PostgresSettings {
    /// Reads an address such as `postgresql://ayumi@localhost/ayumi`, with 16 connections, and with TLS as its `sslmode` and
    /// `sslrootcert` ask for it.
    ///
    /// Errors: `Unavailable`, if it is no address of a database; it is not repeated, because it may hold a password.
    pub fn parse(address: &str) -> Result<Self, StoreError> {
        let (config, tls) = postgres_tls::parse(address)?;
        Ok(Self {
            config,
            tls,
            connections: 16,
        })
    }
}

/// Longest wait for a free connection, and for a new one.
const CONNECT_MOST: Duration = Duration::from_secs(5);
/// A forgotten lock must not hold a case for ever. Most poolers refuse or ignore options at the start of a connection: behind one
/// the role has to have them, as docs/running.md says.
const TIMEOUTS: &str =
    "-c lock_timeout=10s -c statement_timeout=20s -c idle_in_transaction_session_timeout=30s";

/// What a connection begins with. The operator's own options come last, so they win.
fn options(config: &Config) -> String {
    let own = config.get_options().unwrap_or_default();
    format!("{TIMEOUTS} {own}").trim_end().to_owned()
}

/// The store over a PostgreSQL-compatible database.
pub struct PostgresStore {
    pool: Pool,
    repeats: Repeats,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Opens a store whose schema is up to date.
    ///
    /// Errors: `Unavailable` if the database cannot be reached; `Schema` if it has to be migrated first, or was made by a newer program.
    pub async fn open(settings: &PostgresSettings, host: Host) -> Result<Self, StoreError> {
        let manager_config = ManagerConfig {
            // A connection that died in the pool shows at its first statement, in a transaction that is then repeated by the phone.
            recycling_method: RecyclingMethod::Fast,
        };
        let mut config = settings.config.clone();
        config.connect_timeout(CONNECT_MOST);
        config.options(options(&config));
        let manager = match &settings.tls {
            Some(tls) => Manager::from_config(config, MakeRustlsConnect::new(tls.clone()), manager_config),
            None => Manager::from_config(config, NoTls, manager_config),
        };
        let pool = Pool::builder(manager)
            .max_size(settings.connections.max(1))
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(CONNECT_MOST),
                create: Some(CONNECT_MOST),
                recycle: Some(CONNECT_MOST),
            })
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let mut client = pool.get().await.map_err(|error| pool_error(&error))?;
        migrate::check_postgres(&mut client).await?;
        drop(client);
        Ok(Self {
            pool,
            repeats: Repeats::new(host),
        })
    }

    /// Runs a work once. The error tells whether another try may end better.
    async fn try_once(&self, work: &dyn Work, is_writing: bool) -> Result<(), Fault> {
        let mut client = self.pool.get().await.map_err(|error| pool_error(&error))?;
        let builder = client.build_transaction();
        let builder = if is_writing {
            builder
        } else {
            // One state for all statements of a reading.
            builder
                .isolation_level(IsolationLevel::RepeatableRead)
                .read_only(true)
        };
        let transaction = builder.start().await.map_err(|error| store_error(&error))?;
        let mut tx = PostgresTransaction {
            transaction,
            is_writing,
            has_failed: false,
        };
        let result = work.run(&mut tx).await;
        // PostgreSQL answers the COMMIT of a failed transaction with a rollback and no error: the work would seem to be done.
        let result = if tx.has_failed && result.is_ok() {
            Err(StoreError::WENT_ON.into())
        } else {
            result
        };
        match result {
            Ok(()) => tx.transaction.commit().await.map_err(|error| {
                // The answer to COMMIT is lost: nobody knows whether it was done.
                if error.is_closed() || error.as_db_error().is_none() {
                    return StoreError::OutcomeUnknown.into();
                }
                store_error(&error).into()
            }),
            Err(fault) => {
                // If this fails the connection is gone, and with it the transaction.
                let _ = tx.transaction.rollback().await;
                Err(fault)
            }
        }
    }

    async fn run(&self, work: Arc<dyn Work>, is_writing: bool) -> Result<(), Fault> {
        let mut tries = self.repeats.begin();
        loop {
            let result = self.try_once(&*work, is_writing).await;
            if !tries.again(&result).await {
                return result;
            }
        }
    }
}

impl Store for PostgresStore {
    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    fn run_write(&self, work: Arc<dyn Work>) -> Boxed<'_, Result<(), Fault>> {
        Box::pin(self.run(work, true))
    }

    fn run_read(&self, work: Arc<dyn Work>) -> Boxed<'_, Result<(), Fault>> {
        Box::pin(self.run(work, false))
    }

    fn figures(&self) -> Figures {
        Figures {
            queue: self.pool.status().waiting,
            repeats: self.repeats.count(),
        }
    }

    fn close(&self) -> Boxed<'_, ()> {
        self.pool.close();
        Box::pin(std::future::ready(()))
    }
}

struct PostgresTransaction<'c> {
    transaction: deadpool_postgres::Transaction<'c>,
    is_writing: bool,
    /// A statement failed: nothing of this transaction can be kept any more.
    has_failed: bool,
}

impl Transaction for PostgresTransaction<'_> {
    fn is_writing(&self) -> bool {
        self.is_writing
    }

    fn execute<'a>(
        &'a mut self,
        sql: &'static str,
        values: &'a [Value],
    ) -> Boxed<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            let changed = async {
                let statement = self.transaction.prepare_cached(sql).await?;
                self.transaction.execute_raw(&statement, values).await
            };
            let changed = changed.await.map_err(|error| store_error(&error));
            self.has_failed |= changed.is_err();
            changed
        })
    }

    fn query<'a>(
        &'a mut self,
        sql: &'static str,
        values: &'a [Value],
    ) -> Boxed<'a, Result<Vec<Row>, StoreError>> {
        Box::pin(async move {
            let values: Vec<&(dyn ToSql + Sync)> =
                values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
            let rows = async {
                let statement = self.transaction.prepare_cached(sql).await?;
                self.transaction.query(&statement, &values).await
            };
            let rows = rows.await.map_err(|error| store_error(&error));
            self.has_failed |= rows.is_err();
            rows?.iter().map(read_row).collect()
        })
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        column: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) => number.to_sql_checked(column, out),
            Self::Text(text) => text.to_sql_checked(column, out),
            Self::Bytes(bytes) => bytes.to_sql_checked(column, out),
            Self::Uuid(uuid) => uuid.to_sql_checked(column, out),
        }
    }

    /// Any: which value fits is found out with the value.
    fn accepts(_column: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn read_row(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let columns = row.columns().iter().enumerate();
    let values = columns.map(|(index, column)| {
        let kind = column.type_();
        let value = if *kind == Type::INT8 {
            row.try_get::<_, Option<i64>>(index).map(Value::from)
        } else if *kind == Type::UUID {
            row.try_get::<_, Option<uuid::Uuid>>(index).map(Value::from)
        } else if *kind == Type::BYTEA {
            let bytes = row.try_get::<_, Option<Vec<u8>>>(index);
            bytes.map(|bytes| bytes.map_or(Value::Null, Value::Bytes))
        } else {
            row.try_get::<_, Option<String>>(index).map(Value::from)
        };
        value.map_err(|error| store_error(&error))
    });
    Ok(Row(values.collect::<Result<_, _>>()?))
}

/// What a failure of the driver means. It is judged here, before anything wraps it.
pub(super) fn store_error(error: &tokio_postgres::Error) -> StoreError {
    let Some(code) = error.code() else {
        // Without a code it is the connection, or a value of a type that the column has not.
        let source = std::error::Error::source(error);
        let lost = source.and_then(|source| source.downcast_ref::<std::io::Error>());
        if lost.is_some_and(|lost| lost.kind() == std::io::ErrorKind::InvalidData) {
            let text = "its certificate is not trusted; sslrootcert in its address names the authority";
            return StoreError::Unavailable(text.to_owned());
        }
        return if error.is_closed() || lost.is_some() {
            StoreError::Unavailable("the connection was lost".to_owned())
        } else {
            StoreError::Statement(error.to_string())
        };
    };
    if [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
    ]
    .contains(code)
    {
        return StoreError::Contended;
    }
    if *code == SqlState::DISK_FULL {
        return StoreError::Full;
    }
    // Classes 08 (connection), 53 (resources), 57 (operator intervention).
    let class: String = code.code().chars().take(2).collect();
    if ["08", "53", "57"].contains(&class.as_str()) {
        return StoreError::Unavailable(code.code().to_owned());
    }
    // The message of the database may quote values; the code and the name of the rule do not.
    let rule = error.as_db_error().and_then(|error| error.constraint());
    StoreError::Statement(format!("{} {}", code.code(), rule.unwrap_or_default()))
}

fn pool_error(error: &PoolError) -> StoreError {
    match error {
        PoolError::Timeout(_) => StoreError::Unavailable("no connection became free in time".to_owned()),
        PoolError::Closed => StoreError::Closed,
        PoolError::Backend(error) => match store_error(error) {
            StoreError::Statement(text) => StoreError::Unavailable(text),
            other => other,
        },
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            StoreError::Unavailable("no connection can be made".to_owned())
        }
    }
}
