//! Statements over what holds for the whole store.

pub(crate) const STATE: &str = "
    SELECT value
    FROM server_state
    WHERE key = $1";

pub(crate) const INSERT_STATE: &str = "
    INSERT INTO server_state (key, value)
    VALUES ($1, $2)
    ON CONFLICT (key) DO NOTHING";

pub(crate) const SET_STATE: &str = "
    INSERT INTO server_state (key, value)
    VALUES ($1, $2)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value";

pub(crate) const CREATE_MIGRATION_LEASE: &str = "
    CREATE TABLE IF NOT EXISTS migration_lease (
        name        TEXT NOT NULL PRIMARY KEY,
        holder      UUID NOT NULL,
        until_at_ms BIGINT NOT NULL
    )";

pub(crate) const TAKE_MIGRATION_LEASE: &str = "
    INSERT INTO migration_lease (name, holder, until_at_ms)
    VALUES ('migrate', $1, $2)
    ON CONFLICT (name) DO UPDATE
    SET holder = excluded.holder,
        until_at_ms = excluded.until_at_ms
    WHERE migration_lease.until_at_ms < $3";

pub(crate) const RELEASE_MIGRATION_LEASE: &str = "
    DELETE FROM migration_lease
    WHERE holder = $1";

pub(crate) const MIGRATED_VERSION: &str = "
    SELECT MAX(version)
    FROM refinery_schema_history";
