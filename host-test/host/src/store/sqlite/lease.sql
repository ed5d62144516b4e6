-- One worker at a time works for a connection. Its lease ends by itself; whoever has it next counts the fence up, and what the one before
-- still writes under the old number is refused. A row stays when its lease ends, so that the number never comes again.

CREATE TABLE lease (
    connection  INTEGER PRIMARY KEY REFERENCES connection ON DELETE CASCADE,
    fence       INTEGER NOT NULL,
    -- Who has it, for people; absent: nobody. Two workers of one name are told apart by the fence.
    holder      TEXT,
    until       INTEGER NOT NULL,
    -- Grows with every piece of work that is handed out: whoever was served longest ago is next.
    served      INTEGER NOT NULL
) STRICT;
CREATE INDEX lease_by_until ON lease (until) WHERE holder IS NOT NULL;
CREATE INDEX lease_by_served ON lease (served);

-- The last wait before a further try, in milliseconds: the next one is drawn from it.
ALTER TABLE work ADD COLUMN waited INTEGER NOT NULL DEFAULT 0;
-- Which connections have work in a lane is asked for each piece; idle ones must not be looked at for that.
CREATE INDEX work_by_lane ON work (state, lane, connection, due, id);
DROP INDEX work_by_due;
CREATE INDEX work_by_due ON work (state, due);
