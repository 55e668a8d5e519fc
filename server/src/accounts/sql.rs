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

pub(crate) const INSERT_SESSION: &str = "
    INSERT INTO session (account_id, session_id, device_id, platform, model, app_version, signed_in_at_ms,
        last_seen_at_ms, expires_at_ms, idle_expires_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9)";

pub(crate) const INSERT_PAIR: &str = "
    INSERT INTO token_pair (account_id, session_id, generation, salt, access_hash, refresh_hash, made_at_ms,
        access_expires_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

pub(crate) const INSERT_TOKEN: &str = "
    INSERT INTO token (token_hash, account_id, session_id, generation, is_refresh)
    VALUES ($1, $2, $3, $4, $5)";

pub(crate) const PAIR: &str = "
    SELECT salt, first_used_at_ms
    FROM token_pair
    WHERE account_id = $1
        AND session_id = $2
        AND generation = $3";

pub(crate) const PAIR_MADE: &str = "
    SELECT made_at_ms
    FROM token_pair
    WHERE account_id = $1
        AND session_id = $2
        AND generation = $3";

pub(crate) const EXTEND_PAIR: &str = "
    UPDATE token_pair
    SET access_expires_at_ms = $4
    WHERE account_id = $1
        AND session_id = $2
        AND generation = $3";

/// Changes nothing that is read elsewhere: the row is locked until the transaction ends, if the session still goes on.
pub(crate) const LOCK_SESSION: &str = "
    UPDATE session
    SET last_seen_at_ms = $3
    WHERE account_id = $1
        AND session_id = $2
        AND ended_at_ms IS NULL";

pub(crate) const SEE_SESSION: &str = "
    UPDATE session
    SET last_seen_at_ms = $3,
        idle_expires_at_ms = $4,
        app_version = $5
    WHERE account_id = $1
        AND session_id = $2";

pub(crate) const DROP_DEAD_ACCESS: &str = "
    DELETE FROM token
    WHERE account_id = $1
        AND session_id = $2
        AND generation <= $3
        AND is_refresh = 0";

pub(crate) const END_SESSION: &str = "
    UPDATE session
    SET ended_at_ms = $3,
        end_reason = $4
    WHERE account_id = $1
        AND session_id = $2
        AND ended_at_ms IS NULL";

pub(crate) const END_ALL_SESSIONS: &str = "
    UPDATE session
    SET ended_at_ms = $2,
        end_reason = $3
    WHERE account_id = $1
        AND ended_at_ms IS NULL";

pub(crate) const COUNT_ATTEMPT: &str = "
    INSERT INTO attempt (scope, hour, count)
    VALUES ($1, $2, 1)
    ON CONFLICT (scope, hour) DO UPDATE
    SET count = attempt.count + 1
    RETURNING count";

pub(crate) const REMEMBERED: &str = "
    SELECT request_sha256, answer
    FROM idempotency
    WHERE requester = $1
        AND key = $2";

pub(crate) const REMEMBER: &str = "
    INSERT INTO idempotency (requester, key, request_sha256, answer, made_at_ms)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING";

pub(crate) const INVITATIONS_BY_PREFIX: &str = "
    SELECT invitation_id, code_hash
    FROM invitation
    WHERE code_prefix = $1
        AND expires_at_ms > $2
        AND used_at_ms IS NULL
        AND withdrawn_at_ms IS NULL
    ORDER BY made_at_ms
    LIMIT 4";

pub(crate) const REDEEM_INVITATION: &str = "
    UPDATE invitation
    SET used_at_ms = $3,
        used_by = $4
    WHERE invitation_id = $1
        AND birth_date = $2
        AND expires_at_ms > $3
        AND used_at_ms IS NULL
        AND withdrawn_at_ms IS NULL
    RETURNING society_id, name, name_reading, dietitian_id";

pub(crate) const INSERT_PARTICIPANT: &str = "
    INSERT INTO account (account_id, is_staff, name, name_reading, birth_date, status, created_at_ms)
    VALUES ($1, 0, $2, $3, $4, 'active', $5)";

pub(crate) const INSERT_ROLE: &str = "
    INSERT INTO role (account_id, society_id, role)
    VALUES ($1, $2, $3)
    ON CONFLICT (account_id, society_id, role) DO NOTHING";

pub(crate) const OPEN_CASE: &str = "
    INSERT INTO case_head (case_id, society_id, account_id, name, opened_at_ms, care_seq, staff_seq, advice_seq,
        audit_seq, audit_hash, consent)
    VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, $6, 'none')";

pub(crate) const SOCIETY_NAME: &str = "
    SELECT name
    FROM society
    WHERE society_id = $1";

pub(crate) const SESSION_OF_DEVICE: &str = "
    SELECT session_id
    FROM session
    WHERE account_id = $1
        AND device_id = $2
        AND ended_at_ms IS NULL";

pub(crate) const CASE_OF_ACCOUNT: &str = "
    SELECT case_id, society_id
    FROM case_head
    WHERE account_id = $1
    ORDER BY opened_at_ms DESC
    LIMIT 1";

pub(crate) const SAVE_TRANSFER_CODE: &str = "
    INSERT INTO transfer_code (account_id, code_prefix, code_hash, made_by, made_at_ms, expires_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (account_id) DO UPDATE
    SET code_prefix = excluded.code_prefix,
        code_hash = excluded.code_hash,
        made_by = excluded.made_by,
        made_at_ms = excluded.made_at_ms,
        expires_at_ms = excluded.expires_at_ms,
        used_at_ms = NULL";

pub(crate) const TRANSFER_CODES_BY_PREFIX: &str = "
    SELECT account_id, code_hash
    FROM transfer_code
    WHERE code_prefix = $1
        AND expires_at_ms > $2
        AND used_at_ms IS NULL
    ORDER BY made_at_ms
    LIMIT 4";

pub(crate) const REDEEM_TRANSFER_CODE: &str = "
    UPDATE transfer_code
    SET used_at_ms = $4
    WHERE account_id = $1
        AND code_hash = $2
        AND expires_at_ms > $4
        AND used_at_ms IS NULL
        AND EXISTS (
            SELECT 1
            FROM account
            WHERE account.account_id = transfer_code.account_id
                AND account.birth_date = $3
                AND account.status = 'active')";

pub(crate) const DEVICES: &str = "
    SELECT device_id, platform, model, app_version, signed_in_at_ms, last_seen_at_ms
    FROM session
    WHERE account_id = $1
        AND ended_at_ms IS NULL
        AND expires_at_ms > $2
        AND idle_expires_at_ms > $2
    ORDER BY last_seen_at_ms DESC, signed_in_at_ms DESC
    LIMIT $3";

pub(crate) const SAVE_PUSH_TOKEN: &str = "
    UPDATE session
    SET push_service = $3,
        push_token = $4,
        push_token_at_ms = $5
    WHERE account_id = $1
        AND session_id = $2
        AND ended_at_ms IS NULL";

pub(crate) const STAFF_BY_LOGIN: &str = "
    SELECT account_id, password_hash, totp_secret
    FROM account
    WHERE login = $1
        AND is_staff = 1";

pub(crate) const USE_TIME_STEP: &str = "
    UPDATE account
    SET totp_last_step = $2
    WHERE account_id = $1
        AND (totp_last_step IS NULL OR totp_last_step < $2)";

pub(crate) const ACCOUNT_STATUS: &str = "
    SELECT status, is_staff
    FROM account
    WHERE account_id = $1";

pub(crate) const SET_STATUS: &str = "
    UPDATE account
    SET status = $2
    WHERE account_id = $1
        AND status <> 'deleted'";

pub(crate) const INSERT_STAFF: &str = "
    INSERT INTO account (account_id, is_staff, name, login, password_hash, totp_secret, qualification, reply_hours,
        status, created_at_ms)
    VALUES ($1, 1, $2, $3, $4, $5, $6, $7, 'active', $8)
    ON CONFLICT (login) DO NOTHING";

pub(crate) const RENEW_CREDENTIALS: &str = "
    UPDATE account
    SET password_hash = $2,
        totp_secret = $3,
        totp_last_step = NULL
    WHERE account_id = $1";

pub(crate) const DELETE_ROLE: &str = "
    DELETE FROM role
    WHERE account_id = $1
        AND society_id = $2
        AND role = $3";

/// A line for each role, so that an account has as many as there are roles of staff. Ids are made in the order of time.
pub(crate) const STAFF_OF_SOCIETY: &str = "
    SELECT account.account_id, account.name, role.role, account.qualification, account.status, account.login
    FROM role
    JOIN account ON account.account_id = role.account_id
    WHERE role.society_id = $1
        AND role.role <> 'participant'
        AND role.account_id > $2
        AND account.status <> 'deleted'
    ORDER BY role.account_id, role.role
    LIMIT $3";
