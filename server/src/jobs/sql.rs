//! Statements over leases, and over what is kept for a time only.

/// Changes a row only if the lease is free, over, or one's own.
pub(crate) const TAKE_LEASE: &str = "
    INSERT INTO lease (name, holder, until_at_ms)
    VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE
    SET holder = excluded.holder, until_at_ms = excluded.until_at_ms
    WHERE lease.until_at_ms < $4
        OR lease.holder = excluded.holder";

pub(crate) const EXPIRE_ANSWERS: &str = "
    DELETE FROM idempotency
    WHERE made_at_ms < $1";

pub(crate) const EXPIRE_ATTEMPTS: &str = "
    DELETE FROM attempt
    WHERE hour < $1";

pub(crate) const EXPIRE_TRANSFER_CODES: &str = "
    DELETE FROM transfer_code
    WHERE expires_at_ms < $1";

pub(crate) const EXPIRE_TOKENS: &str = "
    DELETE FROM token
    WHERE EXISTS (
        SELECT 1
        FROM session
        WHERE session.account_id = token.account_id
            AND session.session_id = token.session_id
            AND session.ended_at_ms < $1)";

pub(crate) const EXPIRE_TOKEN_PAIRS: &str = "
    DELETE FROM token_pair
    WHERE EXISTS (
        SELECT 1
        FROM session
        WHERE session.account_id = token_pair.account_id
            AND session.session_id = token_pair.session_id
            AND session.ended_at_ms < $1)";
