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
RUN = """
CREATE FUNCTION pg_temp.run(text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    answer bigint;
BEGIN
    EXECUTE $1 INTO answer;
    RETURN answer;
END $$;
"""
# What people ask a warehouse for: a hundred rows that it has to work for.
HUNDRED = """SELECT c_custkey, c_name, count(*) AS orders, sum(o_totalprice) AS total
             FROM public.customer JOIN public.orders ON o_custkey = c_custkey
             GROUP BY c_custkey, c_name ORDER BY total DESC, c_custkey LIMIT 100"""
# The least that a server can do for a hundred rows: what is left is the envelope and JSON alone.
LEAST = "SELECT c_custkey, c_name, c_mktsegment FROM public.customer WHERE c_custkey <= 100"
# Some seconds of a processor, and one row.
LONG = "SELECT count(*) FROM generate_series(1, 5000) a, generate_series(1, 6000) b WHERE (a * b) % 7 = 3"


def measure(server):
    """Prints both."""
    report.heading("query: SQL that only reads")
    queries = [text.strip() for text in (build.HERE / "queries.sql").read_text().split(";") if text.strip()]
    refused = server.value(f"SELECT count(*) FROM unnest({array(queries)}) q, flowai.validate_query(q) v WHERE NOT v.ok", "bench")
    times = server.turns(["SELECT ok FROM flowai.validate_query($1)", "SELECT pg_temp.explain($1)"], queries, 50, "bench", prelude=EXPLAIN)
    report.slower("validate_query / EXPLAIN of the same text", "at most 0.5", *times, f"; {refused:.0f} of {len(queries)} refused")
    for text, name, target in (
            (HUNDRED, "execute_query of the 100 best customers / the bare query", "at most 1.3"),
            (LEAST, "execute_query of 100 rows by key / the bare query", "")):
        report.rate(name, target, *server.contest([("SELECT flowai.execute_query($1)", [text]), (text, None)], "bench"))
    times = server.turns(["SELECT flowai.execute_query($1, timeout => '60 s')", "SELECT pg_temp.run($1)"], [LONG], 5, "bench", prelude=RUN)
    report.slower("execute_query of a long query / the bare query", "1.0", *times)
