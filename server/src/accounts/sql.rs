//! Statements over accounts, roles, sessions and tokens.

pub(crate) const TOKEN_SESSION: &str = "
    SELECT token.account_id, token.session_id, token.generation, token.is_refresh,
           token_pair.access_expires_at_ms, token_pair.first_used_at_ms,
           session.device_id, session.expires_at_ms, session.idle_expires_at_ms, session.ended_at_ms,
           account.is_staff, account.status
    FROM token
    JOIN token_pair ON token_pair.account_id = token.account_id
        AND token_pair.session_id = token.session_id
        AND token_pair.generation = token.generation
    JOIN session ON session.account_id = token.account_id
        AND session.session_id = token.session_id
    JOIN account ON account.account_id = token.account_id
    WHERE token.token_hash = $1";

pub(crate) const ROLES: &str = "
    SELECT society_id, role
    FROM role
    WHERE account_id = $1
    ORDER BY society_id, role";

pub(crate) const MARK_PAIR_USED: &str = "
    UPDATE token_pair
    SET first_used_at_ms = $4
    WHERE account_id = $1
        AND session_id = $2
        AND generation = $3
        AND first_used_at_ms IS NULL";
