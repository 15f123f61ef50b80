-- The ledger of budgets: one row for each row of it. `body` is its JSON; `due` is the last
-- moment at which nothing is to be done about it.
CREATE TABLE ledger (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    due  INTEGER,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_due ON ledger (due) WHERE due IS NOT NULL;

-- Periods of budgets that nothing can change any more.
CREATE TABLE ledger_past (
    scope  TEXT NOT NULL,
    period TEXT NOT NULL,
    start  INTEGER NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (scope, period, start)
) STRICT, WITHOUT ROWID;

-- Another text after each transaction that changed the ledger. One row. Whoever has the
-- ledger in memory sees by it whether somebody else changed it since.
CREATE TABLE ledger_stamp (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    stamp TEXT NOT NULL
) STRICT;
INSERT INTO ledger_stamp (one, stamp) VALUES (1, '');
