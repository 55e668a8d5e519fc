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

/// Sessions after one that are over, however they ended, and still have a token.
pub(crate) const OVER_SESSIONS: &str = "
    SELECT account_id, session_id
    FROM session
    WHERE (account_id, session_id) > ($1, $2)
        AND (ended_at_ms < $3
            OR expires_at_ms < $3
            OR idle_expires_at_ms < $3)
        AND (push_token IS NOT NULL
            OR EXISTS (
                SELECT 1
                FROM token_pair
                WHERE token_pair.account_id = session.account_id
                    AND token_pair.session_id = session.session_id)
            OR EXISTS (
                SELECT 1
                FROM token
                WHERE token.account_id = session.account_id
                    AND token.session_id = session.session_id))
    ORDER BY account_id, session_id
    LIMIT $4";

pub(crate) const DELETE_TOKENS: &str = "
    DELETE FROM token
    WHERE account_id = $1
        AND session_id = $2";

pub(crate) const DELETE_TOKEN_PAIRS: &str = "
    DELETE FROM token_pair
    WHERE account_id = $1
        AND session_id = $2";

pub(crate) const CLEAR_PUSH_TOKEN: &str = "
    UPDATE session
    SET push_service = NULL, push_token = NULL, push_token_at_ms = NULL
    WHERE account_id = $1
        AND session_id = $2
        AND push_token IS NOT NULL";
