-- Which rows were not written here, but taken out of a backup, and when.
ALTER TABLE audit ADD COLUMN restored_at INTEGER;
