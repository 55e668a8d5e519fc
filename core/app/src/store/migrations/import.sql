-- Imports of files, so that one that was broken off goes on where it stopped.

CREATE TABLE import_run (
    import_key TEXT NOT NULL PRIMARY KEY,   -- SHA-256 in hex over the file's content and how it was asked to be read
    stored_records INTEGER NOT NULL,        -- records of the file that are stored, from its start
    is_complete INTEGER NOT NULL,           -- 1: the whole file is stored
    changed_at_ms INTEGER NOT NULL          -- epoch ms UTC of the last batch
) STRICT, WITHOUT ROWID;
