-- The journal of the company's book: what was reported, as it was reported; and the
-- calls and sums that follow from it. Enumerations are small integers, see
-- src/journal/code.rs. Ids of witnesses, whereabouts and services follow from what
-- they say, see src/plan/ids.rs.

-- Who reports. first_at, last_at: when they were heard from.
CREATE TABLE witness (
    id           INTEGER PRIMARY KEY,
    source       INTEGER NOT NULL,
    reporter     TEXT NOT NULL,
    developer    TEXT,
    claimed      TEXT,
    first_at     INTEGER NOT NULL,
    last_at      INTEGER NOT NULL,
    observations INTEGER NOT NULL,
    activities   INTEGER NOT NULL
) STRICT;

-- Where calls were made, and by whom; and the sites of the sums by day, which are
-- whereabouts of which less is said.
CREATE TABLE whereabouts (
    id        INTEGER PRIMARY KEY,
    tool      TEXT NOT NULL,
    session   TEXT NOT NULL,
    thread    INTEGER NOT NULL,
    folder    TEXT,
    branch    TEXT,
    remote    TEXT,
    command   TEXT,
    skill     TEXT,
    developer TEXT,
    claimed   TEXT
) STRICT;

CREATE INDEX whereabouts_by_session ON whereabouts (session);

-- What was asked of a provider.
CREATE TABLE service (
    id       INTEGER PRIMARY KEY,
    model    TEXT NOT NULL,
    provider TEXT,
    tier     TEXT NOT NULL,
    speed    TEXT NOT NULL,
    geo      TEXT NOT NULL
) STRICT;

-- What was said of calls. Nothing here is ever changed: the rest of the file can be
-- made from it. The hashes are of the names by which observations find each other.
CREATE TABLE observation (
    number          INTEGER PRIMARY KEY,
    key             TEXT NOT NULL,
    naming          INTEGER NOT NULL,
    request         TEXT,
    key_hash        INTEGER NOT NULL,
    request_hash    INTEGER,
    tokens_hash     INTEGER,
    at              INTEGER NOT NULL,
    received_at     INTEGER NOT NULL,
    witness         INTEGER NOT NULL,
    whereabouts     INTEGER NOT NULL,
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
    owner_lineage   INTEGER NOT NULL,
    owner_at        INTEGER NOT NULL,
    file            INTEGER NOT NULL,
    offset          INTEGER NOT NULL
) STRICT;

CREATE INDEX observation_by_key ON observation (key_hash);
CREATE INDEX observation_by_request ON observation (request_hash) WHERE request_hash IS NOT NULL;
CREATE INDEX observation_by_tokens ON observation (tokens_hash, at) WHERE tokens_hash IS NOT NULL;

-- Price books and contracts that calls were priced with.
CREATE TABLE prices (
    id     INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE
) STRICT;

-- Calls: each counted once. Ids are in the order of time.
CREATE TABLE call (
    id             BLOB PRIMARY KEY,
    key            TEXT NOT NULL,
    at             INTEGER NOT NULL,
    whereabouts    INTEGER NOT NULL,
    service        INTEGER NOT NULL,
    confidence     INTEGER NOT NULL,
    seen           INTEGER NOT NULL,
    matching       INTEGER NOT NULL,
    input          INTEGER NOT NULL,
    output         INTEGER NOT NULL,
    cache_read     INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    reasoning      INTEGER NOT NULL,
    web_searches   INTEGER NOT NULL,
    reported_nano  INTEGER,
    prices         INTEGER NOT NULL,
    list_nano      INTEGER,
    cost_nano      INTEGER,
    unpriced       INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX call_by_whereabouts ON call (whereabouts);

-- Sums of calls by quarter of an hour.
CREATE TABLE cell (
    period         INTEGER NOT NULL,
    whereabouts    INTEGER NOT NULL,
    service        INTEGER NOT NULL,
    confidence     INTEGER NOT NULL,
    seen           INTEGER NOT NULL,
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
    PRIMARY KEY (period, whereabouts, service, confidence, seen)
) STRICT, WITHOUT ROWID;

-- Sums of calls by day of the organisation's time zone and site.
CREATE TABLE day_cell (
    period         INTEGER NOT NULL,
    whereabouts    INTEGER NOT NULL,
    service        INTEGER NOT NULL,
    confidence     INTEGER NOT NULL,
    seen           INTEGER NOT NULL,
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
    PRIMARY KEY (period, whereabouts, service, confidence, seen)
) STRICT, WITHOUT ROWID;

-- How often the sums of a day changed: whoever remembers them looks here.
CREATE TABLE stamp (
    day     INTEGER PRIMARY KEY,
    changes INTEGER NOT NULL
) STRICT;

-- What happened beside calls.
CREATE TABLE activity (
    identity BLOB PRIMARY KEY,
    at       INTEGER NOT NULL,
    day      INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    amount   INTEGER NOT NULL,
    subject  TEXT,
    tool     TEXT,
    session  TEXT,
    witness  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX activity_by_day ON activity (day);

-- What git said of working folders, as text of the attribution crate.
CREATE TABLE folder (
    folder       TEXT PRIMARY KEY,
    looked_up_at INTEGER NOT NULL,
    facts        TEXT NOT NULL,
    reporter     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Pull requests that sessions opened or named, each on the branch where it was first
-- named.
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

-- What a reporter says of a session.
CREATE TABLE tally (
    reporter            TEXT NOT NULL,
    tool                TEXT NOT NULL,
    session             TEXT NOT NULL,
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
    PRIMARY KEY (tool, session, reporter)
) STRICT, WITHOUT ROWID;

-- What people say of sessions; an empty value takes back what was said.
CREATE TABLE tag (
    session TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (session, key)
) STRICT, WITHOUT ROWID;

-- What the file must know of itself: the time zone of its days (`zone`), and how often
-- folders, pull requests and tags changed (`surroundings`).
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
