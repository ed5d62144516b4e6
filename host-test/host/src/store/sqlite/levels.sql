-- Which deliveries say nothing new, what a pull of everything has read until it ends, and what waits for a person's word.

-- Whether the same words came lately, and what was said of a record that is written otherwise.
CREATE INDEX delivery_by_hash ON delivery (connection, hash, received);
CREATE INDEX delivery_subject_by_subject ON delivery_subject (subject, connection);
CREATE INDEX order_push_by_seen ON order_push (connection, seen_as) WHERE seen_as IS NOT NULL;

-- The branches that the rows of a pull of everything listed, by the other side's ids. Goes with the end of the run.
CREATE TABLE sweep_branch (
    run         INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
    branch      TEXT NOT NULL,
    PRIMARY KEY (run, branch)
) STRICT, WITHOUT ROWID;

-- The products whose row said that a branch which it does not list holds none of it. Goes with the end of the run.
CREATE TABLE sweep_product (
    run         INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
    product     TEXT NOT NULL,
    -- The branches that the row listed, as a JSON list.
    listed      TEXT NOT NULL,
    -- When the row was taken in: what was written later is newer.
    at          INTEGER NOT NULL,
    PRIMARY KEY (run, product)
) STRICT, WITHOUT ROWID;

-- What the other side said and Nobi has not taken: a person decides.
CREATE TABLE held_record (
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    entity      TEXT NOT NULL,
    remote      TEXT NOT NULL,
    code        TEXT NOT NULL,
    -- What happened, for people, as JSON.
    message     TEXT NOT NULL,
    since       INTEGER NOT NULL,
    -- What a person said: take it in, or keep what Nobi has. Absent: nobody has yet.
    answer      TEXT CHECK (answer IN ('take', 'keep')),
    PRIMARY KEY (connection, entity, remote, code)
) STRICT, WITHOUT ROWID;

-- How many pulls of everything in a row have not listed this record.
ALTER TABLE link ADD COLUMN absent INTEGER NOT NULL DEFAULT 0;
