-- The connection page: who may use it, and what people did on it. No password stands here, only what proves one.

CREATE TABLE operator (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    -- Whose connections this person sees. Nobody sees those of two tenants.
    tenant      TEXT NOT NULL,
    -- Argon2, with its salt and its cost.
    password    TEXT NOT NULL,
    created     INTEGER NOT NULL
) STRICT;

CREATE TABLE session (
    -- SHA-256 of what the browser holds.
    token       BLOB PRIMARY KEY,
    operator    INTEGER NOT NULL REFERENCES operator ON DELETE CASCADE,
    created     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE connected_by (
    connection  INTEGER PRIMARY KEY REFERENCES connection ON DELETE CASCADE,
    operator    TEXT NOT NULL,
    at          INTEGER NOT NULL
) STRICT;

-- What a person decided about records that needed one: set aside, with the reason.
CREATE TABLE note (
    id          INTEGER PRIMARY KEY,
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    at          INTEGER NOT NULL,
    operator    TEXT NOT NULL,
    code        TEXT NOT NULL,
    records     INTEGER NOT NULL,
    text        TEXT NOT NULL
) STRICT;
CREATE INDEX note_by_connection ON note (connection, id);
