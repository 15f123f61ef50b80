-- The books: what people decided, and who decided it.

-- How many acts there were. One row.
CREATE TABLE version (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL
) STRICT;
INSERT INTO version (one, number) VALUES (1, 0);

-- What is in force now: a team, a token, a setting. `body` is JSON of whoever
-- keeps entries of that kind.
CREATE TABLE entry (
    kind TEXT NOT NULL,
    id   TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- Who changed what, when and why, with what stood there before and after. Rows are
-- only ever added. An act that changed no entry has one row with an empty kind.
CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    before  TEXT,
    after   TEXT,
    reason  TEXT
) STRICT;
