"""Large payloads of references, and workers that claim plans, against plain tables."""

from measure import report
from measure.report import Times, spell
from measure.server import literal

# Rows as a query gives them, 1 MiB of text, with a number in it that makes each payload another one.
PAYLOADS = """
CREATE TEMP TABLE large AS
    SELECT n, jsonb_build_object('n', n, 'rows', jsonb_agg(jsonb_build_object(
               'id', i, 'name', 'Customer ' || i * n, 'segment', (ARRAY['building', 'automobile', 'machinery'])[1 + i % 3],
               'balance', round((i * 7919 % 1000000) / 100.0, 2), 'note', repeat(md5((i * n)::text), 3), 'active', i % 2 = 0))) AS payload
    FROM generate_series(1, 40) n, generate_series(1, 4600) i GROUP BY n;
CREATE FUNCTION pg_temp.put(statement text) RETURNS SETOF double precision LANGUAGE plpgsql AS $$
DECLARE
    payload jsonb; started timestamptz;
BEGIN
    FOR number IN 1 .. 40 LOOP
        -- Out of the table's storage before the clock runs, as what a client sends is.
        SELECT l.payload || '{}' INTO payload FROM large l WHERE l.n = number;
        started := clock_timestamp();
        EXECUTE statement USING payload;
        RETURN NEXT extract(epoch FROM clock_timestamp() - started) * 1e6;
    END LOOP;
END $$;
"""
PUTS = {
    "new": "SELECT id FROM flowai.ref_put('large', $1)",
    # What is there is printed, read for its summary, brought into canonical form, hashed and looked up.
    "known": "SELECT id FROM flowai.ref_put('large', $1)",
    "plain": "INSERT INTO public.plain_payload VALUES (md5($1::text), $1) ON CONFLICT DO NOTHING",
    "printed": "SELECT octet_length($1::text)",
    "md5": "SELECT md5($1::text)",
    "resolved": "SELECT flowai.ref_resolve('large', id) FROM flowai.refs WHERE kind = 'large' AND $1 IS NOT NULL LIMIT 1",
}
WARMING = 5

# Both sides take the oldest and leave a token and a lease.
BARE = """
WITH next AS MATERIALIZED (
    SELECT id FROM public.plain_queue WHERE state = 'approved' ORDER BY queued_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
UPDATE public.plain_queue q SET state = 'running', token = gen_random_uuid(), lease_expires_at = clock_timestamp() + interval '5 minutes'
FROM next WHERE q.id = next.id RETURNING q.id, q.token"""
# And what one would write beside it, to know afterwards who did what.
HISTORY = f"""
WITH claimed AS ({BARE}), noted AS (
    INSERT INTO public.plain_history SELECT id, 'running', current_user, clock_timestamp() FROM claimed)
SELECT id, token FROM claimed"""
OURS = "SELECT plan, token FROM flowai.plan_claim()"

WORKERS = 16
CLAIMS = 500
FILL = f"""
SELECT flowai.plan_kind_define('bench', '{{}}');
SELECT count(*) FROM generate_series(1, {WORKERS * CLAIMS}) i, LATERAL (
    SELECT d.state FROM flowai.plan_store('bench', 'plan ' || i, '{{"title": "t", "steps": [{{"operation": "o"}}]}}') s,
        LATERAL flowai.plan_submit(s.plan) p, LATERAL flowai.approval_decide(p.approval, 'granted') d) t;
"""
AGAIN = f"""
UPDATE flowai.plans SET state = 'approved', started_at = NULL, lease_hash = NULL, lease_expires_at = NULL, attempt = 0, transitions = transitions - 1 WHERE state = 'running';
DELETE FROM flowai.plan_transitions WHERE to_state = 'running';
TRUNCATE public.plain_queue, public.plain_history;
INSERT INTO public.plain_queue (id) SELECT 'plan ' || i FROM generate_series(1, {WORKERS * CLAIMS}) i;
"""


def measure(server):
    """Prints both."""
    payloads(server)
    claims(server)


def payloads(server):
    """How fast payloads of 1 MiB are read, and what that adds to storing them."""
    report.heading("state: payloads of 1 MiB")
    server.psql("SELECT flowai.ref_kind_define('large')", "bench")
    size = "SELECT 'size', octet_length(payload::text) FROM large;"
    puts = "".join(f"SELECT '{name}', us FROM pg_temp.put({literal(statement)}) us;" for name, statement in PUTS.items())
    samples = {}
    for name, number in server.rows(PAYLOADS + size + puts, "bench"):
        samples.setdefault(name, []).append(float(number))
    size = sum(samples["size"]) / len(samples["size"])
    times = {name: Times(samples[name][WARMING:]) for name in PUTS}
    known, printed = times["known"].median, times["printed"].median
    report.row("ref_put: MB a second canonicalised, hashed and summarised", size / (known - printed), "at least 100",
               f"{size / 1e6:.2f} MB in {spell(known)}, less {spell(printed)} in which jsonb becomes text")
    report.slower("ref_put of what is there / md5 of the text", "", times["known"], times["md5"])
    report.slower("ref_put / insert by md5 of the text", "", times["new"], times["plain"])
    report.slower("ref_resolve, checked / md5 of the text", "", times["resolved"], times["md5"])


def claims(server):
    """What states, history and events add to a queue, where a commit is on disk and where it is not."""
    report.heading(f"state: {WORKERS} workers claim from one queue of {WORKERS * CLAIMS}")
    server.psql(FILL, "bench")
    for fsync in ("on", "off"):
        server.psql(f"ALTER SYSTEM SET fsync = {fsync}")
        server.psql("SELECT pg_reload_conf()")
        runs = {statement: [] for statement in (OURS, BARE, HISTORY)}
        for _ in range(3):
            for statement, loads in runs.items():
                server.psql(AGAIN)
                server.psql("VACUUM ANALYZE")
                server.psql("CHECKPOINT")
                loads.append(server.pgbench(statement, "bench", transactions=CLAIMS, clients=WORKERS, threads=2))
        ours, bare, history = (sorted(loads, key=lambda load: load.tps)[1] for loads in runs.values())
        # A queue that loses 20 % takes 1.25 times as long.
        report.rate(f"plan_claim / claim from a bare queue, fsync {fsync}", "at most 1.25", ours, bare)
        report.rate(f"plan_claim / claim from a queue with a history, fsync {fsync}", "", ours, history)
    server.psql("ALTER SYSTEM RESET fsync")
    server.psql("SELECT pg_reload_conf()")
