-- Which rows were not written here, but taken out of a backup, and when.
ALTER TABLE books.audit ADD COLUMN restored_at BIGINT;
