//! Statements over societies, consent texts, invitations and assignments.

pub(crate) const INSERT_SOCIETY: &str = "
    INSERT INTO society (society_id, code, name, created_at_ms)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (code) DO NOTHING";

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
