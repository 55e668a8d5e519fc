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
