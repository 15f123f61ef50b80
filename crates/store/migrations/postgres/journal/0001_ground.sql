-- The journal of the company's book: what was reported, as it was reported; and the
-- calls and sums that follow from it. Enumerations are small integers, see
-- src/journal/code.rs. Ids of witnesses, whereabouts and services follow from what
-- they say, see src/plan/ids.rs. Texts are compared by their bytes, as in every other
-- engine.

-- Who reports. first_at, last_at: when they were heard from.
CREATE TABLE journal.witness (
    id           BIGINT PRIMARY KEY,
    source       SMALLINT NOT NULL,
    reporter     TEXT COLLATE "C" NOT NULL,
    developer    TEXT COLLATE "C",
    claimed      TEXT COLLATE "C",
    first_at     BIGINT NOT NULL,
    last_at      BIGINT NOT NULL,
    observations BIGINT NOT NULL,
    activities   BIGINT NOT NULL
) WITH (fillfactor = 50);

-- Where calls were made, and by whom; and the sites of the sums by day, which are
-- whereabouts of which less is said.
CREATE TABLE journal.whereabouts (
    id        BIGINT PRIMARY KEY,
    tool      TEXT COLLATE "C" NOT NULL,
    session   TEXT COLLATE "C" NOT NULL,
    thread    SMALLINT NOT NULL,
    folder    TEXT COLLATE "C",
    branch    TEXT COLLATE "C",
    remote    TEXT COLLATE "C",
    command   TEXT COLLATE "C",
    skill     TEXT COLLATE "C",
    developer TEXT COLLATE "C",
    claimed   TEXT COLLATE "C"
);

-- A session's name may be longer than a tree's page allows.
CREATE INDEX whereabouts_by_session ON journal.whereabouts USING hash (session);

-- What was asked of a provider.
CREATE TABLE journal.service (
    id       BIGINT PRIMARY KEY,
    model    TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C",
    tier     TEXT COLLATE "C" NOT NULL,
    speed    TEXT COLLATE "C" NOT NULL,
    geo      TEXT COLLATE "C" NOT NULL
);

-- What was said of calls. Nothing here is ever changed: the rest of the schema can be
-- made from it. The hashes are of the names by which observations find each other.
CREATE TABLE journal.observation (
    number          BIGINT PRIMARY KEY,
    key_hash        BIGINT NOT NULL,
    request_hash    BIGINT,
    tokens_hash     BIGINT,
    at              BIGINT NOT NULL,
    received_at     BIGINT NOT NULL,
    witness         BIGINT NOT NULL,
    whereabouts     BIGINT NOT NULL,
    service         BIGINT NOT NULL,
    input           BIGINT NOT NULL,
    output          BIGINT NOT NULL,
    cache_read      BIGINT NOT NULL,
    cache_write_5m  BIGINT NOT NULL,
    cache_write_1h  BIGINT NOT NULL,
    reasoning       BIGINT NOT NULL,
    web_searches    BIGINT NOT NULL,
    reported_nano   BIGINT,
    figures_at      BIGINT NOT NULL,
    owner_at        BIGINT NOT NULL,
    file            BIGINT NOT NULL,
    file_offset     BIGINT NOT NULL,
    naming          SMALLINT NOT NULL,
    confidence      SMALLINT NOT NULL,
    figures_lineage SMALLINT NOT NULL,
    owner_lineage   SMALLINT NOT NULL,
    key             TEXT COLLATE "C" NOT NULL,
    request         TEXT COLLATE "C"
);

CREATE INDEX observation_by_key ON journal.observation (key_hash);
CREATE INDEX observation_by_request ON journal.observation (request_hash) WHERE request_hash IS NOT NULL;
CREATE INDEX observation_by_tokens ON journal.observation (tokens_hash, at) WHERE tokens_hash IS NOT NULL;

-- Price books and contracts that calls were priced with.
CREATE TABLE journal.prices (
    id     BIGINT PRIMARY KEY,
    digest TEXT COLLATE "C" NOT NULL UNIQUE
);

-- Calls: each counted once. Ids are in the order of time.
CREATE TABLE journal.call (
    id             BYTEA PRIMARY KEY,
    at             BIGINT NOT NULL,
    whereabouts    BIGINT NOT NULL,
    service        BIGINT NOT NULL,
    input          BIGINT NOT NULL,
    output         BIGINT NOT NULL,
    cache_read     BIGINT NOT NULL,
    cache_write_5m BIGINT NOT NULL,
    cache_write_1h BIGINT NOT NULL,
    reasoning      BIGINT NOT NULL,
    web_searches   BIGINT NOT NULL,
    reported_nano  BIGINT,
    prices         BIGINT NOT NULL,
    list_nano      BIGINT,
    cost_nano      BIGINT,
    confidence     SMALLINT NOT NULL,
    seen           SMALLINT NOT NULL,
    matching       SMALLINT NOT NULL,
    unpriced       SMALLINT,
    key            TEXT COLLATE "C" NOT NULL
);

CREATE INDEX call_by_whereabouts ON journal.call (whereabouts);

-- Sums of calls by quarter of an hour.
CREATE TABLE journal.cell (
    period         BIGINT NOT NULL,
    whereabouts    BIGINT NOT NULL,
    service        BIGINT NOT NULL,
    confidence     SMALLINT NOT NULL,
    seen           SMALLINT NOT NULL,
    calls          BIGINT NOT NULL,
    unpriced_calls BIGINT NOT NULL,
    input          BIGINT NOT NULL,
    output         BIGINT NOT NULL,
    cache_read     BIGINT NOT NULL,
    cache_write_5m BIGINT NOT NULL,
    cache_write_1h BIGINT NOT NULL,
    reasoning      BIGINT NOT NULL,
    web_searches   BIGINT NOT NULL,
    list_nano      BIGINT NOT NULL,
    cost_nano      BIGINT NOT NULL,
    PRIMARY KEY (period, whereabouts, service, confidence, seen)
) WITH (fillfactor = 80);

-- Sums of calls by day of the organisation's time zone and site.
CREATE TABLE journal.day_cell (
    period         BIGINT NOT NULL,
    whereabouts    BIGINT NOT NULL,
    service        BIGINT NOT NULL,
    confidence     SMALLINT NOT NULL,
    seen           SMALLINT NOT NULL,
    calls          BIGINT NOT NULL,
    unpriced_calls BIGINT NOT NULL,
    input          BIGINT NOT NULL,
    output         BIGINT NOT NULL,
    cache_read     BIGINT NOT NULL,
    cache_write_5m BIGINT NOT NULL,
    cache_write_1h BIGINT NOT NULL,
    reasoning      BIGINT NOT NULL,
    web_searches   BIGINT NOT NULL,
    list_nano      BIGINT NOT NULL,
    cost_nano      BIGINT NOT NULL,
    PRIMARY KEY (period, whereabouts, service, confidence, seen)
) WITH (fillfactor = 80);

-- How often the sums of a day changed: whoever remembers them looks here.
CREATE TABLE journal.stamp (
    day     BIGINT PRIMARY KEY,
    changes BIGINT NOT NULL
) WITH (fillfactor = 50);

-- What happened beside calls.
CREATE TABLE journal.activity (
    identity BYTEA PRIMARY KEY,
    at       BIGINT NOT NULL,
    day      BIGINT NOT NULL,
    amount   BIGINT NOT NULL,
    witness  BIGINT NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    subject  TEXT COLLATE "C",
    tool     TEXT COLLATE "C",
    session  TEXT COLLATE "C"
);

CREATE INDEX activity_by_day ON journal.activity (day);

-- What git said of working folders, as text of the attribution crate.
CREATE TABLE journal.folder (
    folder       TEXT COLLATE "C" PRIMARY KEY,
    looked_up_at BIGINT NOT NULL,
    facts        TEXT COLLATE "C" NOT NULL,
    reporter     TEXT COLLATE "C" NOT NULL
);

-- Pull requests that sessions opened or named, each on the branch where it was first
-- named.
CREATE TABLE journal.pull_request (
    session   TEXT COLLATE "C" NOT NULL,
    url       TEXT COLLATE "C" NOT NULL,
    branch    TEXT COLLATE "C" NOT NULL,
    branch_at BIGINT NOT NULL,
    tool      TEXT COLLATE "C" NOT NULL,
    number    BIGINT NOT NULL,
    first_at  BIGINT NOT NULL,
    last_at   BIGINT NOT NULL,
    PRIMARY KEY (session, url)
);

-- What a reporter says of a session.
CREATE TABLE journal.tally (
    reporter            TEXT COLLATE "C" NOT NULL,
    tool                TEXT COLLATE "C" NOT NULL,
    session             TEXT COLLATE "C" NOT NULL,
    first_at            BIGINT NOT NULL,
    last_at             BIGINT NOT NULL,
    turns               BIGINT NOT NULL,
    active_ms           BIGINT NOT NULL,
    tool_calls          BIGINT NOT NULL,
    failed_steps        BIGINT NOT NULL,
    longest_failing_run BIGINT NOT NULL,
    compactions         BIGINT NOT NULL,
    first_context       BIGINT NOT NULL,
    peak_context        BIGINT NOT NULL,
    PRIMARY KEY (tool, session, reporter)
);

-- What people say of sessions; an empty value takes back what was said.
CREATE TABLE journal.tag (
    session TEXT COLLATE "C" NOT NULL,
    key     TEXT COLLATE "C" NOT NULL,
    value   TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (session, key)
);

-- What the schema must know of itself: the time zone of its days (`zone`), and how
-- often folders, pull requests and tags changed (`surroundings`).
CREATE TABLE journal.setting (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);
