"""Key/value and references against a plain table, as a driver sends them: prepared, one client."""

from measure import report

GET = ("SELECT value FROM flowai.kv_get('bench', 'key ' || :n)", "SELECT v FROM public.plain_kv WHERE k = 'key ' || :n")
PUT = ("SELECT version FROM flowai.kv_put('bench', 'key ' || :n, '{\"n\": 1}')",
       "INSERT INTO public.plain_kv VALUES ('key ' || :n, '{\"n\": 1}') ON CONFLICT (k) DO UPDATE SET v = excluded.v")


def measure(server):
    """Fills the store, then prints what reads and writes cost."""
    report.heading("kv: 10,000 keys")
    server.psql("SELECT count(*) FROM (SELECT flowai.kv_put('bench', 'key ' || i, jsonb_build_object('n', i)) FROM generate_series(1, 10000) i) t", "bench")
    server.psql("SELECT flowai.ref_kind_define('bench')", "bench")
    # As many as the peer has rows, of which a hundred are asked for.
    handles = server.rows("SELECT h.id FROM generate_series(1, 10000) i, flowai.ref_put('bench', jsonb_build_object('n', i)) h", "bench")[::100]
    server.psql("VACUUM ANALYZE")
    random_key = "\\set n random(1, 10000)\n"
    report.rate("kv_get / primary-key SELECT on a plain table", "at most 1.3", *server.contest([(random_key + side, None) for side in GET], "bench"))
    report.rate("kv_put / upsert on a plain table", "at most 1.5", *server.contest([(random_key + side, None) for side in PUT], "bench"))
    report.rate("ref_resolve / primary-key SELECT on a plain table", "at most 1.3", *server.contest([
        ("SELECT flowai.ref_resolve('bench', $1)", [handle for handle, in handles]),
        ("SELECT v FROM public.plain_kv WHERE k = $1", [f"key {n}" for n in range(1, 101)])], "bench"))
