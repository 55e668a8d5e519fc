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

/// Ends of the chains of cases, from one on.
pub(crate) const CASE_HEADS: &str = "
    SELECT case_id, audit_seq, audit_hash
    FROM case_head
    WHERE case_id >= $1
    ORDER BY case_id
    LIMIT $2";

/// Ends of the other chains, from one on.
pub(crate) const CHAIN_HEADS: &str = "
    SELECT chain_id, audit_seq, audit_hash
    FROM audit_chain
    WHERE chain_id >= $1
    ORDER BY chain_id
    LIMIT $2";

pub(crate) const CASE_HEAD: &str = "
    SELECT audit_seq, audit_hash
    FROM case_head
    WHERE case_id = $1";

pub(crate) const CHAIN_HEAD: &str = "
    SELECT audit_seq, audit_hash
    FROM audit_chain
    WHERE chain_id = $1";

pub(crate) const ROWS: &str = "
    SELECT seq, at_ms, actor_id, actor_role, device_id, act, outcome, audience, from_seq, to_seq, object_id, request_id,
        hash
    FROM audit
    WHERE chain_id = $1
        AND seq > $2
    ORDER BY seq
    LIMIT $3";

/// The next chain that has rows, from one on: a step in the key, however many rows a chain has.
pub(crate) const NEXT_CHAIN: &str = "
    SELECT chain_id
    FROM audit
    WHERE chain_id >= $1
    ORDER BY chain_id, seq
    LIMIT 1";

pub(crate) const LAST_DIGEST: &str = "
    SELECT seq, at_ms, digest
    FROM audit_digest
    ORDER BY seq DESC
    LIMIT 1";

/// A run that was cut off wrote some of them before.
pub(crate) const INSERT_DIGEST_CHAIN: &str = "
    INSERT INTO audit_digest_chain (digest_seq, chain_id, audit_seq, audit_hash)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (digest_seq, chain_id) DO NOTHING";

pub(crate) const INSERT_DIGEST: &str = "
    INSERT INTO audit_digest (seq, at_ms, chains, digest)
    VALUES ($1, $2, $3, $4)";

pub(crate) const DIGESTS: &str = "
    SELECT seq, at_ms, chains, digest
    FROM audit_digest
    WHERE seq > $1
    ORDER BY seq
    LIMIT $2";

/// The ends of a digest, each with the hash that the row has now.
pub(crate) const DIGEST_CHAINS: &str = "
    SELECT audit_digest_chain.chain_id, audit_digest_chain.audit_seq, audit_digest_chain.audit_hash, audit.hash
    FROM audit_digest_chain
    LEFT JOIN audit ON audit.chain_id = audit_digest_chain.chain_id
        AND audit.seq = audit_digest_chain.audit_seq
    WHERE audit_digest_chain.digest_seq = $1
        AND audit_digest_chain.chain_id >= $2
    ORDER BY audit_digest_chain.chain_id
    LIMIT $3";
