-- Where something happened that a hook noted.
ALTER TABLE activity ADD COLUMN folder TEXT;
ALTER TABLE activity ADD COLUMN branch TEXT;
