-- Which turn a call belongs to, as a fingerprint, and which tools its response called, as
-- text of src/journal/tools.rs.
ALTER TABLE call ADD COLUMN turn INTEGER;
ALTER TABLE call ADD COLUMN tools TEXT;

-- The logs that are still there say both of calls that are known: they are read once more.
UPDATE source SET size = 0, modified_ns = 0, offset = 0, head = 0, tail = 0;
DELETE FROM reader;
