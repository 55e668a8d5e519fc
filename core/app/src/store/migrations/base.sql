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
