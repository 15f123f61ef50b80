-- The journal: what was observed, the calls that it makes, and their sums.
-- Enumerations are small integers; src/journal/code.rs says which is which.

-- Log files, and how far each was read.
CREATE TABLE source (
    id          INTEGER PRIMARY KEY,
    tool        TEXT NOT NULL,
    shape       TEXT NOT NULL,
    path        BLOB NOT NULL UNIQUE,
    device      INTEGER NOT NULL,
    inode       INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    offset      INTEGER NOT NULL,
    head        INTEGER NOT NULL,
    tail        INTEGER NOT NULL
) STRICT;

-- What the reader of a file must know to go on. Apart, because every command
-- looks at all sources and at hardly any of these.
CREATE TABLE reader (
    source INTEGER PRIMARY KEY,
    state  TEXT NOT NULL
) STRICT;

-- Where calls were made: one row for all calls of a session in the same folder,
-- on the same branch, under the same command and skill.
CREATE TABLE place (
    id      INTEGER PRIMARY KEY,
    tool    TEXT NOT NULL,
    session TEXT NOT NULL,
    thread  INTEGER NOT NULL,
    folder  TEXT,
    branch  TEXT,
    remote  TEXT,
    command TEXT,
    skill   TEXT
) STRICT;

-- What was asked of a provider.
CREATE TABLE service (
    id       INTEGER PRIMARY KEY,
    model    TEXT NOT NULL,
    provider TEXT,
    tier     TEXT NOT NULL,
    speed    TEXT NOT NULL,
    geo      TEXT NOT NULL
) STRICT;

-- Price books and contracts that calls were priced with.
CREATE TABLE prices (
    id     INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE
) STRICT;

-- Calls: each counted once. `figures_*` tell which observation the counts are
-- from, `owner_*` which one the place is from: both are needed to join another.
CREATE TABLE call (
    key             TEXT PRIMARY KEY,
    request         TEXT,
    at              INTEGER NOT NULL,
    place           INTEGER NOT NULL,
    service         INTEGER NOT NULL,
    confidence      INTEGER NOT NULL,
    input           INTEGER NOT NULL,
    output          INTEGER NOT NULL,
    cache_read      INTEGER NOT NULL,
    cache_write_5m  INTEGER NOT NULL,
    cache_write_1h  INTEGER NOT NULL,
    reasoning       INTEGER NOT NULL,
    web_searches    INTEGER NOT NULL,
    reported_nano   INTEGER,
    figures_lineage INTEGER NOT NULL,
    figures_at      INTEGER NOT NULL,
    source          INTEGER NOT NULL,
    offset          INTEGER NOT NULL,
    owner_lineage   INTEGER NOT NULL,
    owner_at        INTEGER NOT NULL,
    prices          INTEGER NOT NULL,
    list_nano       INTEGER,
    cost_nano       INTEGER,
    unpriced        INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX call_by_place ON call (place);

-- Sums of calls by quarter of an hour: what reports read. Kept in the transaction
-- that stores the calls.
CREATE TABLE cell (
    quarter        INTEGER NOT NULL,
    place          INTEGER NOT NULL,
    service        INTEGER NOT NULL,
    confidence     INTEGER NOT NULL,
    calls          INTEGER NOT NULL,
    unpriced_calls INTEGER NOT NULL,
    input          INTEGER NOT NULL,
    output         INTEGER NOT NULL,
    cache_read     INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    reasoning      INTEGER NOT NULL,
    web_searches   INTEGER NOT NULL,
    list_nano      INTEGER NOT NULL,
    cost_nano      INTEGER NOT NULL,
    PRIMARY KEY (quarter, place, service, confidence)
) STRICT, WITHOUT ROWID;

-- What a file says of a session.
CREATE TABLE tally (
    source              INTEGER NOT NULL,
    session             TEXT NOT NULL,
    tool                TEXT NOT NULL,
    first_at            INTEGER NOT NULL,
    last_at             INTEGER NOT NULL,
    turns               INTEGER NOT NULL,
    active_ms           INTEGER NOT NULL,
    tool_calls          INTEGER NOT NULL,
    failed_steps        INTEGER NOT NULL,
    longest_failing_run INTEGER NOT NULL,
    compactions         INTEGER NOT NULL,
    first_context       INTEGER NOT NULL,
    peak_context        INTEGER NOT NULL,
    PRIMARY KEY (source, session)
) STRICT, WITHOUT ROWID;

CREATE INDEX tally_by_session ON tally (session);

-- What could not be read of a file.
CREATE TABLE problem (
    source       INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    count        INTEGER NOT NULL,
    first_offset INTEGER NOT NULL,
    PRIMARY KEY (source, kind)
) STRICT, WITHOUT ROWID;

-- Pull requests that sessions opened or named, each on the branch where it was
-- first named: a session that is resumed names them again, wherever it is by then.
CREATE TABLE pull_request (
    session   TEXT NOT NULL,
    url       TEXT NOT NULL,
    branch    TEXT NOT NULL,
    branch_at INTEGER NOT NULL,
    tool      TEXT NOT NULL,
    number    INTEGER NOT NULL,
    first_at  INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    PRIMARY KEY (session, url)
) STRICT, WITHOUT ROWID;

-- What git said of working folders, kept because folders go away. `facts` is
-- text of the attribution crate's own.
CREATE TABLE folder (
    path         TEXT PRIMARY KEY,
    looked_up_at INTEGER NOT NULL,
    facts        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What people say of sessions; empty where it was taken back.
CREATE TABLE tag (
    session TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (session, key)
) STRICT, WITHOUT ROWID;

-- What hooks of tools noted. The identity is in hexadecimal digits.
CREATE TABLE activity (
    identity TEXT PRIMARY KEY,
    at       INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    amount   INTEGER NOT NULL,
    subject  TEXT,
    tool     TEXT,
    session  TEXT
) STRICT, WITHOUT ROWID;

-- The server that this machine reports to: one row, or none.
CREATE TABLE reporting (
    server TEXT NOT NULL
) STRICT;

-- What the server was not told yet. Kept in the transaction that changes it; `change`
-- counts how often it changed since, so that only what was sent is taken out.
CREATE TABLE outbox (
    about  INTEGER NOT NULL,
    key    TEXT NOT NULL,
    change INTEGER NOT NULL,
    PRIMARY KEY (about, key)
) STRICT, WITHOUT ROWID;

-- What the server refused.
CREATE TABLE parked (
    about INTEGER NOT NULL,
    key   TEXT NOT NULL,
    at    INTEGER NOT NULL,
    why   TEXT NOT NULL,
    PRIMARY KEY (about, key)
) STRICT, WITHOUT ROWID;
