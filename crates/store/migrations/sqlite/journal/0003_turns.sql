-- Which turn a call belongs to, as a fingerprint, and which tools its response called, as
-- text of src/journal/tools.rs.
ALTER TABLE observation ADD COLUMN turn INTEGER;
ALTER TABLE observation ADD COLUMN tools TEXT;
ALTER TABLE call ADD COLUMN turn INTEGER;
ALTER TABLE call ADD COLUMN tools TEXT;
