-- A connection that another one takes over from: it ends what it sent, and makes nothing new.
CREATE TABLE succession (
    connection  INTEGER PRIMARY KEY REFERENCES connection ON DELETE CASCADE,
    successor   INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX succession_by_successor ON succession (successor);
