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
