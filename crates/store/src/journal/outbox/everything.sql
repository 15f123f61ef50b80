-- Another server: it is told everything, and nothing that the one before was not.
DELETE FROM reporting;
DELETE FROM outbox;
DELETE FROM parked;
INSERT INTO outbox (about, key, change) SELECT 0, path, 1 FROM folder;
INSERT INTO outbox (about, key, change) SELECT 1, session || char(31) || key, 1 FROM tag;
INSERT INTO outbox (about, key, change) SELECT 2, session || char(31) || url, 1 FROM pull_request;
INSERT INTO outbox (about, key, change) SELECT DISTINCT 3, tool || char(31) || session, 1 FROM tally;
INSERT INTO outbox (about, key, change) SELECT 4, identity, 1 FROM activity;
INSERT INTO outbox (about, key, change) SELECT 5, key, 1 FROM call;
