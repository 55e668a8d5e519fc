//! Statements over snapshots.

/// Cases with the ends of their logs, from one on.
pub(crate) const HEADS_AFTER: &str = "
    SELECT case_id, care_seq, staff_seq, advice_seq
    FROM case_head
    WHERE case_id > $1
    ORDER BY case_id
    LIMIT $2";

/// All snapshots of the cases between two.
pub(crate) const SNAPSHOTS_BETWEEN: &str = "
    SELECT case_id, audience, snapshot_id, epoch, up_to_seq, made_at_ms
    FROM snapshot
    WHERE case_id > $1
        AND case_id <= $2";

pub(crate) const NEWEST: &str = "
    SELECT snapshot_id, up_to_seq, length_bytes, decompressed_bytes, sha256
    FROM snapshot
    WHERE case_id = $1
        AND audience = $2
        AND epoch = $3
        AND up_to_seq <= $4
    ORDER BY up_to_seq DESC, made_at_ms DESC
    LIMIT 1";

pub(crate) const SNAPSHOT: &str = "
    SELECT case_id, audience, epoch, up_to_seq, length_bytes, sha256, object_key
    FROM snapshot
    WHERE snapshot_id = $1";

pub(crate) const INSERT: &str = "
    INSERT INTO snapshot (case_id, audience, snapshot_id, epoch, up_to_seq, length_bytes, decompressed_bytes, sha256,
        object_key, made_at_ms)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

pub(crate) const DELETE: &str = "
    DELETE FROM snapshot
    WHERE case_id = $1
        AND audience = $2
        AND snapshot_id = $3
    RETURNING object_key";

pub(crate) const DELETE_ALL_OF_LOG: &str = "
    DELETE FROM snapshot
    WHERE case_id = $1
        AND audience = $2
    RETURNING object_key";

/// An erasure that came after a place.
pub(crate) const ERASURE_AFTER: &str = "
    SELECT seq
    FROM entry
    WHERE case_id = $1
        AND audience = $2
        AND seq > $3
        AND kind = 'entry.erased'
    LIMIT 1";
