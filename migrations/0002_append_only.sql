-- History, books and stamps are only ever added to, and so is what suppliers said about no order of ours.
-- The one file of this set in SQLite's own dialect.

CREATE TRIGGER history_refuse_update BEFORE UPDATE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER history_refuse_delete BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER postings_refuse_update BEFORE UPDATE ON postings BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;
CREATE TRIGGER postings_refuse_delete BEFORE DELETE ON postings BEGIN SELECT RAISE(ABORT, 'postings are append-only'); END;
CREATE TRIGGER attempts_refuse_restamp BEFORE UPDATE OF order_id, seq, supplier, opened_at_ms ON attempts
    BEGIN SELECT RAISE(ABORT, 'stamps are append-only'); END;
CREATE TRIGGER attempts_refuse_delete BEFORE DELETE ON attempts BEGIN SELECT RAISE(ABORT, 'stamps are append-only'); END;
CREATE TRIGGER resubmissions_refuse_update BEFORE UPDATE ON resubmissions BEGIN SELECT RAISE(ABORT, 'stamps are append-only'); END;
CREATE TRIGGER resubmissions_refuse_delete BEFORE DELETE ON resubmissions BEGIN SELECT RAISE(ABORT, 'stamps are append-only'); END;
CREATE TRIGGER stray_evidence_refuse_update BEFORE UPDATE ON stray_evidence BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
CREATE TRIGGER stray_evidence_refuse_delete BEFORE DELETE ON stray_evidence BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
