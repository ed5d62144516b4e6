-- How much a run has read, so that a list which never ends is left.

-- Records of its pages; a page without any counts as a full one.
ALTER TABLE run ADD COLUMN read INTEGER NOT NULL DEFAULT 0;
