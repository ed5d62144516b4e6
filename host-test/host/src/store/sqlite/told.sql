-- What people are told, apart from what the work stands on.

-- When the last pull of the whole stream came to its end. The mark from which the next one begins is another time: it may reach further back.
ALTER TABLE stream ADD COLUMN succeeded INTEGER;
UPDATE stream SET succeeded = (SELECT max(ended) FROM run WHERE run.connection = stream.connection AND run.entity = stream.entity
    AND run.state = 'done' AND run.scope NOT LIKE '{"Only"%' AND run.scope NOT LIKE '{"Made"%');
INSERT INTO stream (connection, entity, succeeded)
    SELECT connection, 'order', max(at) FROM event WHERE code = 'event.order-ended' AND json_extract(detail, '$.remote') IS NOT NULL
      AND EXISTS (SELECT 1 FROM connection WHERE connection.id = event.connection) GROUP BY connection
    ON CONFLICT DO UPDATE SET succeeded = excluded.succeeded;
-- Records that a pull has read, also where the other side counts pages.
ALTER TABLE run ADD COLUMN records INTEGER NOT NULL DEFAULT 0;
-- Who pressed the button that began a pull.
ALTER TABLE run ADD COLUMN operator TEXT;
-- What a notice is about, so that it goes with its cause: `connection`, `webhooks`, `orders`, a stream's entity, or `entity/id` of a record.
ALTER TABLE notice ADD COLUMN about TEXT NOT NULL DEFAULT '';
CREATE INDEX notice_by_about ON notice (connection, about);

-- Webhooks as the other side last called them: right and wrong probes and deliveries.
CREATE TABLE webhook_health (
    connection  INTEGER PRIMARY KEY REFERENCES connection ON DELETE CASCADE,
    -- The last call with the right proof.
    proven      INTEGER,
    -- The last call with a wrong one.
    refused     INTEGER,
    -- The last right probe, and whether it told which events are ticked (`connection.events`).
    probed      INTEGER
) STRICT;

-- When an event came last.
CREATE TABLE webhook_arrival (
    connection  INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,
    event       TEXT NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (connection, event)
) STRICT, WITHOUT ROWID;
INSERT INTO webhook_arrival (connection, event, at)
    SELECT connection, event, max(received) FROM delivery WHERE event IS NOT NULL GROUP BY connection, event;
