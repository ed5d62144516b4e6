-- What keeps long lives short: marks that say what they cover, and lists that end.

-- The newest run that was there when the stream began to be kept updated: it, and those before it, kept out what the stream now has to bring in.
ALTER TABLE stream ADD COLUMN kept_out_until INTEGER NOT NULL DEFAULT 0;

-- The newest of a connection, and those that are old enough to go.
CREATE INDEX delivery_by_time ON delivery (connection, received);

-- Whether a stream is under way is asked before each run; those that ended must not be looked at for that.
CREATE INDEX run_under_way ON run (connection, entity) WHERE state IN ('waiting', 'running');
