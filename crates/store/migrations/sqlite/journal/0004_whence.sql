-- Where something happened, where the source says so: a hook at a commit does.
ALTER TABLE activity ADD COLUMN folder TEXT;
ALTER TABLE activity ADD COLUMN branch TEXT;
