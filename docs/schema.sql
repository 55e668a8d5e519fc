-- The schema of user.db, for people. Never executed by the app: files climb core/app/src/store/migrations/ instead.
--
-- A test (store::tests::schema) compares this page with the real schema and names what differs. To document a new table or
-- column, change this page as if it were the only place where the schema stood, with a comment for each column.

-- What every module needs: settings, time zones, and which derived tables are up to date.

CREATE TABLE setting (
    key TEXT NOT NULL PRIMARY KEY,  -- dotted name of the module that owns it, e.g. 'steps.goal'
    value TEXT NOT NULL             -- as its owner writes it; a setting that is not set has no row
) STRICT, WITHOUT ROWID;

-- Zone names are long and repeat in every reading, so readings hold an id. Rows are never deleted:
-- columns that refer to this table need no index of their own.
CREATE TABLE zone (
    zone_id INTEGER PRIMARY KEY,    -- local id, never leaves the phone
    name TEXT NOT NULL UNIQUE       -- IANA name, e.g. 'Asia/Tokyo'
) STRICT;

CREATE TABLE zone_history (
    from_ms INTEGER PRIMARY KEY,                    -- epoch ms UTC from which the shell reported the zone
    zone_id INTEGER NOT NULL REFERENCES zone        -- zone in force until the next row
) STRICT;

CREATE TABLE derived_view (
    name TEXT NOT NULL PRIMARY KEY, -- name of the module that derives it, e.g. 'steps'
    version INTEGER NOT NULL        -- version of the rules it was derived by; no row, or another version: derive again
) STRICT, WITHOUT ROWID;

-- Steps. The raw readings are the truth; step_hour and step_day are derived from them and can be rebuilt.
--
-- Columns that refer to step_source or zone have no index of their own: such an index serves the deletion of a parent,
-- and sources and zones are never deleted.
--
-- length_class of a reading: 0 up to 1 h long, 1 up to 1 day, 2 up to 31 days, 3 longer. With it a search for readings
-- that touch a range looks back one class length in the index instead of to the beginning of time.

CREATE TABLE step_source (
    source_id INTEGER PRIMARY KEY,  -- local id, never leaves the phone
    name TEXT NOT NULL UNIQUE,      -- as the shell names it, e.g. 'phone'
    kind TEXT NOT NULL              -- what it delivers, an open enumeration checked in Rust
) STRICT;

CREATE TABLE step_priority (
    position INTEGER PRIMARY KEY,   -- 0 is the best source
    name TEXT NOT NULL UNIQUE       -- name of a source, which may not have delivered anything yet
) STRICT;

CREATE TABLE step_counter_state (
    source_id INTEGER PRIMARY KEY REFERENCES step_source,   -- one cumulative counter
    boot TEXT,                          -- identity of its boot; NULL: the platform knows none
    boot_wall_ms INTEGER NOT NULL,      -- epoch ms UTC of the boot by the wall clock
    count INTEGER NOT NULL,             -- steps since boot at the last accepted sample
    event_elapsed_ms INTEGER NOT NULL   -- ms from boot to the last step of that sample
) STRICT;

CREATE TABLE step_past_boot (
    source_id INTEGER NOT NULL REFERENCES step_source,  -- one cumulative counter
    boot TEXT NOT NULL,                                 -- identity of a boot that is over
    PRIMARY KEY (source_id, boot)
) STRICT, WITHOUT ROWID;

CREATE TABLE step_held_sample (
    held_id INTEGER PRIMARY KEY AUTOINCREMENT,          -- named in notes, so it is never used again
    source_id INTEGER NOT NULL REFERENCES step_source,  -- one cumulative counter
    boot TEXT,                              -- identity of its boot; NULL: the platform knows none
    count INTEGER NOT NULL,                 -- steps since boot
    event_elapsed_ms INTEGER NOT NULL,      -- ms from boot to the last step
    received_elapsed_ms INTEGER NOT NULL,   -- ms from boot to the receipt
    received_at_ms INTEGER NOT NULL,        -- epoch ms UTC of the receipt by the wall clock
    zone_id INTEGER NOT NULL REFERENCES zone    -- zone at receipt
) STRICT;

CREATE TABLE step_counter_sample (
    sample_id INTEGER PRIMARY KEY,                      -- in order of arrival
    source_id INTEGER NOT NULL REFERENCES step_source,  -- one cumulative counter
    zone_id INTEGER NOT NULL REFERENCES zone,           -- zone at receipt
    boot TEXT,                      -- identity of its boot; NULL: unknown, or the raw sample was dropped after 90 days
    count INTEGER,                  -- steps since boot; NULL: the raw sample was dropped
    event_elapsed_ms INTEGER,       -- ms from boot to the last step; NULL: the raw sample was dropped
    received_elapsed_ms INTEGER,    -- ms from boot to the receipt; NULL: the raw sample was dropped
    received_at_ms INTEGER,         -- epoch ms UTC of the receipt; NULL: the raw sample was dropped
    from_ms INTEGER NOT NULL,       -- epoch ms UTC, first instant of the steps
    to_ms INTEGER NOT NULL,         -- epoch ms UTC, first instant after them
    steps INTEGER NOT NULL,         -- steps that count, 0 or more
    quarantined_steps INTEGER NOT NULL DEFAULT 0,   -- steps too fast for a person, kept and not counted
    length_class INTEGER NOT NULL   -- of [from_ms, to_ms), see above
) STRICT;

CREATE INDEX step_counter_sample_by_time ON step_counter_sample (length_class, to_ms);

CREATE TABLE step_interval (
    interval_id INTEGER PRIMARY KEY,                    -- in order of arrival
    source_id INTEGER NOT NULL REFERENCES step_source,  -- a watch, another app, an import
    record_id TEXT NOT NULL,        -- identity within the source
    start_ms INTEGER NOT NULL,      -- epoch ms UTC, first instant
    end_ms INTEGER NOT NULL,        -- epoch ms UTC, first instant after the record; may equal start_ms
    steps INTEGER NOT NULL,         -- 0 to 1,000,000
    modified_ms INTEGER NOT NULL,   -- epoch ms UTC of the version; the latest counts
    zone_id INTEGER NOT NULL REFERENCES zone,   -- zone in which the steps were walked
    is_deleted INTEGER NOT NULL DEFAULT 0,      -- 1: withdrawn by its source; kept so that an old version cannot return
    length_class INTEGER NOT NULL,  -- of [start_ms, end_ms), see above
    UNIQUE (source_id, record_id)
) STRICT;

CREATE INDEX step_interval_by_time ON step_interval (length_class, end_ms) WHERE is_deleted = 0;

CREATE TABLE step_bucket (
    bucket_id INTEGER PRIMARY KEY,                      -- in order of arrival
    source_id INTEGER NOT NULL REFERENCES step_source,  -- a platform's own totals
    start_ms INTEGER NOT NULL,      -- epoch ms UTC, first instant
    end_ms INTEGER NOT NULL,        -- epoch ms UTC, first instant after the bucket
    steps INTEGER NOT NULL,         -- 0 to 1,000,000
    queried_at_ms INTEGER NOT NULL, -- epoch ms UTC at which the platform was asked
    is_partial INTEGER NOT NULL,    -- 1: the bucket was not over, or partly forgotten, when the platform was asked
    zone_id INTEGER NOT NULL REFERENCES zone,   -- zone in which the steps were walked
    length_class INTEGER NOT NULL,  -- of [start_ms, end_ms), see above
    UNIQUE (source_id, start_ms, end_ms)
) STRICT;

CREATE INDEX step_bucket_by_time ON step_bucket (length_class, end_ms);

CREATE TABLE step_pause (
    pause_id INTEGER PRIMARY KEY AUTOINCREMENT,     -- in order of arrival
    start_ms INTEGER NOT NULL,      -- epoch ms UTC, first instant that does not count
    end_ms INTEGER                  -- epoch ms UTC, first instant that counts again; NULL: still paused
) STRICT;

CREATE TABLE step_exclusion (
    exclusion_id INTEGER PRIMARY KEY AUTOINCREMENT, -- in order of arrival
    start_ms INTEGER NOT NULL,      -- epoch ms UTC, first instant that does not count
    end_ms INTEGER NOT NULL,        -- epoch ms UTC, first instant that counts again
    reason TEXT                     -- a word the shell chose; NULL: none given
) STRICT;

CREATE TABLE step_adjustment (
    date TEXT NOT NULL PRIMARY KEY,     -- the person's date, YYYY-MM-DD
    correction INTEGER NOT NULL,        -- steps added to the sensor's, may be negative
    requested_steps INTEGER NOT NULL    -- what she said the day was, 0 to 1,000,000
) STRICT, WITHOUT ROWID;

-- Derived.
CREATE TABLE step_hour (
    date TEXT NOT NULL,         -- the person's date, YYYY-MM-DD
    start_ms INTEGER NOT NULL,  -- epoch ms UTC, first instant of the hour slot
    steps INTEGER NOT NULL,     -- steps that count, 0 or more
    PRIMARY KEY (date, start_ms)
) STRICT, WITHOUT ROWID;

-- Derived.
CREATE TABLE step_day (
    date TEXT NOT NULL PRIMARY KEY,         -- the person's date, YYYY-MM-DD; no row: nothing was measured
    sensor_steps INTEGER NOT NULL,          -- sum of its hours
    quarantined_steps INTEGER NOT NULL,     -- kept and not counted
    zone_id INTEGER NOT NULL REFERENCES zone,   -- zone of the day
    is_travel_day INTEGER NOT NULL          -- 1: its readings come from zones that differ in their offset
) STRICT, WITHOUT ROWID;

-- Weight. weight_change is the truth: every change of a weigh-in, never deleted, so that every value a person ever typed is
-- still there. A weigh-in is the newest of its changes that was not taken back. weight_reading and weight_day are derived.
--
-- zone_id has no index of its own: such an index serves the deletion of a zone, and zones are never deleted.

CREATE TABLE weight_change (
    change_id INTEGER PRIMARY KEY AUTOINCREMENT,    -- in order of arrival
    weigh_in_id TEXT NOT NULL,      -- UUIDv7 of the weigh-in, lower case with hyphens
    kind TEXT NOT NULL,             -- 'add', 'edit', 'delete': by the person; 'import': from a file, 'log': from the log; undo passes over both
    changed_at_ms INTEGER NOT NULL, -- epoch ms UTC of the change by the phone's clock
    taken_back_at_ms INTEGER,       -- epoch ms UTC at which undo took the change back; NULL: the change counts
    weighed_on TEXT,                -- date YYYY-MM-DD of a weigh-in without a time; NULL: it has a time, or was deleted
    weighed_at_ms INTEGER,          -- epoch ms UTC of a weigh-in with a time; NULL: it has none, or was deleted
    sub_ms_ns INTEGER,              -- nanoseconds after weighed_at_ms, 0 to 999,999; NULL with it
    offset_s INTEGER,               -- local time minus UTC in seconds; NULL with weighed_at_ms
    zone_id INTEGER REFERENCES zone,    -- zone of the weigh-in; NULL: not known
    typed TEXT,                     -- the digits as typed, e.g. '63.5' or '10 st 4'; NULL: deleted
    unit TEXT,                      -- unit of typed, an open enumeration checked in Rust: 'kg', 'lb', 'st'; NULL: deleted
    weight_10g INTEGER,             -- typed in units of 10 g, 200 to 50,000; NULL: deleted
    waist_mm INTEGER,               -- waist in mm, 100 to 3,000; NULL: not measured, or deleted
    source TEXT                     -- 'typed', or the name of the import, e.g. 'libra'; NULL: deleted
) STRICT;

CREATE INDEX weight_change_by_weigh_in ON weight_change (weigh_in_id, change_id);

-- For imports: was there ever such a weigh-in?
CREATE INDEX weight_change_by_moment ON weight_change (weighed_at_ms, weight_10g) WHERE weighed_at_ms IS NOT NULL;
CREATE INDEX weight_change_by_date ON weight_change (weighed_on, weight_10g) WHERE weighed_on IS NOT NULL;

-- For undo: its newest entry is the change to take back.
CREATE INDEX weight_change_to_undo ON weight_change (change_id)
    WHERE taken_back_at_ms IS NULL AND kind <> 'import' AND kind <> 'log';

-- Derived: the weigh-ins that are present. The order of the key is the order in which the first reading of a date is its
-- day value: with a time before without one, by instant, then by arrival.
CREATE TABLE weight_reading (
    date TEXT NOT NULL,             -- the person's date, YYYY-MM-DD (day start applied)
    is_date_only INTEGER NOT NULL,  -- 1: a weigh-in without a time
    weighed_at_ms INTEGER NOT NULL, -- epoch ms UTC, 0 without a time
    sub_ms_ns INTEGER NOT NULL,     -- nanoseconds after weighed_at_ms, 0 without a time
    arrival INTEGER NOT NULL,       -- change_id of the first change of the weigh-in
    change_id INTEGER NOT NULL,     -- the change that says what it is now
    weigh_in_id TEXT NOT NULL UNIQUE,   -- the weigh-in
    has_waist INTEGER NOT NULL,     -- 1: a waist was measured with it
    PRIMARY KEY (date, is_date_only, weighed_at_ms, sub_ms_ns, arrival)
) STRICT, WITHOUT ROWID;

-- For the latest waist.
CREATE INDEX weight_reading_with_waist ON weight_reading (date, is_date_only, weighed_at_ms, sub_ms_ns, arrival)
    WHERE has_waist = 1;

-- Derived.
CREATE TABLE weight_day (
    date TEXT NOT NULL PRIMARY KEY,     -- the person's date, YYYY-MM-DD; no row: no reading
    readings INTEGER NOT NULL,          -- readings of the date, double imports counted once
    weight_10g INTEGER NOT NULL,        -- day value in units of 10 g
    trend_kg REAL NOT NULL              -- trend in kg, unrounded
) STRICT, WITHOUT ROWID;

-- Imports of files, so that one that was broken off goes on where it stopped.

CREATE TABLE import_run (
    import_key TEXT NOT NULL PRIMARY KEY,   -- SHA-256 in hex over the file's content and how it was asked to be read
    stored_records INTEGER NOT NULL,        -- records of the file that are stored, from its start
    is_complete INTEGER NOT NULL,           -- 1: the whole file is stored
    changed_at_ms INTEGER NOT NULL          -- epoch ms UTC of the last batch
) STRICT, WITHOUT ROWID;

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

-- The beginning of a log as one file of the server, for a replica that has little of its log yet. What was fetched of it is in memory
-- and goes with the process; the row stays, so that nothing is fetched twice.
CREATE TABLE log_snapshot (
    replica_id INTEGER PRIMARY KEY, -- the copy that it is for
    state TEXT NOT NULL,            -- 'open': fetched, then applied; 'applied'; 'given_up': pages bring the rest
    snapshot_id TEXT NOT NULL,      -- as the server named it
    up_to_seq INTEGER NOT NULL,     -- the last place in it
    sha256 TEXT NOT NULL,           -- hash of the file
    length_bytes INTEGER NOT NULL,  -- of the file
    decompressed_bytes INTEGER NOT NULL,    -- of what the file holds
    fetched_bytes INTEGER NOT NULL, -- of the file, from its start, that were fetched; less is here after a kill: given up
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

-- Chat. Messages, pictures and read marks are derived from the replica of the log; drafts are what the person typed and has not sent.

CREATE TABLE draft (
    case_id TEXT NOT NULL PRIMARY KEY,  -- whose conversation
    text TEXT NOT NULL,             -- as typed so far
    reply_to TEXT,                  -- op_id of the message it answers; NULL: none
    template_text TEXT,             -- the template it began as; NULL: none. It is not sent unchanged
    changed_at_ms INTEGER NOT NULL  -- epoch ms UTC of the last change
) STRICT, WITHOUT ROWID;

CREATE TABLE draft_picture (
    case_id TEXT NOT NULL,          -- whose conversation
    position INTEGER NOT NULL,      -- order in which they are shown, from 0
    sha256 TEXT NOT NULL,           -- hash, and name of the file in user/attachments
    length_bytes INTEGER NOT NULL,  -- bytes of the picture
    width_px INTEGER NOT NULL,      -- width
    height_px INTEGER NOT NULL,     -- height
    thumbnail_sha256 TEXT NOT NULL, -- hash and file of the small copy
    thumbnail_length_bytes INTEGER NOT NULL,    -- bytes of the small copy
    thumbnail_width_px INTEGER NOT NULL,        -- its width
    thumbnail_height_px INTEGER NOT NULL,       -- its height
    PRIMARY KEY (case_id, position)
) STRICT, WITHOUT ROWID;

-- Derived.
CREATE TABLE message (
    case_id TEXT NOT NULL,          -- whose conversation
    seq INTEGER NOT NULL,           -- place in the care log
    op_id TEXT NOT NULL,            -- operation it came from
    author_id TEXT NOT NULL,        -- who wrote it
    author_role TEXT NOT NULL,      -- in which role
    text TEXT,                      -- as it reads now; NULL: deleted, erased, or needs a newer app
    is_deleted INTEGER NOT NULL,    -- 1: by its author, for ever
    is_erased INTEGER NOT NULL,     -- 1: its body is gone on the server
    edited_seq INTEGER,             -- place of the edit that it shows; NULL: never edited
    reply_to TEXT,                  -- op_id of the message it answers; NULL: none
    is_automated INTEGER NOT NULL,  -- 1: not written by a person
    min_app_version TEXT,           -- app that is needed to read it; NULL: this one reads it
    occurred_at_ms INTEGER NOT NULL,    -- epoch ms UTC by the author's clock
    utc_offset_min INTEGER NOT NULL,    -- the author's local time minus UTC in minutes
    recorded_at_ms INTEGER NOT NULL,    -- epoch ms UTC by the server's clock
    PRIMARY KEY (case_id, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX message_by_operation ON message (case_id, op_id);

-- Derived.
CREATE TABLE message_picture (
    case_id TEXT NOT NULL,          -- whose conversation
    seq INTEGER NOT NULL,           -- place of the message
    position INTEGER NOT NULL,      -- order in which they are shown, from 0
    sha256 TEXT NOT NULL,           -- hash of the bytes
    length_bytes INTEGER NOT NULL,  -- how many
    width_px INTEGER NOT NULL,      -- width
    height_px INTEGER NOT NULL,     -- height
    thumbnail_sha256 TEXT NOT NULL, -- hash of the small copy
    thumbnail_length_bytes INTEGER NOT NULL,    -- its bytes
    thumbnail_width_px INTEGER NOT NULL,        -- its width
    thumbnail_height_px INTEGER NOT NULL,       -- its height
    PRIMARY KEY (case_id, seq, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX message_picture_by_hash ON message_picture (sha256);

-- Derived: how far each reader has come.
CREATE TABLE read_mark (
    case_id TEXT NOT NULL,          -- whose case
    audience TEXT NOT NULL,         -- which log
    reader_id TEXT NOT NULL,        -- account
    reader_role TEXT NOT NULL,      -- in which role
    up_to_seq INTEGER NOT NULL,     -- the last place that was seen; never moves back
    PRIMARY KEY (case_id, audience, reader_id)
) STRICT, WITHOUT ROWID;

-- Files of pictures whose message was deleted or erased, still to be deleted from this phone unless something else names them.
CREATE TABLE picture_to_delete (
    sha256 TEXT NOT NULL PRIMARY KEY    -- hash, and name of the file
) STRICT, WITHOUT ROWID;

-- What a log says about its case: who she is, who acts for her, and what her phones reported. All of it is derived from replicas,
-- but for what this phone still has to report.

-- Derived.
CREATE TABLE case_record (
    case_id TEXT NOT NULL PRIMARY KEY,  -- the case
    name TEXT,                      -- her name as her society invited her; NULL: not told yet
    name_reading TEXT,              -- how it is read; NULL: not told
    society_id TEXT,                -- her society; NULL: not told yet
    society_name TEXT,              -- its name; NULL: not told yet
    consent TEXT NOT NULL DEFAULT 'none',   -- 'none', 'given', 'withdrawn'
    consent_version TEXT,           -- version of the text she agreed to; NULL: none
    acting TEXT,                    -- body of the last assignment as JSON: who acts, with name and reply hours; NULL: nobody yet
    last_participant_at_ms INTEGER, -- epoch ms UTC of her last entry by the server's clock; NULL: none
    last_staff_at_ms INTEGER        -- epoch ms UTC of the staff's last message by the server's clock; NULL: none
) STRICT, WITHOUT ROWID;

-- Derived: the newest report of each device about each date.
CREATE TABLE case_step_day (
    case_id TEXT NOT NULL,          -- whose steps
    date TEXT NOT NULL,             -- her date, YYYY-MM-DD
    device_id TEXT NOT NULL,        -- phone that reported
    revision INTEGER NOT NULL,      -- the highest counts
    seq INTEGER NOT NULL,           -- place of the entry that says so
    body TEXT NOT NULL,             -- the report as JSON
    PRIMARY KEY (case_id, date, device_id)
) STRICT, WITHOUT ROWID;

-- Derived: the last word about each weigh-in.
CREATE TABLE case_weigh_in (
    case_id TEXT NOT NULL,          -- whose weight
    weigh_in_id TEXT NOT NULL,      -- the weigh-in
    seq INTEGER NOT NULL,           -- place of the entry that says so
    device_id TEXT NOT NULL,        -- phone it came from
    occurred_at_ms INTEGER NOT NULL,    -- epoch ms UTC by that phone's clock
    body TEXT,                      -- the weigh-in as JSON; NULL: deleted
    PRIMARY KEY (case_id, weigh_in_id)
) STRICT, WITHOUT ROWID;

-- Derived: the last value of each setting.
CREATE TABLE case_setting (
    case_id TEXT NOT NULL,          -- whose setting
    key TEXT NOT NULL,              -- name, e.g. 'steps.goal'
    value TEXT,                     -- its value; NULL: taken back
    seq INTEGER NOT NULL,           -- place of the entry that says so
    device_id TEXT NOT NULL,        -- phone it came from
    PRIMARY KEY (case_id, key)
) STRICT, WITHOUT ROWID;

-- Derived, on phones of the staff alone: private notes of the staff log.
CREATE TABLE note (
    case_id TEXT NOT NULL,          -- whose case
    seq INTEGER NOT NULL,           -- place in the staff log
    op_id TEXT NOT NULL,            -- operation it came from
    author_id TEXT NOT NULL,        -- who wrote it
    author_role TEXT NOT NULL,      -- in which role
    topic TEXT NOT NULL,            -- what it is for, e.g. 'handover'; open enumeration
    about_seq INTEGER,              -- entry of the care log that it is about; NULL: none
    text TEXT,                      -- as it reads now; NULL: deleted, erased, or needs a newer app
    is_deleted INTEGER NOT NULL,    -- 1: by its author, for ever
    is_erased INTEGER NOT NULL,     -- 1: its body is gone on the server
    edited_seq INTEGER,             -- place of the edit that it shows; NULL: never edited
    min_app_version TEXT,           -- app that is needed to read it; NULL: this one reads it
    occurred_at_ms INTEGER NOT NULL,    -- epoch ms UTC by the author's clock
    utc_offset_min INTEGER NOT NULL,    -- the author's local time minus UTC in minutes
    recorded_at_ms INTEGER NOT NULL,    -- epoch ms UTC by the server's clock
    PRIMARY KEY (case_id, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX note_by_operation ON note (case_id, op_id);

-- What the server last said about cases of which nothing has arrived. A row goes with the first entry of its care log.
CREATE TABLE case_summary (
    case_id TEXT NOT NULL PRIMARY KEY,  -- the case
    society_id TEXT NOT NULL,       -- her society
    name TEXT NOT NULL,             -- her name
    is_substitute INTEGER NOT NULL, -- 1: who is signed in stands in for her dietitian
    last_participant_at_ms INTEGER, -- epoch ms UTC of her last entry by the server's clock; NULL: none
    last_staff_at_ms INTEGER        -- epoch ms UTC of the staff's last entry by the server's clock; NULL: none
) STRICT, WITHOUT ROWID;

-- Dates whose steps changed on this phone since they were last reported.
CREATE TABLE step_report_due (
    date TEXT NOT NULL PRIMARY KEY, -- her date, YYYY-MM-DD
    is_corrected INTEGER NOT NULL   -- 1: her correction changed too, so it counts before those of other phones
) STRICT, WITHOUT ROWID;

-- What this phone reported last about each date.
CREATE TABLE step_report (
    date TEXT NOT NULL PRIMARY KEY, -- her date, YYYY-MM-DD
    revision INTEGER NOT NULL,      -- revision of that report
    body TEXT NOT NULL,             -- the report as JSON, with revision 0, so that the same is not sent twice
    base TEXT                       -- report of an earlier life of this phone whose readings are lost; NULL: none
) STRICT, WITHOUT ROWID;

-- Derived: corrections of other phones of hers that count on this one.
CREATE TABLE step_log_correction (
    date TEXT NOT NULL PRIMARY KEY, -- her date, YYYY-MM-DD
    correction INTEGER NOT NULL     -- steps added to the sensor's, may be negative
) STRICT, WITHOUT ROWID;

-- Settings that changed on this phone since they were last reported.
CREATE TABLE setting_due (
    key TEXT NOT NULL PRIMARY KEY   -- name, e.g. 'steps.goal'
) STRICT, WITHOUT ROWID;
