-- Everything the gateway keeps: TEXT, BIGINT, INTEGER and BYTEA only (SQLite keeps a BYTEA column as
-- the bytes it was given), times in UTC milliseconds, money in minor units. Columns named `sealed…`
-- hold ciphertext. The unique indexes and checks are backstops: admission already excludes what they
-- refuse. Rows lie in the order of time, so that a batch touches few pages however much there is:
-- no table of orders has a random key (docs/decisions/0024). Words that a column may hold are joined by OR:
-- a list behind IN would be built anew for every row, as a table of its own (docs/decisions/0079).

CREATE TABLE meta (
    key  TEXT NOT NULL PRIMARY KEY,
    body BYTEA NOT NULL
);

-- One row an order: what is searched for or guarded, and what comes next. The order itself is what its
-- history makes of it (docs/decisions/0077).
CREATE TABLE orders (
    id                INTEGER NOT NULL PRIMARY KEY,
    version           BIGINT NOT NULL,
    shop_id           BIGINT NOT NULL,
    shop_order_no     TEXT NOT NULL,
    finished_at_ms    BIGINT,
    next_action_at_ms BIGINT,
    held_minor        BIGINT NOT NULL,
    captured_minor    BIGINT,
    released_minor    BIGINT,
    next_step         TEXT,
    sealed_inputs     BYTEA,
    link              BYTEA NOT NULL,
    lease_owner       TEXT,
    lease_epoch       BIGINT NOT NULL DEFAULT 0,
    lease_until_ms    BIGINT,
    UNIQUE (shop_id, shop_order_no),
    -- A hold ends in exactly one settlement, together with the verdict, and nothing of it is lost (I4).
    -- A second settlement is added to the first, and so is more than the hold.
    CHECK ((captured_minor IS NULL) = (finished_at_ms IS NULL)),
    CHECK ((released_minor IS NULL) = (finished_at_ms IS NULL)),
    CHECK (captured_minor IS NULL OR captured_minor + released_minor = held_minor),
    CHECK ((next_step IS NULL) = (next_action_at_ms IS NULL))
);
CREATE INDEX orders_schedule ON orders (next_action_at_ms, id, finished_at_ms) WHERE next_action_at_ms IS NOT NULL;
-- Open orders that nothing is scheduled for: normally empty (I17).
CREATE INDEX orders_unscheduled ON orders (id) WHERE finished_at_ms IS NULL AND next_action_at_ms IS NULL;

-- Finds orders by what a buyer entered, without keeping it in the clear: one row a batch, in it 16
-- bytes an input (order id, then the start of the keyed hash). Searched from end to end (0026).
CREATE TABLE order_inputs (
    place  INTEGER NOT NULL PRIMARY KEY,
    hashes BYTEA NOT NULL
);

-- One row a commit, with all of it that is only ever added: what happened (a JSON array of events,
-- the first of them number `number`), what it moved (JSON, told apart by the view `entries`), on what it
-- rests (JSON, told apart by the view `evidence`), and in one sealed piece what may not lie readable: the
-- bodies of that evidence, what was handed over, what shops are told. (order_id, number) is the last backstop
-- against a stale decision. `link` is the hash of the row and of the link before it (docs/decisions/0052);
-- the order's row has the last one.
CREATE TABLE history (
    order_id          BIGINT NOT NULL,
    number            BIGINT NOT NULL,
    at_ms             BIGINT NOT NULL,
    form_version      INTEGER NOT NULL,
    events            TEXT NOT NULL,
    postings          TEXT,
    evidence          TEXT,
    sealed            BYTEA,
    link              BYTEA NOT NULL,
    UNIQUE (order_id, number)
);

-- Orders for people to look at. What is read out of the history here is no column of the tables: even a
-- generated column is computed at each write.
CREATE VIEW order_list AS
    SELECT o.id, o.version, o.shop_id, o.shop_order_no,
           CASE WHEN o.finished_at_ms IS NULL THEN 'processing' ELSE
               (SELECT substr(e.value ->> '$.type', 7) FROM history AS h JOIN json_each(h.events) AS e WHERE h.order_id = o.id AND
                e.value ->> '$.type' IN ('order_succeeded', 'order_partially_succeeded', 'order_failed', 'order_cancelled')) END AS status,
           accepted.events ->> '$[0].terms.sku' AS sku, accepted.events ->> '$[0].terms.price.currency' AS currency,
           o.held_minor, o.captured_minor, o.released_minor,
           accepted.at_ms AS accepted_at_ms, accepted.events ->> '$[0].terms.deadline_ms' AS deadline_ms, o.finished_at_ms,
           o.next_action_at_ms, o.next_step ->> '$.step' AS next_step
    FROM orders AS o LEFT JOIN history AS accepted ON accepted.order_id = o.id AND accepted.number = 1;

-- An attempt's number is made of its order and its sequence, so the primary key also makes it unique
-- for ever, whichever the supplier (R4).
CREATE TABLE attempts (
    order_id     BIGINT NOT NULL,
    seq          INTEGER NOT NULL CHECK (seq BETWEEN 1 AND 99),
    supplier     TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state = 'sent' OR state = 'accepted' OR state = 'unknown' OR state = 'won' OR
                                      state = 'dead' OR state = 'excess' OR state = 'late'),
    cost_minor   BIGINT NOT NULL,
    opened_at_ms BIGINT NOT NULL,
    supplier_ref TEXT,
    PRIMARY KEY (order_id, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX attempts_one_open ON attempts (order_id) WHERE state = 'sent' OR state = 'accepted' OR state = 'unknown';
CREATE UNIQUE INDEX attempts_one_won ON attempts (order_id) WHERE state = 'won';

CREATE VIEW attempt_list AS
    SELECT a.*, order_id || substr('0' || seq, -2) AS attempt_id FROM attempts AS a;

-- The stamps of an attempt's later transmissions; that of the first is the attempt's own row.
CREATE TABLE resubmissions (
    order_id      BIGINT NOT NULL,
    seq           INTEGER NOT NULL,
    n             INTEGER NOT NULL CHECK (n > 1),
    stamped_at_ms BIGINT NOT NULL,
    PRIMARY KEY (order_id, seq, n)
) WITHOUT ROWID;

-- Each stamp; what became of it is in the order's events.
CREATE VIEW transmissions AS
    SELECT order_id, seq, 1 AS n, opened_at_ms AS stamped_at_ms FROM attempts
    UNION ALL SELECT order_id, seq, n, stamped_at_ms FROM resubmissions;

-- Postings that no decision about an order made: money from and to outside.
CREATE TABLE postings (
    key      TEXT NOT NULL PRIMARY KEY,
    at_ms    BIGINT NOT NULL,
    posting  TEXT NOT NULL
) WITHOUT ROWID;

-- Every entry ever booked, told apart. Slow: for people and for the replay of the books.
CREATE VIEW entries AS
    WITH booked AS (
        SELECT h.at_ms AS at_ms, p.value AS posting FROM history AS h JOIN json_each(h.postings) AS p
        UNION ALL SELECT at_ms, posting FROM postings
    )
    SELECT posting ->> '$.key' AS posting_key, CAST(posting ->> '$.order' AS BIGINT) AS order_id, posting ->> '$.currency' AS currency,
           at_ms, e.key + 1 AS n, e.value ->> 0 AS account, e.value ->> 1 AS amount_minor
    FROM booked JOIN json_each(posting, '$.entries') AS e;

-- The sum of each account's entries, kept in the same transaction as the entries (I5).
CREATE TABLE accounts (
    account       TEXT NOT NULL,
    currency      TEXT NOT NULL,
    balance_minor BIGINT NOT NULL,
    PRIMARY KEY (account, currency)
) WITHOUT ROWID;

-- What suppliers said about no order of ours.
CREATE TABLE stray_evidence (
    at_ms       BIGINT NOT NULL,
    id          TEXT NOT NULL,
    supplier    TEXT NOT NULL,
    via         TEXT NOT NULL,
    http_status INTEGER,
    body_sha256 TEXT NOT NULL,
    sealed      BYTEA NOT NULL,
    PRIMARY KEY (at_ms, id)
);

-- All that suppliers said, without the words: for people.
CREATE VIEW evidence AS
    SELECT h.order_id, e.value ->> '$.id' AS id, e.value ->> '$.seq' AS seq, e.value ->> '$.supplier' AS supplier,
           e.value ->> '$.via' AS via, e.value ->> '$.http_status' AS http_status, e.value ->> '$.body_sha256' AS body_sha256,
           CAST(e.value ->> '$.at_ms' AS BIGINT) AS at_ms
    FROM history AS h JOIN json_each(h.evidence) AS e
    UNION ALL SELECT NULL, id, NULL, supplier, via, http_status, body_sha256, at_ms FROM stray_evidence;

-- `evt_{order_id}_{number}` is what the shop sees as the event's id. What it is told never changes and lies
-- in the history, in the row numbered `history_number`; this one is written again at each try. The latest try
-- has columns of its own; earlier ones, if any, are kept in `earlier_tries` as [try, at_ms, result].
CREATE TABLE callbacks (
    order_id       BIGINT NOT NULL,
    number         BIGINT NOT NULL,
    history_number BIGINT NOT NULL,
    shop_id        BIGINT NOT NULL,
    url            TEXT NOT NULL,
    created_at_ms  BIGINT NOT NULL,
    state          TEXT NOT NULL CHECK (state = 'due' OR state = 'delivered' OR state = 'parked'),
    due_at_ms      BIGINT,
    tries          BIGINT NOT NULL,
    tried_at_ms    BIGINT,
    last_result    TEXT,
    earlier_tries  TEXT,
    PRIMARY KEY (order_id, number),
    CHECK ((state = 'due') = (due_at_ms IS NOT NULL))
) WITHOUT ROWID;
CREATE INDEX callbacks_due ON callbacks (due_at_ms, order_id, number) WHERE state = 'due';
CREATE INDEX callbacks_parked ON callbacks (order_id, number) WHERE state = 'parked';

-- Callbacks with the sealed piece in which their payload lies.
CREATE VIEW outbox AS
    SELECT c.*, h.sealed FROM callbacks AS c LEFT JOIN history AS h ON h.order_id = c.order_id AND h.number = c.history_number;

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
