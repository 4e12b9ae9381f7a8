-- History, books, stamps and evidence are only ever added to. The one file of this set in SQLite's own dialect.

CREATE TRIGGER history_refuse_update BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER history_refuse_delete BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER postings_refuse_update BEFORE UPDATE ON postings BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;
CREATE TRIGGER postings_refuse_delete BEFORE DELETE ON postings BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;
CREATE TRIGGER transmissions_refuse_update BEFORE UPDATE ON transmissions BEGIN SELECT RAISE(ABORT, 'stamps are append-only'); END;
CREATE TRIGGER transmissions_refuse_delete BEFORE DELETE ON transmissions BEGIN SELECT RAISE(ABORT, 'stamps are append-only'); END;
CREATE TRIGGER evidence_refuse_update BEFORE UPDATE ON evidence BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
