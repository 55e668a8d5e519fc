-- The first schema, for PostgreSQL.
--
-- Keys of case data begin with case_id, keys of account data with account_id: on a distributed engine a transaction stays on one shard.
-- Ids are made in Rust, times are bound parameters (epoch milliseconds, UTC). No default, trigger, sequence or function: sync.md 16.
-- A truth value is 0 or 1. NULL means what the comment of the column says, and nothing else.

-- What holds for the whole store. Keys: epoch, created_at_ms.
CREATE TABLE server_state (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Who runs a job that only one node may run, and until when at the latest.
CREATE TABLE lease (
    name           TEXT NOT NULL PRIMARY KEY,
    holder         UUID NOT NULL,
    until_at_ms    BIGINT NOT NULL
);

-- A health insurance society: a tenant.
CREATE TABLE society (
    society_id     UUID NOT NULL PRIMARY KEY,
    code           TEXT NOT NULL UNIQUE,          -- short name in commands and files, such as fujikura
    name           TEXT NOT NULL,
    created_at_ms  BIGINT NOT NULL
);

-- Versions of the text to which participants of a society consent. The newest one that is in force counts.
CREATE TABLE consent_text (
    society_id       UUID NOT NULL,
    version          TEXT NOT NULL,
    text             TEXT NOT NULL,
    text_sha256      BYTEA NOT NULL,
    in_force_from_ms BIGINT NOT NULL,
    PRIMARY KEY (society_id, version)
);

-- Participants and staff.
CREATE TABLE account (
    account_id     UUID NOT NULL PRIMARY KEY,
    is_staff       BIGINT NOT NULL,
    name           TEXT NOT NULL,
    name_reading   TEXT,                          -- NULL: not told
    birth_date     TEXT,                          -- YYYY-MM-DD; NULL for staff
    login          TEXT UNIQUE,                   -- NULL for participants
    password_hash  TEXT,                          -- argon2id in PHC form; NULL for participants
    totp_secret    BYTEA,                       -- NULL for participants
    totp_last_step BIGINT,                         -- the last time step that was used; NULL: none yet
    qualification  TEXT,                          -- of staff, a word of the protocol; NULL: none told
    reply_hours    TEXT,                          -- of staff, for people; NULL: none told
    picture_sha256 BYTEA,                       -- of staff; NULL: none
    status         TEXT NOT NULL,                 -- active, suspended, deleted
    created_at_ms  BIGINT NOT NULL
);

-- What an account is, in each society.
CREATE TABLE role (
    account_id     UUID NOT NULL,
    society_id     UUID NOT NULL,
    role           TEXT NOT NULL,                 -- a word of the protocol
    PRIMARY KEY (account_id, society_id, role)
);
CREATE INDEX role_of_society ON role (society_id, role);

-- An invitation of one person. The code is shown once and kept as a prefix and a slow hash of the rest.
CREATE TABLE invitation (
    invitation_id  UUID NOT NULL PRIMARY KEY,
    society_id     UUID NOT NULL,
    code_prefix    TEXT NOT NULL,                 -- finds the candidates of a code
    code_hash      TEXT NOT NULL,                 -- argon2id in PHC form
    name           TEXT NOT NULL,
    name_reading   TEXT,                          -- NULL: not told
    birth_date     TEXT NOT NULL,
    dietitian_id   UUID,                        -- assigned at enrolment; NULL: nobody yet
    external_ref   TEXT,                          -- the society's own reference, from its file; NULL: none
    made_by        UUID NOT NULL,
    made_at_ms     BIGINT NOT NULL,
    expires_at_ms  BIGINT NOT NULL,
    used_at_ms     BIGINT,                         -- NULL: not yet
    used_by        UUID,                        -- the account it became; NULL: not yet
    withdrawn_at_ms BIGINT                         -- NULL: still holds
);
CREATE INDEX invitation_by_prefix ON invitation (code_prefix);
CREATE INDEX invitation_of_society ON invitation (society_id, invitation_id);

-- A code that brings an account to another phone. At most one per account.
CREATE TABLE transfer_code (
    account_id     UUID NOT NULL PRIMARY KEY,
    code_prefix    TEXT NOT NULL,
    code_hash      TEXT NOT NULL,
    made_by        UUID NOT NULL,
    made_at_ms     BIGINT NOT NULL,
    expires_at_ms  BIGINT NOT NULL,
    used_at_ms     BIGINT                          -- NULL: not yet
);
CREATE INDEX transfer_code_by_prefix ON transfer_code (code_prefix);

-- A signed-in device.
CREATE TABLE session (
    account_id     UUID NOT NULL,
    session_id     UUID NOT NULL,
    device_id      UUID NOT NULL,
    platform       TEXT NOT NULL,
    model          TEXT NOT NULL,
    app_version    TEXT NOT NULL,
    signed_in_at_ms BIGINT NOT NULL,
    last_seen_at_ms BIGINT NOT NULL,               -- moved at each refresh
    expires_at_ms  BIGINT NOT NULL,                -- absolute end
    idle_expires_at_ms BIGINT NOT NULL,            -- moved at each refresh
    ended_at_ms    BIGINT,                         -- NULL: it goes on
    end_reason     TEXT,                          -- signed_out, revoked, transferred, token_reused, suspended, deleted, expired
    push_service   TEXT,                          -- NULL: no push hints
    push_token     TEXT,
    push_token_at_ms BIGINT,
    PRIMARY KEY (account_id, session_id)
);

-- Pairs of tokens of a session, each the successor of the one before. A token is kept as its SHA-256.
CREATE TABLE token_pair (
    account_id     UUID NOT NULL,
    session_id     UUID NOT NULL,
    generation     BIGINT NOT NULL,                -- 1, 2, 3 and so on
    salt           BYTEA NOT NULL,              -- with the predecessor's refresh token it gives this pair again
    access_hash    BYTEA NOT NULL,
    refresh_hash   BYTEA NOT NULL,
    made_at_ms     BIGINT NOT NULL,
    access_expires_at_ms BIGINT NOT NULL,
    first_used_at_ms BIGINT,                       -- NULL: not yet; from then on the predecessor is dead
    PRIMARY KEY (account_id, session_id, generation)
);

-- From the hash of a token to its pair: the one look-up that cannot begin with the account.
CREATE TABLE token (
    token_hash     BYTEA NOT NULL PRIMARY KEY,
    account_id     UUID NOT NULL,
    session_id     UUID NOT NULL,
    generation     BIGINT NOT NULL,
    is_refresh     BIGINT NOT NULL
);

CREATE INDEX token_of_session ON token (account_id, session_id, generation);

-- Answers of requests that append nothing to a log, by their Idempotency-Key. Kept 30 days at least.
CREATE TABLE idempotency (
    requester      TEXT NOT NULL,                 -- the account, or the address of the endpoint for somebody without one
    key            UUID NOT NULL,
    request_sha256 BYTEA NOT NULL,
    answer         TEXT NOT NULL,                 -- never a secret: what is secret is derived again from the request
    made_at_ms     BIGINT NOT NULL,
    PRIMARY KEY (requester, key)
);
CREATE INDEX idempotency_by_age ON idempotency (made_at_ms);

-- Tries to sign in, enrol or transfer, counted by hour.
CREATE TABLE attempt (
    scope          TEXT NOT NULL,                 -- SHA-256 of what is tried: an address, a login or the prefix of a code. Whoever reads it can guess; it is kept for a day
    hour           BIGINT NOT NULL,                -- hours since 1970, UTC
    count          BIGINT NOT NULL,
    PRIMARY KEY (scope, hour)
);

-- A case, with what the server has to know in order to accept an entry. The row is locked by everybody who writes to the case.
CREATE TABLE case_head (
    case_id        UUID NOT NULL PRIMARY KEY,
    society_id     UUID NOT NULL,
    account_id     UUID NOT NULL,               -- the participant
    name           TEXT NOT NULL,
    opened_at_ms   BIGINT NOT NULL,
    care_seq       BIGINT NOT NULL,                -- last place of each log; 0: empty
    staff_seq      BIGINT NOT NULL,
    advice_seq     BIGINT NOT NULL,
    audit_seq      BIGINT NOT NULL,                -- end of the audit chain of the case
    audit_hash     BYTEA NOT NULL,
    consent        TEXT NOT NULL,                 -- none, given, withdrawn
    consent_version TEXT,                         -- NULL: none given yet
    plan_seq       BIGINT,                         -- place of the present plan; NULL: none
    interviewed_seq BIGINT,                        -- place of the initial interview that opened the course; NULL: none
    open_support_op UUID,                       -- the support episode that is open; NULL: none
    evaluated_seq  BIGINT,                         -- place of the last evaluation; NULL: none
    last_participant_entry_at_ms BIGINT,           -- NULL: none yet
    last_staff_entry_at_ms BIGINT                  -- NULL: none yet
);
CREATE INDEX case_of_account ON case_head (account_id);
CREATE INDEX case_of_society ON case_head (society_id, case_id);

-- Who may act for a case.
CREATE TABLE assignment (
    case_id        UUID NOT NULL,
    account_id     UUID NOT NULL,
    is_substitute  BIGINT NOT NULL,
    assigned_at_ms BIGINT NOT NULL,
    PRIMARY KEY (case_id, account_id)
);
CREATE INDEX assignment_of_account ON assignment (account_id);

-- The logs. A row is never deleted and never changed, but for the body of an erased one.
CREATE TABLE entry (
    case_id        UUID NOT NULL,
    audience       TEXT NOT NULL,
    seq            BIGINT NOT NULL,
    op_id          UUID NOT NULL,
    author_id      UUID NOT NULL,
    author_role    TEXT NOT NULL,
    device_id      UUID NOT NULL,
    kind           TEXT NOT NULL,
    body_version   BIGINT NOT NULL,
    body           TEXT,                          -- as received, byte for byte; NULL: erased
    payload_sha256 BYTEA NOT NULL,              -- of the body as received
    min_app_version TEXT,                         -- NULL: any
    occurred_at_ms BIGINT NOT NULL,
    zone           TEXT NOT NULL,
    utc_offset_min BIGINT NOT NULL,
    recorded_at_ms BIGINT NOT NULL,
    PRIMARY KEY (case_id, audience, seq),
    UNIQUE (case_id, author_id, op_id)
);

-- What an edit, a deletion or an answer is about.
CREATE INDEX entry_of_target ON entry (case_id, op_id);

-- Pictures that entries name, so that a picture without an entry can be collected.
CREATE TABLE picture_use (
    case_id        UUID NOT NULL,
    audience       TEXT NOT NULL,
    sha256         BYTEA NOT NULL,
    PRIMARY KEY (case_id, audience, sha256)
);

-- An uploaded picture or thumbnail, complete or on its way.
CREATE TABLE upload (
    case_id        UUID NOT NULL,
    upload_id      UUID NOT NULL,
    audience       TEXT NOT NULL,
    sha256         BYTEA NOT NULL,
    length_bytes   BIGINT NOT NULL,
    media_type     TEXT NOT NULL,
    width_px       BIGINT NOT NULL,
    height_px      BIGINT NOT NULL,
    account_id     UUID NOT NULL,
    offset_bytes   BIGINT NOT NULL,                -- bytes that are kept
    object_key     TEXT,                          -- random name of the whole; NULL: not complete
    made_at_ms     BIGINT NOT NULL,
    touched_at_ms  BIGINT NOT NULL,
    PRIMARY KEY (case_id, upload_id),
    UNIQUE (case_id, audience, sha256)
);
CREATE INDEX upload_by_id ON upload (upload_id);
CREATE INDEX upload_by_age ON upload (touched_at_ms);

-- The parts of an upload on its way.
CREATE TABLE upload_part (
    case_id        UUID NOT NULL,
    upload_id      UUID NOT NULL,
    offset_bytes   BIGINT NOT NULL,
    length_bytes   BIGINT NOT NULL,
    object_key     TEXT NOT NULL,
    PRIMARY KEY (case_id, upload_id, offset_bytes)
);

-- Objects that nothing names any more, to be removed from the object store.
CREATE TABLE garbage (
    object_key     TEXT NOT NULL PRIMARY KEY,
    since_at_ms    BIGINT NOT NULL
);

-- Bytes that an account uploaded on a day (UTC).
CREATE TABLE upload_quota (
    account_id     UUID NOT NULL,
    day            BIGINT NOT NULL,                -- days since 1970, UTC
    bytes          BIGINT NOT NULL,
    PRIMARY KEY (account_id, day)
);

-- Ready-made beginnings of logs.
CREATE TABLE snapshot (
    case_id        UUID NOT NULL,
    audience       TEXT NOT NULL,
    snapshot_id    UUID NOT NULL,
    epoch          TEXT NOT NULL,
    up_to_seq      BIGINT NOT NULL,
    length_bytes   BIGINT NOT NULL,
    decompressed_bytes BIGINT NOT NULL,
    sha256         BYTEA NOT NULL,
    object_key     TEXT NOT NULL,
    made_at_ms     BIGINT NOT NULL,
    PRIMARY KEY (case_id, audience, snapshot_id)
);
CREATE INDEX snapshot_by_id ON snapshot (snapshot_id);

-- Push hints to be sent, collapsed per log.
CREATE TABLE push_outbox (
    case_id        UUID NOT NULL,
    audience       TEXT NOT NULL,
    up_to_seq      BIGINT NOT NULL,
    author_id      UUID NOT NULL,               -- of the last entry; gets no hint
    queued_at_ms   BIGINT NOT NULL,
    PRIMARY KEY (case_id, audience)
);

-- Ends of the audit chains that belong to no case: one per account, and one of the server itself.
CREATE TABLE audit_chain (
    chain_id       UUID NOT NULL PRIMARY KEY,
    audit_seq      BIGINT NOT NULL,
    audit_hash     BYTEA NOT NULL
);

-- Who did what. A row holds the hash of the one before, so that a changed or missing one shows.
CREATE TABLE audit (
    chain_id       UUID NOT NULL,               -- a case, an account, or nil for the server
    seq            BIGINT NOT NULL,
    at_ms          BIGINT NOT NULL,
    actor_id       UUID NOT NULL,               -- nil: the server
    actor_role     TEXT NOT NULL,
    device_id      UUID NOT NULL,               -- nil: none
    act            TEXT NOT NULL,
    outcome        TEXT NOT NULL,                 -- done, or the code of the refusal
    audience       TEXT,                          -- NULL: concerns no log
    from_seq       BIGINT,                         -- NULL: concerns no entries
    to_seq         BIGINT,
    object_id      UUID,                        -- NULL: none
    request_id     TEXT NOT NULL,
    hash           BYTEA NOT NULL,              -- over the row and the hash of the row before
    PRIMARY KEY (chain_id, seq)
);

-- One digest a day over the ends of all chains, so that even a whole chain cannot vanish.
CREATE TABLE audit_digest (
    seq            BIGINT NOT NULL PRIMARY KEY,
    at_ms          BIGINT NOT NULL,
    chains         BIGINT NOT NULL,
    digest         BYTEA NOT NULL
);
CREATE TABLE audit_digest_chain (
    digest_seq     BIGINT NOT NULL,
    chain_id       UUID NOT NULL,
    audit_seq      BIGINT NOT NULL,
    audit_hash     BYTEA NOT NULL,
    PRIMARY KEY (digest_seq, chain_id)
);
