"""What isolation costs: row-level security against a literal predicate, many tenants against few, a tenant that goes."""

import subprocess

from measure import report
from measure.report import Times

ROWS, FEW, MANY, LEAVING = 10_000, 10, 10_000, 1_000_000
CALLS = 2_000_000

# The table under the policy and the table without, of one make, with the rows of ten tenants.
TABLES = "".join(f"""
CREATE TABLE public.{table} (
    tenant_id text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, n integer NOT NULL, note text NOT NULL,
    PRIMARY KEY (tenant_id, key)) PARTITION BY HASH (tenant_id) WITH (fillfactor = 50);
DO $$ BEGIN FOR i IN 0 .. 15 LOOP
    EXECUTE format('CREATE TABLE public.{table}_%s PARTITION OF public.{table} FOR VALUES WITH (MODULUS 16, REMAINDER %s) WITH (fillfactor = 50)', i, i);
END LOOP; END $$;
INSERT INTO public.{table} SELECT t, 'key ' || i, i, repeat('note ', 10)
FROM generate_series(1, {ROWS}) i, unnest(ARRAY['bench'] || ARRAY(SELECT 'neighbour ' || t FROM generate_series(1, 9) t)) t;
GRANT SELECT, UPDATE ON public.{table} TO bench;
""".replace("(tenant_id) WITH (fillfactor = 50);", "(tenant_id);") for table in ("fenced", "open")) + """
ALTER TABLE public.fenced ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON public.fenced USING (tenant_id = flowai.current_tenant() AND flowai.tenant_is(flowai.current_tenant()));
VACUUM ANALYZE public.fenced, public.open;
"""
KEY = f"\\set n random(1, {ROWS})\n"
# Each statement with its own predicate, and where the literal one goes.
AGAINST_LITERAL = (
    ("point read", KEY + "SELECT note FROM public.{} WHERE {}key = 'key ' || :n"),
    ("update by key", KEY + "UPDATE public.{} SET n = n + 1 WHERE {}key = 'key ' || :n"),
    (f"scan of {ROWS:,} rows", "SELECT sum(n) FROM public.{} WHERE {}note <> 'x'"),
)


def measure(server):
    """Prints all of it."""
    report.heading(f"isolation: tables of {FEW} tenants with {ROWS:,} rows each")
    server.psql(TABLES)
    for name, statement in AGAINST_LITERAL:
        sides = [(statement.format("fenced", ""), None), (statement.format("open", "tenant_id = 'bench' AND "), None)]
        fenced, bare = server.contest(sides, "bench")
        report.slower(f"{name} under the policy / with a literal, no policy", "at most 1.15", fenced.times, bare.times)
    calls(server)
    few_and_many(server)
    leaving(server)


def calls(server):
    """How long one call of current_tenant takes, less what the loop around it takes: time on a processor, by the kernel."""
    spent = "\\! cut -d' ' -f1 /proc/$BACKEND/schedstat"
    script = ["SET jit = off; SELECT flowai.current_tenant() AS t, pg_backend_pid() AS backend \\gset", "\\setenv BACKEND :backend", spent]
    for _ in range(5):
        for call in ("flowai.current_tenant()", "pg_backend_pid()"):
            script += [f"SELECT count({call}) AS calls FROM generate_series(1, {CALLS}) \\gset", spent]
    marks = [int(line) for line in server.psql("\n".join(script), "bench").split()]
    each = [(after - before) / CALLS for before, after in zip(marks, marks[1:])]
    call, empty = min(each[0::2]), min(each[1::2])
    report.row("current_tenant(), cached", call - empty, "tens", f"ns a call, as text; {empty:.0f} ns more for a row of the loop with a call of pg_backend_pid()")


def fill(server, database, tenants):
    """A database with so many tenants, a million rows in all of them together."""
    server.psql(f"CREATE DATABASE {database}")
    server.psql(f"""
        CREATE EXTENSION flowai_runtime;
        INSERT INTO flowai_internal.tenants (tenant_id, version) SELECT 'tenant ' || t, '1' FROM generate_series(1, {tenants}) t;
        SELECT flowai.tenant_grant('tenant 7', 'bench');
        INSERT INTO flowai.kv_entries (tenant_id, namespace, key, value, version, created_at, updated_at)
            SELECT 'tenant ' || t, 'n', 'key ' || k, to_jsonb(k), 1, now(), now()
            FROM generate_series(1, {tenants}) t, generate_series(1, {1_000_000 // tenants}) k;""", database=database)
    server.psql("VACUUM ANALYZE", database=database)


def few_and_many(server):
    """A point read with ten tenants and with ten thousand, in turns; each sends its plan's text or reuses it."""
    for database, tenants in (("few", FEW), ("many", MANY)):
        fill(server, database, tenants)
    read = "\\set n random(1, 100)\nSELECT value FROM flowai.kv_entries WHERE namespace = 'n' AND key = 'key ' || :n"
    for mode, how in (("prepared", "prepared"), ("simple", "planned each time")):
        samples = {"few": [], "many": []}
        for _ in range(5):
            for database, times in samples.items():
                times += server.pgbench(read, "bench", mode=mode, seconds=2, database=database).times.samples
        few, many = map(Times, samples.values())
        report.slower(f"point read, {MANY:,} tenants / {FEW}, {how}", "at most 1.2", many, few)


def leaving(server):
    """What others notice while a tenant of a million rows is dropped."""
    server.psql(f"""
        SELECT flowai.tenant_create('leaving');
        INSERT INTO flowai.kv_entries (tenant_id, namespace, key, value, version, created_at, updated_at)
            SELECT 'leaving', 'n', 'key ' || k, to_jsonb(k), 1, now(), now() FROM generate_series(1, {LEAVING}) k;
        VACUUM ANALYZE flowai.kv_entries; CHECKPOINT;""", database="many")
    work = "\\set n random(1, 100)\nSELECT version FROM flowai.kv_put('n', 'key ' || :n, '1');\nSELECT value FROM flowai.kv_get('n', 'key ' || :n)"
    before = server.pgbench(work, "bench", seconds=10, database="many").times
    command = [f"{server.bindir}/psql", "-X", "-q", "-h", server.socket, "-U", "postgres", "many", "-c", "SET client_min_messages = warning",
               "-c", "CALL flowai.tenant_drop('leaving')"]
    during, rounds = [], 0
    with subprocess.Popen(command) as drop:
        while drop.poll() is None:
            during += server.pgbench(work, "bench", seconds=1, database="many").times.samples
            rounds += 1
    during = Times(during)
    report.row(f"p99 of others while {LEAVING:,} rows of a tenant are dropped / before", during.share(0.99) / before.share(0.99), "at most 2",
               f"x the time; {report.against(during, before)}; {rounds} seconds of it")
