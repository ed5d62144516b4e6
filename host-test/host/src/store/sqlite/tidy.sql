-- What keeps long lives short: marks that say what they cover, and lists that end.

-- The newest run that was there when the stream began to be kept updated: it, and those before it, kept out what the stream now has to bring in.
ALTER TABLE stream ADD COLUMN kept_out_until INTEGER NOT NULL DEFAULT 0;
