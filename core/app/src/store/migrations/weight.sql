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
