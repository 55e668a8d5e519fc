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

-- Undo passes over what came from the log, as it does over imports.
DROP INDEX weight_change_to_undo;
CREATE INDEX weight_change_to_undo ON weight_change (change_id)
    WHERE taken_back_at_ms IS NULL AND kind <> 'import' AND kind <> 'log';
