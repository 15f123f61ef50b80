-- Which turn a call belongs to, as a fingerprint, and which tools its response called, as
-- text of src/journal/tools.rs.
ALTER TABLE call ADD COLUMN turn INTEGER;
ALTER TABLE call ADD COLUMN tools TEXT;

-- The logs that are still there say both of calls that are known: they are read once more, from
-- their beginning, as no file was written at that moment.
UPDATE source SET modified_ns = 0, offset = 0, head = 0, tail = 0;
DELETE FROM reader;
