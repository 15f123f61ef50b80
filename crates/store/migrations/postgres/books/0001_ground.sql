-- The books: what people decided, and who decided it. Texts are compared by their
-- bytes, as in every other engine.

-- How many acts there were. One row, which everybody who acts locks first.
CREATE TABLE books.version (
    one    SMALLINT PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL
);
INSERT INTO books.version (one, number) VALUES (1, 0);

-- What is in force now: a team, a token, a setting. `body` is JSON of whoever
-- keeps entries of that kind.
CREATE TABLE books.entry (
    kind TEXT COLLATE "C" NOT NULL,
    id   TEXT COLLATE "C" NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, id)
);

-- Who changed what, when and why, with what stood there before and after. Rows are
-- only ever added. An act that changed no entry has one row with an empty kind.
CREATE TABLE books.audit (
    seq     BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    actor   TEXT COLLATE "C" NOT NULL,
    action  TEXT COLLATE "C" NOT NULL,
    kind    TEXT COLLATE "C" NOT NULL,
    id      TEXT COLLATE "C" NOT NULL,
    before  TEXT COLLATE "C",
    after   TEXT COLLATE "C",
    reason  TEXT COLLATE "C"
);
