-- One row a day (UTC) on which the history grew: a signature over the links of all commits since the
-- day before, and over that day's row. Whoever keeps a copy elsewhere can tell a rewritten history.

CREATE TABLE days (
    day       TEXT NOT NULL PRIMARY KEY,
    until_row BIGINT NOT NULL,
    seal      TEXT NOT NULL
) WITHOUT ROWID;

CREATE TRIGGER days_refuse_update BEFORE UPDATE ON days BEGIN SELECT RAISE(ABORT, 'days are append-only'); END;
CREATE TRIGGER days_refuse_delete BEFORE DELETE ON days BEGIN SELECT RAISE(ABORT, 'days are append-only'); END;
