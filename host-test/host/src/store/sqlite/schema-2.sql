-- A connection may be moved: its grant changes together with what the form said, and what was begun before it is begun anew.

-- Counts the grants. What was begun under an earlier one writes nothing any more.
ALTER TABLE connection ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
-- Since when the other side has answered with nothing but pages that no connector can read.
ALTER TABLE connection ADD COLUMN unreadable_since INTEGER;

-- What the login changes in the form once its grant is there: settings as JSON, secrets sealed.
ALTER TABLE pending_login ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
ALTER TABLE pending_login ADD COLUMN secrets BLOB;
