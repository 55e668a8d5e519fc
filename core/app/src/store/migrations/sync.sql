-- Sync. The outbox is the truth about what the person did and the server does not have yet; a replica is a copy of one log of
-- the server and is read again when it is lost. Ids are UUIDs in lower case with hyphens.

-- One row at most: another account comes only after everything of the first is gone.
CREATE TABLE account (
    account_id TEXT NOT NULL PRIMARY KEY,   -- who signed in
    device_id TEXT NOT NULL,        -- this phone as the server knows it
    case_id TEXT,                   -- her own case; NULL: staff
    session TEXT NOT NULL,          -- 'active', 'suspended', 'revoked', 'signed_out'; open enumeration checked in Rust
    consent_version TEXT,           -- version of the text of consent that was in force at sign-in; NULL: none
    signed_in_at_ms INTEGER NOT NULL    -- epoch ms UTC by the phone's clock
) STRICT, WITHOUT ROWID;

CREATE TABLE replica (
    replica_id INTEGER PRIMARY KEY AUTOINCREMENT,   -- named by its entries, so it is never used again
    case_id TEXT NOT NULL,          -- whose log
    audience TEXT NOT NULL,         -- 'care', 'staff', 'advice'
    epoch TEXT NOT NULL,            -- incarnation of the server's store it was read from
    seq INTEGER NOT NULL,           -- everything up to here is there; 0: nothing
    head_seq INTEGER NOT NULL,      -- end of the log as the server last told
    is_shown INTEGER NOT NULL,      -- 1: what screens show; 0: read again after the server was restored, not complete yet
    UNIQUE (case_id, audience, is_shown)
) STRICT;

CREATE TABLE log_entry (
    replica_id INTEGER NOT NULL,    -- which copy of which log
    seq INTEGER NOT NULL,           -- place in the log, from 1 without a gap
    op_id TEXT NOT NULL,            -- operation it came from
    author_id TEXT NOT NULL,        -- account that wrote it; the nil UUID for the server
    author_role TEXT NOT NULL,      -- open enumeration, e.g. 'participant'
    device_id TEXT NOT NULL,        -- device it was written on
    kind TEXT NOT NULL,             -- open enumeration, e.g. 'message.posted'; unknown ones are kept
    body_version INTEGER NOT NULL,  -- from 1; 0: thinned
    occurred_at_ms INTEGER NOT NULL,    -- epoch ms UTC by the author's clock
    zone TEXT NOT NULL,             -- the author's zone, IANA name
    utc_offset_min INTEGER NOT NULL,    -- the author's local time minus UTC in minutes
    recorded_at_ms INTEGER NOT NULL,    -- epoch ms UTC by the server's clock
    min_app_version TEXT,           -- an older app says that it needs an update; NULL: any app may pass it over
    body TEXT,                      -- JSON as its author wrote it, byte for byte; NULL: erased, or thinned by a snapshot
    unknown TEXT,                   -- JSON object of fields of a later server; NULL: none
    PRIMARY KEY (replica_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX log_entry_by_operation ON log_entry (replica_id, op_id);

-- The beginning of a log as one file of the server, for a replica that has little of its log yet. The file is in cache/snapshots and
-- goes once it was applied; the row stays, so that nothing is fetched twice.
CREATE TABLE log_snapshot (
    replica_id INTEGER PRIMARY KEY, -- the copy that it is for
    state TEXT NOT NULL,            -- 'open': fetched, then applied; 'applied'; 'given_up': pages bring the rest
    snapshot_id TEXT NOT NULL,      -- as the server named it
    up_to_seq INTEGER NOT NULL,     -- the last place in it
    sha256 TEXT NOT NULL,           -- hash of the file, and its name
    length_bytes INTEGER NOT NULL,  -- of the file
    decompressed_bytes INTEGER NOT NULL,    -- of what the file holds
    fetched_bytes INTEGER NOT NULL, -- of the file, from its start, that are here
    applied_bytes INTEGER NOT NULL  -- of what it holds, from its start, whose entries are in the replica; 0: none
) STRICT;

-- Entries of other people that a restored server no longer has. Shown as lost until their author's phone offers them again.
CREATE TABLE lost_entry (
    case_id TEXT NOT NULL,          -- whose log
    audience TEXT NOT NULL,         -- which log
    op_id TEXT NOT NULL,            -- operation it came from
    after_seq INTEGER NOT NULL,     -- place in the present log behind which it stood
    old_seq INTEGER NOT NULL,       -- place in the log that was lost; orders those behind one place
    entry TEXT NOT NULL,            -- the whole entry as JSON
    PRIMARY KEY (case_id, audience, op_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    local_seq INTEGER PRIMARY KEY AUTOINCREMENT,    -- order on this phone, never given twice; another one after "send again"
    op_id TEXT NOT NULL UNIQUE,     -- made when the input was confirmed, for ever
    case_id TEXT NOT NULL,          -- whose log
    audience TEXT NOT NULL,         -- which log
    lane TEXT NOT NULL,             -- 'talk', 'readings'
    kind TEXT NOT NULL,             -- e.g. 'message.posted'
    body_version INTEGER NOT NULL,  -- from 1
    body TEXT NOT NULL,             -- final bytes; never changed once attempts > 0
    occurred_at_ms INTEGER NOT NULL,    -- epoch ms UTC by the phone's clock when the input was confirmed
    zone TEXT NOT NULL,             -- zone at that moment, IANA name
    utc_offset_min INTEGER NOT NULL,    -- local time minus UTC at that moment in minutes
    min_app_version TEXT,           -- an older app says that it needs an update; NULL: none
    subject TEXT,                   -- what it is about, so that a newer one replaces it while neither was sent; NULL: nothing replaces it
    depends_on TEXT,                -- op_id that has to be sent first and is parked together with it; NULL: none
    state TEXT NOT NULL,            -- 'queued', 'sent', 'parked', 'needs_confirmation'
    attempts INTEGER NOT NULL DEFAULT 0,    -- claims, counted before the bytes leave; 0: the server has never seen it
    unresolved INTEGER NOT NULL DEFAULT 0,  -- claims since the last outcome of any kind
    old_from_ms INTEGER NOT NULL,   -- epoch ms UTC from which its age counts: confirmed by the person, then or again
    is_reoffered INTEGER NOT NULL DEFAULT 0,    -- 1: was in the log of a server that lost it
    server_seq INTEGER,             -- place in the log; NULL: not acknowledged
    recorded_at_ms INTEGER,         -- epoch ms UTC by the server's clock; NULL: not acknowledged
    park_reason TEXT,               -- code of the refusal, or 'attachment_missing', 'parent_parked', 'no_longer_assigned'; NULL: not parked
    last_error TEXT                 -- code of the last failed try; NULL: none
) STRICT;

-- The next one to send.
CREATE INDEX outbox_by_lane ON outbox (case_id, audience, lane, state, local_seq);
CREATE INDEX outbox_by_subject ON outbox (case_id, audience, subject) WHERE subject IS NOT NULL;
CREATE INDEX outbox_by_dependency ON outbox (depends_on) WHERE depends_on IS NOT NULL;

-- Pictures and thumbnails of own messages, each on its way to the server or there. The bytes are in user/attachments.
CREATE TABLE upload (
    case_id TEXT NOT NULL,          -- whose log
    audience TEXT NOT NULL,         -- which log
    sha256 TEXT NOT NULL,           -- hash of the bytes, and name of the file
    length_bytes INTEGER NOT NULL,  -- how many
    width_px INTEGER NOT NULL,      -- width of the picture
    height_px INTEGER NOT NULL,     -- height of the picture
    is_thumbnail INTEGER NOT NULL,  -- 1: sent before the pictures
    upload_id TEXT,                 -- as the server named it; NULL: not announced yet
    is_complete INTEGER NOT NULL DEFAULT 0, -- 1: the server has every byte
    restarts INTEGER NOT NULL DEFAULT 0,    -- times it began again because the hash did not fit
    kept_until_ms INTEGER,          -- epoch ms UTC until which the file is kept for a server that is restored; NULL: not settled yet
    PRIMARY KEY (case_id, audience, sha256)
) STRICT, WITHOUT ROWID;

CREATE INDEX upload_to_do ON upload (is_complete, is_thumbnail) WHERE is_complete = 0;

-- Which files an operation needs to be complete on the server before it is sent.
CREATE TABLE outbox_file (
    op_id TEXT NOT NULL,            -- operation; its rows go when it is settled or discarded
    sha256 TEXT NOT NULL,           -- file
    PRIMARY KEY (op_id, sha256)
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_file_by_hash ON outbox_file (sha256);

-- Pictures of other people's messages that are still to be fetched into the cache.
CREATE TABLE picture_to_fetch (
    case_id TEXT NOT NULL,          -- whose log names it
    audience TEXT NOT NULL,         -- which log
    sha256 TEXT NOT NULL,           -- hash of the bytes
    is_opened INTEGER NOT NULL,     -- 1: somebody waits for it on a screen
    PRIMARY KEY (case_id, audience, sha256)
) STRICT, WITHOUT ROWID;
