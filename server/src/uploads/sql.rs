//! Statements over uploads, their parts, quotas and garbage.

/// Taken before anything that an append of the same case must not overtake.
pub(crate) const LOCK_CASE: &str = "
    UPDATE case_head
    SET audit_seq = audit_seq
    WHERE case_id = $1";

pub(crate) const UPLOAD: &str = "
    SELECT case_id, audience, upload_id, sha256, length_bytes, media_type, width_px, height_px, account_id,
        offset_bytes, object_key
    FROM upload
    WHERE upload_id = $1";

pub(crate) const UPLOAD_BY_HASH: &str = "
    SELECT case_id, audience, upload_id, sha256, length_bytes, media_type, width_px, height_px, account_id,
        offset_bytes, object_key
    FROM upload
    WHERE case_id = $1
        AND audience = $2
        AND sha256 = $3";

pub(crate) const INSERT_UPLOAD: &str = "
    INSERT INTO upload (case_id, upload_id, audience, sha256, length_bytes, media_type, width_px, height_px,
        account_id, offset_bytes, object_key, made_at_ms, touched_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, NULL, $10, $10)";

pub(crate) const TOUCH: &str = "
    UPDATE upload
    SET touched_at_ms = $3
    WHERE case_id = $1
        AND upload_id = $2";

/// Of two parts that continue at the same offset one finds no row.
pub(crate) const ADVANCE: &str = "
    UPDATE upload
    SET offset_bytes = $4, touched_at_ms = $5
    WHERE case_id = $1
        AND upload_id = $2
        AND offset_bytes = $3
        AND object_key IS NULL";

pub(crate) const INSERT_PART: &str = "
    INSERT INTO upload_part (case_id, upload_id, offset_bytes, length_bytes, object_key)
    VALUES ($1, $2, $3, $4, $5)";

pub(crate) const PARTS: &str = "
    SELECT object_key
    FROM upload_part
    WHERE case_id = $1
        AND upload_id = $2
    ORDER BY offset_bytes";

pub(crate) const DELETE_PARTS: &str = "
    DELETE FROM upload_part
    WHERE case_id = $1
        AND upload_id = $2";

pub(crate) const COMPLETE: &str = "
    UPDATE upload
    SET object_key = $3, touched_at_ms = $4
    WHERE case_id = $1
        AND upload_id = $2
        AND offset_bytes = length_bytes
        AND object_key IS NULL";

pub(crate) const RESTART: &str = "
    UPDATE upload
    SET offset_bytes = 0, touched_at_ms = $3
    WHERE case_id = $1
        AND upload_id = $2
        AND offset_bytes = length_bytes
        AND object_key IS NULL";

pub(crate) const INSERT_GARBAGE: &str = "
    INSERT INTO garbage (object_key, since_at_ms)
    VALUES ($1, $2)
    ON CONFLICT (object_key) DO NOTHING";

pub(crate) const PICTURE_USE: &str = "
    SELECT sha256
    FROM picture_use
    WHERE case_id = $1
        AND audience = $2
        AND sha256 = $3";

pub(crate) const QUOTA: &str = "
    SELECT bytes
    FROM upload_quota
    WHERE account_id = $1
        AND day = $2";

pub(crate) const ADD_QUOTA: &str = "
    INSERT INTO upload_quota (account_id, day, bytes)
    VALUES ($1, $2, $3)
    ON CONFLICT (account_id, day) DO UPDATE
    SET bytes = upload_quota.bytes + excluded.bytes";

/// Uploads that nobody touched and no entry names.
pub(crate) const STALE: &str = "
    SELECT case_id, upload_id
    FROM upload
    WHERE touched_at_ms < $1
        AND NOT EXISTS (
            SELECT 1
            FROM picture_use
            WHERE picture_use.case_id = upload.case_id
                AND picture_use.audience = upload.audience
                AND picture_use.sha256 = upload.sha256)
    ORDER BY touched_at_ms
    LIMIT $2";

/// Looks again: it may have been touched or named meanwhile.
pub(crate) const DELETE_STALE: &str = "
    DELETE FROM upload
    WHERE case_id = $1
        AND upload_id = $2
        AND touched_at_ms < $3
        AND NOT EXISTS (
            SELECT 1
            FROM picture_use
            WHERE picture_use.case_id = upload.case_id
                AND picture_use.audience = upload.audience
                AND picture_use.sha256 = upload.sha256)
    RETURNING object_key";

pub(crate) const OLD_GARBAGE: &str = "
    SELECT object_key
    FROM garbage
    WHERE since_at_ms < $1
    ORDER BY since_at_ms
    LIMIT $2";

pub(crate) const DELETE_GARBAGE: &str = "
    DELETE FROM garbage
    WHERE object_key = $1";

/// Takes a name back that nobody removes yet.
pub(crate) const DELETE_YOUNG_GARBAGE: &str = "
    DELETE FROM garbage
    WHERE object_key = $1
        AND since_at_ms >= $2";

pub(crate) const EXPIRE_QUOTAS: &str = "
    DELETE FROM upload_quota
    WHERE day < $1";
