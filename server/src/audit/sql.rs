//! Statements over the audit chains.

pub(crate) const START_CHAIN: &str = "
    INSERT INTO audit_chain (chain_id, audit_seq, audit_hash)
    VALUES ($1, 0, $2)
    ON CONFLICT (chain_id) DO NOTHING";

pub(crate) const ADVANCE_CHAIN: &str = "
    UPDATE audit_chain
    SET audit_seq = audit_seq + 1
    WHERE chain_id = $1
    RETURNING audit_seq, audit_hash";

pub(crate) const SET_CHAIN_HASH: &str = "
    UPDATE audit_chain
    SET audit_hash = $2
    WHERE chain_id = $1";

pub(crate) const ADVANCE_CASE: &str = "
    UPDATE case_head
    SET audit_seq = audit_seq + 1
    WHERE case_id = $1
    RETURNING audit_seq, audit_hash";

pub(crate) const SET_CASE_HASH: &str = "
    UPDATE case_head
    SET audit_hash = $2
    WHERE case_id = $1";

pub(crate) const INSERT_ROW: &str = "
    INSERT INTO audit (chain_id, seq, at_ms, actor_id, actor_role, device_id, act, outcome, audience, from_seq,
        to_seq, object_id, request_id, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
