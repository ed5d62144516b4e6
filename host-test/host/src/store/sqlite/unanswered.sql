-- When a change of status was last sent for this event and its outcome stayed unknown.
ALTER TABLE outbox ADD COLUMN status_unanswered INTEGER;
