"""Building an index of 100,000 entries: time, bytes, write-ahead log."""

import pathlib
import subprocess
import sys

from measure import report

HERE = pathlib.Path(__file__).resolve().parent.parent
ENTRIES = 100_000
LENGTHS = {"short": "one-line descriptions", "long": "whole descriptions"}

PEER = """
INSERT INTO {0}.gin_entries
SELECT '{0}', id, name, section || '.' || name, content, ARRAY[section],
       setweight(to_tsvector('english', name), 'A') || setweight(to_tsvector('english', section), 'B') || setweight(to_tsvector('english', content), 'D')
FROM {0}.texts;
CREATE INDEX ON {0}.gin_entries USING gin (document) WITH (fastupdate = off);
"""
OURS = "SELECT count(*) FROM {0}.entries_json, flowai.catalog_put(entries);"


def corpus(length):
    """The corpus as CSV on a pipe."""
    return subprocess.Popen([HERE / "corpus", str(ENTRIES), length], stdout=subprocess.PIPE)


def load(server, length, rounds=1):
    """Loads a corpus and builds catalog and peer. Returns times of both, and bytes of log.

    All rounds but the last are rolled back, and leave what VACUUM then frees.
    """
    source = corpus(length)
    server.psql(str(HERE / "corpus.sql"), stdin=source.stdout, variables={"corpus": length})
    if source.wait():
        sys.exit("bench/corpus failed")
    ours, peer, logged = [], [], []
    for number in range(rounds):
        end = "COMMIT" if number == rounds - 1 else "ROLLBACK"
        log = [log_position(server)]
        for script, role, times in ((OURS, length, ours), (PEER, "postgres", peer)):
            times.append(1e3 * sum(server.timings(f"BEGIN;\n\\timing on\n{script.format(length)}\n\\timing off\n{end};", role)))
            log.append(log_position(server))
        logged.append((log[1] - log[0], log[2] - log[1]))
        server.psql("VACUUM ANALYZE")
    return report.Times(ours), report.Times(peer), logged[-1]


def log_position(server):
    """Bytes written to the log so far."""
    return server.value("SELECT pg_current_wal_insert_lsn() - '0/0'")


def measure(server, length, built):
    """Prints what a build costs."""
    ours, peer, (our_log, peer_log) = built
    report.heading(f"build: {ENTRIES:,} entries, {LENGTHS[length]}")
    report.slower("catalog_put, searchable / INSERT + CREATE INDEX GIN", "at most 2", ours, peer)

    text = server.value(f"""
        SELECT sum(octet_length(id) + octet_length(item_type) + octet_length(name) + octet_length(qualified_name) + octet_length(content)
                   + octet_length(array_to_string(tags, ''))) FROM flowai.catalog_entries WHERE tenant_id = '{length}'""")
    index = server.value(f"SELECT sum(byte_size) FROM flowai_internal.search_segment WHERE tenant_id = '{length}'")
    peer_index = server.value(f"SELECT pg_relation_size('{length}.gin_entries_document_idx') + sum(pg_column_size(document)) FROM {length}.gin_entries")
    report.row("index bytes / text bytes", index / text, "at most 1.1",
               f"{megabytes(index)} for {megabytes(text)} of text; tsvectors and GIN {megabytes(peer_index)}")

    before = log_position(server)
    server.psql("SELECT flowai.search_rebuild()", length)
    log = log_position(server) - before
    index = server.value(f"SELECT sum(byte_size) FROM flowai_internal.search_segment WHERE tenant_id = '{length}'")
    report.row("log of search_rebuild / index bytes", log / index, "at most 1.1",
               f"{megabytes(log)} for {megabytes(index)}; catalog_put in all {megabytes(our_log)}, INSERT + CREATE INDEX {megabytes(peer_log)}")
    server.psql("VACUUM ANALYZE")


def megabytes(count):
    """Bytes with the unit that they are read in."""
    return f"{count / 1e6:.1f} MB"
