-- Streams that are asked for by themselves, orders whose end is not known yet, and where an order stands at Nobi.

CREATE TABLE schedule (
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    -- Empty: what is polled of the connection has to be worked out anew.
    entity      TEXT NOT NULL,
    -- Absent where the connector supports no way to poll it.
    due         INTEGER,
    way         TEXT NOT NULL DEFAULT 'changes' CHECK (way IN ('changes', 'whole', 'never')),
    -- The grant under which that was found out.
    generation  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (connection, entity)
) STRICT, WITHOUT ROWID;
CREATE INDEX schedule_by_due ON schedule (due);

-- What the plans were worked out by: with other connectors or intervals they are worked out anew.
CREATE TABLE planned_by (
    id          INTEGER PRIMARY KEY CHECK (id = 0),
    rules       TEXT NOT NULL
) STRICT;

-- Its end at the other side is not known yet.
ALTER TABLE order_push ADD COLUMN open INTEGER NOT NULL DEFAULT 1;
UPDATE order_push SET open = 0 WHERE EXISTS (
    SELECT 1 FROM nobi_order JOIN connection ON connection.tenant = nobi_order.tenant
    WHERE connection.id = order_push.connection AND nobi_order.id = order_push.order_id
      AND json_extract(nobi_order.remote_status, '$.stage') IN ('Delivered', 'Cancelled', 'PartlyReturned', 'Returned'));
CREATE INDEX order_push_by_open ON order_push (connection, first_sent) WHERE open = 1;

-- Its place on the contract's ladder, as Nobi has it.
ALTER TABLE nobi_order ADD COLUMN stage TEXT NOT NULL DEFAULT 'new';

-- Written and read to see whether that can be done.
CREATE TABLE pulse (
    id          INTEGER PRIMARY KEY CHECK (id = 0),
    at          INTEGER NOT NULL
) STRICT;
