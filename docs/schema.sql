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
    kind TEXT NOT NULL,             -- 'add', 'edit', 'delete': by the person; 'import': from a file, which undo passes over
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

-- For undo: its newest entry is the change to take back.
CREATE INDEX weight_change_to_undo ON weight_change (change_id)
    WHERE taken_back_at_ms IS NULL AND kind <> 'import';

-- For imports: was there ever such a weigh-in?
CREATE INDEX weight_change_by_moment ON weight_change (weighed_at_ms, weight_10g) WHERE weighed_at_ms IS NOT NULL;
CREATE INDEX weight_change_by_date ON weight_change (weighed_on, weight_10g) WHERE weighed_on IS NOT NULL;

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
