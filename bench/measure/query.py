"""Model-written SQL: what validation and the read-only envelope cost."""

from measure import build, report
from measure.server import array

# EXPLAIN takes no parameter, so each text is planned as itself.
EXPLAIN = """
CREATE FUNCTION pg_temp.explain(text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    EXECUTE 'EXPLAIN ' || $1 INTO line;
    RETURN line;
END $$;
"""
HUNDRED = "SELECT c_custkey, c_name, c_mktsegment FROM public.customer WHERE c_custkey <= 100"


def measure(server):
    """Prints both."""
    report.heading("query: SQL that only reads")
    queries = [text.strip() for text in (build.HERE / "queries.sql").read_text().split(";") if text.strip()]
    refused = server.value(f"SELECT count(*) FROM unnest({array(queries)}) q, flowai.validate_query(q) v WHERE NOT v.ok", "bench")
    times = server.turns(["SELECT ok FROM flowai.validate_query($1)", "SELECT pg_temp.explain($1)"], queries, 50, "bench", prelude=EXPLAIN)
    report.slower("validate_query / EXPLAIN of the same text", "at most 0.5", *times, f"; {refused:.0f} of {len(queries)} refused")
    sides = [("SELECT flowai.execute_query($1)", [HUNDRED]), (HUNDRED, None)]
    report.rate("execute_query of 100 rows / the bare query, one client", "at most 1.3", *server.contest(sides, "bench"))
