//! Statements over cases, assignments and entries.

/// A case with the assignment of one account.
pub(crate) const CASE: &str = "
    SELECT case_head.case_id, case_head.society_id, case_head.account_id, case_head.care_seq, case_head.staff_seq,
        case_head.advice_seq, case_head.consent, case_head.consent_version, assignment.assigned_at_ms
    FROM case_head
    LEFT JOIN assignment ON assignment.case_id = case_head.case_id
        AND assignment.account_id = $1
    WHERE case_head.case_id = $2";

/// Cases with the assignment of one account; as many as [`super::access`] asks for at once.
pub(crate) const CASES: &str = "
    SELECT case_head.case_id, case_head.society_id, case_head.account_id, case_head.care_seq, case_head.staff_seq,
        case_head.advice_seq, case_head.consent, case_head.consent_version, assignment.assigned_at_ms
    FROM case_head
    LEFT JOIN assignment ON assignment.case_id = case_head.case_id
        AND assignment.account_id = $1
    WHERE case_head.case_id IN (
            $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
            $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)";

/// The ends of the logs of as many cases as [`super::pull`] asks for at once.
pub(crate) const HEADS: &str = "
    SELECT case_id, care_seq + staff_seq + advice_seq
    FROM case_head
    WHERE case_id IN (
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
            $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)";

pub(crate) const CONSENT_IN_FORCE: &str = "
    SELECT version, text_sha256
    FROM consent_text
    WHERE society_id = $1
        AND in_force_from_ms <= $2
    ORDER BY in_force_from_ms DESC, version DESC
    LIMIT 1";

pub(crate) const ENTRY_OF_OPERATION: &str = "
    SELECT audience, seq, kind, body_version, payload_sha256, recorded_at_ms
    FROM entry
    WHERE case_id = $1
        AND author_id = $2
        AND op_id = $3";

/// Changes nothing: the row is locked until the transaction ends.
pub(crate) const LOCK_CASE: &str = "
    UPDATE case_head
    SET audit_seq = audit_seq
    WHERE case_id = $1
    RETURNING care_seq, staff_seq, advice_seq, name, consent, consent_version, plan_seq, interviewed_seq,
        open_support_op, evaluated_seq, last_participant_entry_at_ms, last_staff_entry_at_ms";

pub(crate) const SAVE_CASE: &str = "
    UPDATE case_head
    SET care_seq = $2,
        staff_seq = $3,
        advice_seq = $4,
        name = $5,
        consent = $6,
        consent_version = $7,
        plan_seq = $8,
        interviewed_seq = $9,
        open_support_op = $10,
        evaluated_seq = $11,
        last_participant_entry_at_ms = $12,
        last_staff_entry_at_ms = $13
    WHERE case_id = $1";

pub(crate) const INSERT_ENTRY: &str = "
    INSERT INTO entry (case_id, audience, seq, op_id, author_id, author_role, device_id, kind, body_version, body,
        payload_sha256, min_app_version, occurred_at_ms, zone, utc_offset_min, recorded_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";

pub(crate) const INSERT_PICTURE_USE: &str = "
    INSERT INTO picture_use (case_id, audience, sha256)
    VALUES ($1, $2, $3)
    ON CONFLICT (case_id, audience, sha256) DO NOTHING";

pub(crate) const QUEUE_PUSH_HINT: &str = "
    INSERT INTO push_outbox (case_id, audience, up_to_seq, author_id, queued_at_ms)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (case_id, audience) DO UPDATE
    SET up_to_seq = excluded.up_to_seq,
        author_id = excluded.author_id,
        queued_at_ms = excluded.queued_at_ms";

pub(crate) const COMPLETE_UPLOAD: &str = "
    SELECT upload_id
    FROM upload
    WHERE case_id = $1
        AND audience = $2
        AND sha256 = $3
        AND length_bytes = $4
        AND width_px = $5
        AND height_px = $6
        AND object_key IS NOT NULL";

pub(crate) const TARGETS: &str = "
    SELECT kind, author_id
    FROM entry
    WHERE case_id = $1
        AND op_id = $2
        AND audience = $3";

pub(crate) const PAGE: &str = "
    SELECT seq, op_id, author_id, author_role, device_id, kind, body_version, occurred_at_ms, zone, utc_offset_min,
        recorded_at_ms, min_app_version, body
    FROM entry
    WHERE case_id = $1
        AND audience = $2
        AND seq > $3
    ORDER BY seq
    LIMIT $4";

/// Cases that a dietitian acts for, the last one active first.
pub(crate) const CASELOAD: &str = "
    SELECT case_head.case_id, case_head.society_id, case_head.name, assignment.is_substitute, case_head.consent,
        case_head.care_seq, case_head.staff_seq, case_head.last_participant_entry_at_ms,
        case_head.last_staff_entry_at_ms
    FROM assignment
    JOIN case_head ON case_head.case_id = assignment.case_id
    JOIN role ON role.account_id = assignment.account_id
        AND role.society_id = case_head.society_id
        AND role.role = 'dietitian'
    WHERE assignment.account_id = $1
    ORDER BY
        CASE
            WHEN COALESCE(case_head.last_participant_entry_at_ms, 0) > COALESCE(case_head.last_staff_entry_at_ms, 0)
            THEN COALESCE(case_head.last_participant_entry_at_ms, 0)
            ELSE COALESCE(case_head.last_staff_entry_at_ms, 0)
        END DESC,
        case_head.opened_at_ms DESC, case_head.case_id
    LIMIT $2";

pub(crate) const ENTRY_TO_ERASE: &str = "
    SELECT kind, body_version, body
    FROM entry
    WHERE case_id = $1
        AND audience = $2
        AND seq = $3";

pub(crate) const BLANK_ENTRY: &str = "
    UPDATE entry
    SET body = NULL
    WHERE case_id = $1
        AND audience = $2
        AND seq = $3";

/// Entries that may name pictures and still have their body.
pub(crate) const ENTRIES_WITH_PICTURES: &str = "
    SELECT seq, kind, body_version, body
    FROM entry
    WHERE case_id = $1
        AND audience = $2
        AND seq > $3
        AND body IS NOT NULL
        AND kind IN ('message.posted', 'question.asked', 'question.followed_up')
    ORDER BY seq
    LIMIT $4";

pub(crate) const DELETE_PICTURE_USE: &str = "
    DELETE FROM picture_use
    WHERE case_id = $1
        AND audience = $2
        AND sha256 = $3";

/// As if nobody had touched it for ever: the next run of the collector takes it, unless somebody announces the same picture again.
pub(crate) const AGE_UPLOAD: &str = "
    UPDATE upload
    SET touched_at_ms = 0
    WHERE case_id = $1
        AND audience = $2
        AND sha256 = $3";
