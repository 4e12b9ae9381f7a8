-- What persons did, and what the gateway did in their place: only ever added to. Whatever stands
-- proposed, paused or allowed is the latest deed about its subject, so nothing here is ever changed.

CREATE TABLE deeds (
    place   INTEGER NOT NULL PRIMARY KEY,
    subject TEXT NOT NULL,
    at_ms   BIGINT NOT NULL,
    body    TEXT NOT NULL
);
CREATE INDEX deeds_subject ON deeds (subject, place);

CREATE TRIGGER deeds_refuse_update BEFORE UPDATE ON deeds BEGIN SELECT RAISE(ABORT, 'deeds are append-only'); END;
CREATE TRIGGER deeds_refuse_delete BEFORE DELETE ON deeds BEGIN SELECT RAISE(ABORT, 'deeds are append-only'); END;
