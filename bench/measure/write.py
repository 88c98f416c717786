"""Searching while entries are written, one at a time."""

from measure import report
from measure.report import Times
from measure.search import OURS, QUESTIONS
from measure.server import literal

# A search in a fresh transaction, the same after one entry was written in it; then all is undone, so that
# every round starts from the same index.
ROUNDS = """
CREATE PROCEDURE pg_temp.rounds(statement text, rounds integer, INOUT warm float8[] DEFAULT '{}', INOUT written float8[] DEFAULT '{}')
LANGUAGE plpgsql AS $$
DECLARE
    questions text[] := %s; question text; started timestamptz; edit integer := 0;
BEGIN
    FOREACH question IN ARRAY questions LOOP
        EXECUTE statement USING question;
        FOR round IN 1 .. rounds LOOP
            ROLLBACK;
            started := clock_timestamp();
            EXECUTE statement USING question;
            warm := warm || extract(epoch FROM clock_timestamp() - started)::float8;
            edit := edit %% 500 + 1;
            PERFORM FROM edits e, flowai.catalog_put(jsonb_build_array(e.entry)) WHERE e.n = edit;
            started := clock_timestamp();
            EXECUTE statement USING question;
            written := written || extract(epoch FROM clock_timestamp() - started)::float8;
        END LOOP;
    END LOOP;
    ROLLBACK;
END $$;
"""


def measure(server, corpus):
    """Prints what writes do to searches."""
    report.heading("write: one entry at a time into 100,000, and searches beside it")
    warm, written = server.rows(ROUNDS % QUESTIONS + f"CALL pg_temp.rounds({literal(OURS)}, 5);", corpus)[0]
    times = [Times(float(seconds) * 1e6 for seconds in samples.strip("{}").split(",")) for samples in (written, warm)]
    report.slower("search right after a write in the transaction / warm", "at most 3", *times)

    before, = server.turns([OURS], QUESTIONS, 5, corpus)
    edit = "\\set n :n + 1\nSELECT p.version FROM edits e, flowai.catalog_put(jsonb_build_array(e.entry)) p WHERE e.n = :n"
    writes = server.pgbench(edit, corpus, transactions=500, definitions={"n": 0})
    after, = server.turns([OURS], QUESTIONS, 5, corpus)
    report.slower("search after 500 writes, a transaction each / before", "at most 2", after, before,
                  f"; a write took {report.spread(writes.times)}")
