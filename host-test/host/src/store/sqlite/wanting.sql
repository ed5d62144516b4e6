-- Orders that the other side refuses for want of something that comes back, and not for something in them. They wait, and go by themselves.
CREATE TABLE held_order (
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    order_id    TEXT NOT NULL,
    code        TEXT NOT NULL,
    -- What is wanting and where, by the other side's ids; empty and absent where the failure does not name it.
    subject     TEXT NOT NULL,
    place       TEXT,
    -- How much of it the order wants, in thousandths.
    quantity    INTEGER NOT NULL,
    -- The latest refusal, how many there were in a row, and when the first and the latest were.
    failure     TEXT NOT NULL,
    times       INTEGER NOT NULL DEFAULT 1,
    since       INTEGER NOT NULL,
    latest      INTEGER NOT NULL,
    PRIMARY KEY (connection, order_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX held_order_by_subject ON held_order (connection, code, subject, since);
