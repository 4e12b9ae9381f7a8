-- Everything the gateway keeps. Written for SQLite and PostgreSQL alike: TEXT, BIGINT, INTEGER and
-- BYTEA only (SQLite keeps a BYTEA column as the bytes it was given), times in UTC milliseconds,
-- money in minor units. Columns named `sealed` hold ciphertext.
-- The unique indexes and checks are backstops: admission already excludes what they refuse.

CREATE TABLE meta (
    key  TEXT NOT NULL PRIMARY KEY,
    body BYTEA NOT NULL
);

-- One row an order: its latest state, and beside it what is searched for or guarded.
CREATE TABLE orders (
    id                BIGINT NOT NULL PRIMARY KEY,
    version           BIGINT NOT NULL,
    shop_id           BIGINT NOT NULL,
    shop_order_no     TEXT NOT NULL,
    sku               TEXT NOT NULL,
    fingerprint       TEXT NOT NULL,
    status            TEXT NOT NULL,
    is_in_doubt       INTEGER NOT NULL,
    accepted_at_ms    BIGINT NOT NULL,
    deadline_ms       BIGINT NOT NULL,
    finished_at_ms    BIGINT,
    next_action_at_ms BIGINT,
    next_step         TEXT,
    currency          TEXT NOT NULL,
    held_minor        BIGINT NOT NULL,
    captured_minor    BIGINT,
    released_minor    BIGINT,
    state             TEXT NOT NULL,
    sealed_inputs     BYTEA,
    lease_owner       TEXT,
    lease_epoch       BIGINT NOT NULL DEFAULT 0,
    lease_until_ms    BIGINT,
    UNIQUE (shop_id, shop_order_no),
    -- A hold ends in exactly one settlement, together with the verdict, and nothing of it is lost (I4).
    CHECK ((captured_minor IS NULL) = (finished_at_ms IS NULL)),
    CHECK ((released_minor IS NULL) = (finished_at_ms IS NULL)),
    CHECK (captured_minor IS NULL OR captured_minor + released_minor = held_minor)
);
CREATE INDEX orders_schedule ON orders (next_action_at_ms, id, finished_at_ms) WHERE next_action_at_ms IS NOT NULL;
-- Open orders that nothing is scheduled for: normally empty (I17).
CREATE INDEX orders_unscheduled ON orders (id) WHERE finished_at_ms IS NULL AND next_action_at_ms IS NULL;

-- Finds orders by what a buyer entered, without keeping it in the clear.
CREATE TABLE order_inputs (
    input_hash TEXT NOT NULL,
    order_id   BIGINT NOT NULL REFERENCES orders (id),
    PRIMARY KEY (input_hash, order_id)
);

CREATE TABLE events (
    order_id     BIGINT NOT NULL REFERENCES orders (id),
    number       BIGINT NOT NULL,
    at_ms        BIGINT NOT NULL,
    kind         TEXT NOT NULL,
    form_version INTEGER NOT NULL,
    body         TEXT NOT NULL,
    PRIMARY KEY (order_id, number)
);

CREATE TABLE attempts (
    order_id     BIGINT NOT NULL REFERENCES orders (id),
    seq          INTEGER NOT NULL,
    supplier     TEXT NOT NULL,
    attempt_id   TEXT NOT NULL,
    settings     TEXT NOT NULL,
    code         TEXT NOT NULL,
    cost_minor   BIGINT NOT NULL,
    currency     TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('sent', 'accepted', 'unknown', 'won', 'dead', 'excess', 'late')),
    opened_at_ms BIGINT NOT NULL,
    supplier_ref TEXT,
    PRIMARY KEY (order_id, seq),
    UNIQUE (supplier, attempt_id)
);
CREATE UNIQUE INDEX attempts_one_open ON attempts (order_id) WHERE state IN ('sent', 'accepted', 'unknown');
CREATE UNIQUE INDEX attempts_one_won ON attempts (order_id) WHERE state = 'won';

CREATE TABLE transmissions (
    order_id      BIGINT NOT NULL,
    seq           INTEGER NOT NULL,
    n             INTEGER NOT NULL,
    stamped_at_ms BIGINT NOT NULL,
    fate          TEXT NOT NULL,
    PRIMARY KEY (order_id, seq, n),
    FOREIGN KEY (order_id, seq) REFERENCES attempts (order_id, seq)
);

CREATE TABLE postings (
    key      TEXT NOT NULL PRIMARY KEY,
    order_id BIGINT,
    currency TEXT NOT NULL,
    at_ms    BIGINT NOT NULL
);
CREATE INDEX postings_of_order ON postings (order_id) WHERE order_id IS NOT NULL;

CREATE TABLE entries (
    posting_key  TEXT NOT NULL REFERENCES postings (key),
    n            INTEGER NOT NULL,
    account      TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor <> 0),
    PRIMARY KEY (posting_key, n)
);

-- The sum of each account's entries, kept in the same transaction as the entries (I5).
CREATE TABLE accounts (
    account       TEXT NOT NULL,
    currency      TEXT NOT NULL,
    balance_minor BIGINT NOT NULL,
    PRIMARY KEY (account, currency)
);

CREATE TABLE deliveries (
    order_id      BIGINT NOT NULL REFERENCES orders (id),
    order_version BIGINT NOT NULL,
    seq           INTEGER NOT NULL,
    sealed        BYTEA NOT NULL,
    PRIMARY KEY (order_id, order_version, seq)
);

CREATE TABLE evidence (
    id          TEXT NOT NULL PRIMARY KEY,
    order_id    BIGINT,
    seq         INTEGER,
    supplier    TEXT NOT NULL,
    via         TEXT NOT NULL,
    http_status INTEGER,
    body_sha256 TEXT NOT NULL,
    sealed      BYTEA NOT NULL,
    at_ms       BIGINT NOT NULL
);
CREATE INDEX evidence_of_order ON evidence (order_id) WHERE order_id IS NOT NULL;

CREATE TABLE callbacks (
    id            TEXT NOT NULL PRIMARY KEY,
    order_id      BIGINT NOT NULL REFERENCES orders (id),
    order_version BIGINT NOT NULL,
    shop_id       BIGINT NOT NULL,
    url           TEXT NOT NULL,
    sealed        BYTEA NOT NULL,
    created_at_ms BIGINT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('due', 'delivered', 'parked')),
    due_at_ms     BIGINT,
    tries         BIGINT NOT NULL,
    last_result   TEXT,
    CHECK ((state = 'due') = (due_at_ms IS NOT NULL))
);
CREATE INDEX callbacks_of_order ON callbacks (order_id);
CREATE INDEX callbacks_due ON callbacks (due_at_ms, order_id, id) WHERE state = 'due';
CREATE INDEX callbacks_parked ON callbacks (id) WHERE state = 'parked';

CREATE TABLE callback_tries (
    callback_id TEXT NOT NULL,
    try         BIGINT NOT NULL,
    at_ms       BIGINT NOT NULL,
    result      TEXT NOT NULL,
    PRIMARY KEY (callback_id, try)
);

CREATE TABLE cases (
    key           TEXT NOT NULL PRIMARY KEY,
    kind          TEXT NOT NULL,
    order_id      BIGINT,
    risk_minor    BIGINT,
    risk_currency TEXT,
    opened_at_ms  BIGINT NOT NULL,
    closed_at_ms  BIGINT,
    CHECK ((risk_minor IS NULL) = (risk_currency IS NULL))
);
CREATE INDEX cases_open ON cases (opened_at_ms, key) WHERE closed_at_ms IS NULL;
CREATE INDEX cases_of_order ON cases (order_id) WHERE order_id IS NOT NULL;

CREATE TABLE shops (
    id     BIGINT NOT NULL PRIMARY KEY,
    key    TEXT NOT NULL UNIQUE,
    body   TEXT NOT NULL,
    sealed BYTEA NOT NULL
);

CREATE TABLE products (
    sku    TEXT NOT NULL PRIMARY KEY,
    sku_no BIGINT NOT NULL UNIQUE,
    body   TEXT NOT NULL
);

CREATE TABLE offers (
    supplier   TEXT NOT NULL,
    sku        TEXT NOT NULL,
    face_minor BIGINT NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (supplier, sku, face_minor)
);

CREATE TABLE supplier_settings (
    digest   TEXT NOT NULL PRIMARY KEY,
    supplier TEXT NOT NULL,
    body     TEXT NOT NULL
);
