-- What is known of orders that are not settled yet, and of those that staff changed at the other side.

-- It was at the other side and is there no longer.
ALTER TABLE order_push ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
-- When a create of it was first refused because an order of that own id exists.
ALTER TABLE order_push ADD COLUMN refused_as_existing INTEGER;
-- It waits for a sweep of orders by the time of their making that begins then or later.
ALTER TABLE order_push ADD COLUMN sweep_from INTEGER;
-- When the latest whole sweeps began that covered it and did not show it, oldest first: a JSON list.
ALTER TABLE order_push ADD COLUMN swept TEXT NOT NULL DEFAULT '[]';
-- When its own id was last told by the other side, read or not.
ALTER TABLE order_push ADD COLUMN told_at INTEGER;
-- When a read last showed it; and since when reads of it have shown nothing.
ALTER TABLE order_push ADD COLUMN read_at INTEGER;
ALTER TABLE order_push ADD COLUMN absent_since INTEGER;
-- When a read first showed it called off: alive again later, staff revived it.
ALTER TABLE order_push ADD COLUMN called_off_at INTEGER;
CREATE INDEX order_push_by_sweep ON order_push (connection, sweep_from) WHERE sweep_from IS NOT NULL;

-- When a change of status was sent and answered for this event, oldest first: a JSON list.
ALTER TABLE outbox ADD COLUMN status_sent TEXT NOT NULL DEFAULT '[]';
-- Tries of it that came to no end: when the last one was, how long they have gone on while the other side answered, and what a person is told.
ALTER TABLE outbox ADD COLUMN tried_at INTEGER;
ALTER TABLE outbox ADD COLUMN tried_for INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN worry TEXT;
CREATE INDEX outbox_by_worry ON outbox (connection) WHERE worry IS NOT NULL;
