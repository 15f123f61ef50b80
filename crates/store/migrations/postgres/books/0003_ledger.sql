-- The ledger of budgets: one row for each row of it. `body` is its JSON; `scope` is that of
-- accounts and budgets, which are loaded by it; `due` is the last moment at which nothing is
-- to be done about the row. Rows of budgets change with every call, so there is room for
-- their next versions beside them.
CREATE TABLE books.ledger (
    kind  TEXT COLLATE "C" NOT NULL,
    key   TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C",
    due   BIGINT,
    body  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, key)
) WITH (fillfactor = 60);
CREATE INDEX ledger_scope ON books.ledger (scope) WHERE scope IS NOT NULL;
CREATE INDEX ledger_due ON books.ledger (due) WHERE due IS NOT NULL;

-- Periods of budgets that nothing can change any more.
CREATE TABLE books.ledger_past (
    scope  TEXT COLLATE "C" NOT NULL,
    period TEXT COLLATE "C" NOT NULL,
    start  BIGINT NOT NULL,
    body   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (scope, period, start)
);
