"""Many tenants in one database: the first search of a connection, equality with a tenant alone, memory."""

import csv
import json

from measure import build, report
from measure.report import Times
from measure.search import OURS, SHORT_QUERIES, first_search
from measure.server import array, literal

TENANTS, COMPARED, ENTRIES = 50, 20, 5_000
CACHE_MB = 16

# All that a search says, scores to the last bit.
ANSWER = """SELECT q, s.rank, s.id, encode(float8send(s.score), 'hex'), s.matched, s.snippet, s.total, s.relaxed
            FROM unnest({}) WITH ORDINALITY u(q, n), flowai.search_catalog(q, max_rows => 10) s ORDER BY u.n, s.rank"""


def measure(server):
    """Makes the tenants, then prints what they cost each other."""
    slices = read_slices()
    names = [f"tenant {number}" for number in range(1, TENANTS + 1)]
    server.psql("CREATE ROLE many LOGIN; CREATE ROLE one LOGIN;" + "".join(
        f"SELECT flowai.tenant_create({literal(name)}) IS NOT NULL, flowai.tenant_grant({literal(name)}, 'many');" for name in names)
        + f"SELECT flowai.tenant_grant({literal(names[0])}, 'one')")
    for name, entries in zip(names, slices):
        put(server, name, entries, "many")
    server.psql("VACUUM ANALYZE")

    report.heading(f"tenants: {TENANTS} of {ENTRIES:,} entries in one database")
    first_search(server, "one", "at most 5 ms")
    server.psql("ALTER ROLE one SET session_preload_libraries = flowai_runtime")
    first_search(server, "one", "at most 5 ms", ", library preloaded")
    alone(server, names, slices)
    memory(server, names)


def read_slices():
    """Entries of each tenant as JSON: the corpus cut into pieces, and cut again elsewhere when it ends."""
    with build.corpus("short").stdout as source:
        rows = list(csv.reader(line.decode() for line in source))
    entries = [{"id": identity, "itemType": identity.partition(":")[0], "name": name, "qualified_name": f"{section}.{name}",
                "content": content, "tags": [section]} for identity, name, section, content in rows]
    # Debian's order groups what belongs together; a stride gives each tenant some of everything.
    strides = len(entries) // ENTRIES
    slices = [entries[start::strides] for start in range(strides)]
    blocks = [entries[start:start + ENTRIES] for start in range(0, len(entries), ENTRIES)]
    return [json.dumps(piece) for piece in (slices + blocks + blocks)[:TENANTS]]


def put(server, tenant, entries, role, database="bench"):
    """Writes a tenant's entries in one call."""
    server.psql(f"SET flowai.tenant = {literal(tenant)}; SELECT count(*) FROM flowai.catalog_put({literal(entries)});", role, database)


# --------------------------------------------------------------------------------------------- alone

def alone(server, names, slices):
    """Each tenant again, as the only one of a database of its own: the same answers, in the same time?"""
    equal, answers_equal, answers, together, apart = 0, 0, 0, [], []
    asked = array(SHORT_QUERIES)
    server.psql("CREATE DATABASE alone_template")
    server.psql("CREATE EXTENSION flowai_runtime; SELECT flowai.tenant_create('alone') IS NOT NULL, flowai.tenant_grant('alone', 'many')",
                database="alone_template")
    for name, entries in zip(names[:COMPARED], slices):
        server.psql("CREATE DATABASE alone TEMPLATE alone_template")
        put(server, "alone", entries, "many", "alone")
        server.psql("VACUUM ANALYZE", database="alone")
        sides = []
        for tenant, database, times in ((name, "bench", together), ("alone", "alone", apart)):
            choose = f"SET flowai.tenant = {literal(tenant)};"
            sides.append(server.psql(choose + ANSWER.format(asked), "many", database))
            measured, = server.turns([OURS], SHORT_QUERIES, 3, "many", database, prelude=choose)
            times += measured.samples
        by_query = [{query: [row for row in side.splitlines() if row.startswith(f"{query}\t")] for query in SHORT_QUERIES} for side in sides]
        same = sum(by_query[0][query] == by_query[1][query] for query in SHORT_QUERIES)
        equal += sides[0] == sides[1] and bool(sides[0])
        answers_equal += same
        answers += len(SHORT_QUERIES)
        server.psql("DROP DATABASE alone", database="postgres")
    server.psql("DROP DATABASE alone_template", database="postgres")
    report.slower("search among the others / the tenant alone in a database", "about 1", Times(together), Times(apart),
                  f"; rows, order and bits of scores equal for {equal} of {COMPARED} tenants, {answers_equal} of {answers} queries")


# -------------------------------------------------------------------------------------------- memory

def memory(server, names):
    """What a backend holds for itself after it searched every tenant, in turns.

    Counted is `Anonymous` of /proc/PID/smaps_rollup: the heap and all other memory that is the backend's
    own, PostgreSQL's caches and what every backend has before its first search included. Shared buffers
    and mapped files are the machine's and not counted.
    """
    over = {}
    for megabytes in (CACHE_MB, 64):
        script = [f"SET flowai.search_cache_mb = {megabytes};", "SELECT pg_backend_pid() AS backend \\gset", "\\setenv BACKEND :backend",
                  "\\! grep ^Anonymous /proc/$BACKEND/smaps_rollup", "\\o /dev/null"]
        for query in SHORT_QUERIES[:6]:
            for name in names:
                script.append(f"SET flowai.tenant = {literal(name)}; {OURS.replace('$1', literal(query))};")
        script += ["\\o", "\\! grep ^Anonymous /proc/$BACKEND/smaps_rollup"]
        before, after = (int(line.split()[1]) / 1024 for line in server.psql("\n".join(script), "many").splitlines() if line.startswith("Anonymous"))
        over[megabytes] = (before, after)
    before, after = over[CACHE_MB]
    report.row(f"memory of a backend that searched {TENANTS} tenants / its cache", after / CACHE_MB, "16 MB over it",
               f"x flowai.search_cache_mb = {CACHE_MB}; {after - CACHE_MB:+.1f} MB over it, of which {before:.1f} MB before the first search; "
               f"with 64: {over[64][1]:.1f} MB, {over[64][1] - 64:+.1f} MB over it")
