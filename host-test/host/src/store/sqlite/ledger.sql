-- What became of a connection, in a list that only grows; deliveries that nobody could work on; what a restore and a purge leave to be known.

CREATE TABLE event (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Stays for one entry when its connection is purged.
    connection  INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    code        TEXT NOT NULL,
    -- What it is about: `order-17`, `delivery-4`, `run-5`, an entity; absent: the connection.
    subject     TEXT,
    -- JSON. Never a person's data: it outlives an erasure.
    detail      TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_connection ON event (connection, id);
CREATE INDEX event_of_dead_letter ON event (connection, subject) WHERE code = 'event.dead-letter';

CREATE TRIGGER event_is_never_rewritten BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'the event list only grows'); END;

-- A purge takes the connection first, and its events after it.
CREATE TRIGGER event_is_never_taken_back BEFORE DELETE ON event WHEN EXISTS (SELECT 1 FROM connection WHERE id = OLD.connection)
BEGIN SELECT RAISE(ABORT, 'the event list only grows'); END;

-- Connections that had a grant and were purged: their number and their tag are never given to another.
CREATE TABLE former_connection (
    id          INTEGER PRIMARY KEY,
    tag         TEXT NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER connection_is_remembered AFTER DELETE ON connection WHEN OLD.account IS NOT NULL
BEGIN INSERT INTO former_connection (id, tag) VALUES (OLD.id, OLD.tag); END;

-- An insert that this leaves out is tried again with another tag.
CREATE TRIGGER tag_is_never_given_twice BEFORE INSERT ON connection WHEN EXISTS (SELECT 1 FROM former_connection WHERE tag = NEW.tag)
BEGIN SELECT RAISE(IGNORE); END;

-- How often a kept delivery was tried, and why that came to nothing the last time. At the end its outcome is `dead`: a person looks.
ALTER TABLE delivery ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN failure TEXT;
CREATE INDEX delivery_by_outcome ON delivery (connection, outcome) WHERE outcome IN ('kept', 'dead');

-- When copies of this file were made. A copy knows of itself.
CREATE TABLE backup (
    at          INTEGER NOT NULL
) STRICT;

-- When this file came back from a copy, and when that was made: between the two, orders may have gone out that it knows nothing of.
CREATE TABLE restored (
    at          INTEGER NOT NULL,
    made        INTEGER
) STRICT;
