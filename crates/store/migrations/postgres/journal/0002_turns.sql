-- Which turn a call belongs to, as a fingerprint, and which tools its response called, as
-- text of src/journal/tools.rs.
ALTER TABLE journal.observation ADD COLUMN turn BIGINT;
ALTER TABLE journal.observation ADD COLUMN tools TEXT COLLATE "C";
ALTER TABLE journal.call ADD COLUMN turn BIGINT;
ALTER TABLE journal.call ADD COLUMN tools TEXT COLLATE "C";
