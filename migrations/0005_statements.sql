-- Suppliers' statements as they were read last: what each says of the numbers that are ours. The witness
-- from outside for the auditor. A number that was never ours is not kept: it may be anything.

CREATE TABLE statements (
    key        TEXT NOT NULL PRIMARY KEY,
    supplier   TEXT NOT NULL,
    from_ms    BIGINT NOT NULL,
    until_ms   BIGINT NOT NULL,
    read_at_ms BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE statement_lines (
    order_id   BIGINT NOT NULL,
    statement  TEXT NOT NULL,
    line       BIGINT NOT NULL,
    seq        INTEGER NOT NULL,
    supplier   TEXT NOT NULL,
    said       TEXT NOT NULL CHECK (said = 'delivered' OR said = 'not_delivered' OR said = 'unlisted'),
    found      TEXT NOT NULL,
    cost_minor BIGINT,
    PRIMARY KEY (order_id, statement, line)
) WITHOUT ROWID;
CREATE INDEX statement_lines_of ON statement_lines (statement);

-- With the case that its differences became.
CREATE VIEW stated AS
    SELECT l.*, c.key IS NOT NULL AS has_case, c.key IS NOT NULL AND c.closed_at_ms IS NULL AS is_case_open
    FROM statement_lines AS l LEFT JOIN cases AS c ON c.key = 'statement_difference:' || l.statement;
