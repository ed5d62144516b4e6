-- A first grant waits for a person's word: whoever landed may have been sent here with somebody else's code.

-- What the exchange brought, as JSON; none: nobody has landed yet.
ALTER TABLE pending_login ADD COLUMN landed TEXT;
-- The secrets of its reply, sealed.
ALTER TABLE pending_login ADD COLUMN captured BLOB;
