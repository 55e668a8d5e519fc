//! Statements over societies, consent texts, invitations and assignments.

pub(crate) const INSERT_SOCIETY: &str = "
    INSERT INTO society (society_id, code, name, created_at_ms)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (code) DO NOTHING";

pub(crate) const SOCIETIES: &str = "
    SELECT society_id, code, name
    FROM society
    ORDER BY code";

pub(crate) const SOCIETY_BY_CODE: &str = "
    SELECT society_id
    FROM society
    WHERE code = $1";

pub(crate) const INSERT_CONSENT_TEXT: &str = "
    INSERT INTO consent_text (society_id, version, text, text_sha256, in_force_from_ms)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (society_id, version) DO NOTHING";

pub(crate) const INSERT_INVITATION: &str = "
    INSERT INTO invitation (invitation_id, society_id, code_prefix, code_hash, name, name_reading, birth_date,
        dietitian_id, external_ref, made_by, made_at_ms, expires_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

pub(crate) const CLEAR_ASSIGNMENT: &str = "
    DELETE FROM assignment
    WHERE case_id = $1";

pub(crate) const INSERT_ASSIGNMENT: &str = "
    INSERT INTO assignment (case_id, account_id, is_substitute, assigned_at_ms)
    VALUES ($1, $2, $3, $4)";

/// A dietitian of the society of a case.
pub(crate) const ACTING: &str = "
    SELECT account.name, account.qualification, account.reply_hours, account.picture_sha256
    FROM case_head
    JOIN role ON role.society_id = case_head.society_id
        AND role.role = 'dietitian'
    JOIN account ON account.account_id = role.account_id
    WHERE case_head.case_id = $1
        AND role.account_id = $2
        AND account.status = 'active'";

pub(crate) const ACTING_OF_CASE: &str = "
    SELECT account_id, is_substitute
    FROM assignment
    WHERE case_id = $1";

pub(crate) const CONSENT_TEXT_OF_ACCOUNT: &str = "
    SELECT consent_text.version, consent_text.text, consent_text.text_sha256
    FROM case_head
    JOIN consent_text ON consent_text.society_id = case_head.society_id
    WHERE case_head.account_id = $1
        AND consent_text.in_force_from_ms <= $2
    ORDER BY case_head.opened_at_ms DESC, consent_text.in_force_from_ms DESC, consent_text.version DESC
    LIMIT 1";

/// Ids are made in the order of time, so a page follows the one before by the last id.
pub(crate) const INVITATIONS_OF_SOCIETY: &str = "
    SELECT invitation_id, name, external_ref, made_at_ms, expires_at_ms, used_at_ms, withdrawn_at_ms
    FROM invitation
    WHERE society_id = $1
        AND invitation_id > $2
    ORDER BY invitation_id
    LIMIT $3";

pub(crate) const INVITATION_BY_REFERENCE: &str = "
    SELECT invitation_id
    FROM invitation
    WHERE society_id = $1
        AND external_ref = $2
        AND withdrawn_at_ms IS NULL
    LIMIT 1";

pub(crate) const SOCIETY_OF_INVITATION: &str = "
    SELECT society_id
    FROM invitation
    WHERE invitation_id = $1";

pub(crate) const WITHDRAW_INVITATION: &str = "
    UPDATE invitation
    SET withdrawn_at_ms = $2
    WHERE invitation_id = $1
        AND used_at_ms IS NULL";

pub(crate) const RENEW_INVITATION: &str = "
    UPDATE invitation
    SET code_prefix = $2,
        code_hash = $3
    WHERE invitation_id = $1
        AND used_at_ms IS NULL
        AND withdrawn_at_ms IS NULL
    RETURNING expires_at_ms";

pub(crate) const DIETITIAN_OF_SOCIETY: &str = "
    SELECT account.account_id
    FROM role
    JOIN account ON account.account_id = role.account_id
    WHERE role.society_id = $1
        AND role.role = 'dietitian'
        AND role.account_id = $2
        AND account.status = 'active'";

pub(crate) const CASES_OF_SOCIETY: &str = "
    SELECT case_id, account_id, name, opened_at_ms, consent, last_participant_entry_at_ms, last_staff_entry_at_ms
    FROM case_head
    WHERE society_id = $1
        AND case_id > $2
    ORDER BY case_id
    LIMIT $3";

pub(crate) const ACTING_OF_CASES: &str = "
    SELECT assignment.case_id, assignment.account_id, assignment.is_substitute
    FROM case_head
    JOIN assignment ON assignment.case_id = case_head.case_id
    WHERE case_head.society_id = $1
        AND case_head.case_id > $2
        AND case_head.case_id <= $3
    ORDER BY assignment.case_id, assignment.is_substitute, assignment.account_id";

pub(crate) const SOCIETY_OF_CASE: &str = "
    SELECT society_id
    FROM case_head
    WHERE case_id = $1";
