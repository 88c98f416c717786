"""Searching 100,000 entries: in the server against GIN, from a client, against Tantivy alone, and under a hostile user."""

import csv
import os
import random
import re
import subprocess
import sys
import tempfile

from measure import build, report
from measure.report import Times
from measure.server import literal

OURS = """SELECT s.rank, e.id, e.name, s.score FROM flowai.search_catalog($1, max_rows => 10) s
          JOIN flowai.catalog_entries e ON e.id = s.id AND e.workspace_id = 'default' ORDER BY s.rank"""
UNDER_RLS = """SELECT g.id, g.name, ts_rank(g.document, words) FROM gin_entries g, any_word($1) words
               WHERE g.document @@ words ORDER BY 3 DESC, 1 LIMIT 10"""
DEFINER = "SELECT * FROM gin_search($1, 10)"
QUESTIONS = "(SELECT array_agg(query ORDER BY n) FROM questions)"

# What people type into a box, and what our rows promise for one client that waits for each answer.
SHORT_QUERIES = ["web browser", "pdf viewer", "image editor", "mail server", "text editor", "json parser", "password manager",
                 "postgresql client", "music player", "video converter", "python http library", "c++ compiler", "backup tool",
                 "spell checker", "network monitor", "terminal emulator", "game of chess", "font for tamil", "xml schema validator", "git"]


def measure(server, length):
    """Prints what searches of one corpus cost."""
    report.heading(f"search: top 10 of {build.ENTRIES:,} entries, {build.LENGTHS[length]}, joined with the entries under row-level security")
    ours, rls, definer = server.turns([OURS, UNDER_RLS, DEFINER], QUESTIONS, 2, length)
    report.faster("50 questions / tsvector + GIN under the same RLS", "at least 100", ours, rls)
    ours, definer = server.turns([OURS, DEFINER], QUESTIONS, 10, length)
    report.faster("50 questions / SECURITY DEFINER function over GIN", "at least 30", ours, definer)
    if length == "short":
        clients(server, length)
        first_search(server, length, "at most 10 ms")
    tantivy(server, length)
    hostile(server, length)


def clients(server, length):
    """What a client sees that waits for each answer, and what many at once get."""
    ours = server.pgbench(OURS, length, SHORT_QUERIES, seconds=6)
    peer = server.pgbench(DEFINER, length, SHORT_QUERIES, seconds=6)
    report.faster("20 short queries, one client / the GIN function", "0.8 ms, p95 2.5", ours.times, peer.times)

    simple = server.pgbench(OURS, length, SHORT_QUERIES, mode="simple", seconds=6)
    report.slower("the same, unprepared / prepared", "about 1", simple.times, ours.times)

    cores = os.cpu_count() or 1
    crowd = server.pgbench(OURS, length, SHORT_QUERIES, seconds=8, clients=16, threads=cores)
    peers = server.pgbench(DEFINER, length, SHORT_QUERIES, seconds=8, clients=16, threads=cores)
    report.row("the same, 16 clients / 1 client, per core", crowd.tps / ours.tps / cores, "about 1",
               f"x; {crowd.tps:.0f} a second against {ours.tps:.0f} on {cores} cores, {report.spread(crowd.times)}; "
               f"the GIN function {peers.tps / peer.tps / cores:.2f} x, {peers.tps:.0f} a second against {peer.tps:.0f}")


def first_search(server, role, target, how=""):
    """The first and the later searches of 40 connections, one after the other, each with another query.

    What the first statement of a backend has to do counts: load the library, read the system catalogs, open
    the index. One connection before them is not counted: it may fill what the machine keeps for all.
    """
    kept = server.psql("SELECT ', disk cache ' || setting || ' MB' FROM pg_settings WHERE name = 'flowai.search_disk_cache_mb'", role).strip()
    first, warm = [], []
    for number in range(41):
        query = SHORT_QUERIES[number % len(SHORT_QUERIES)]
        times = [float(us) for us, in server.rows(f"SELECT * FROM public.first_search({literal(OURS)}, {literal(query)})", role)]
        if number:
            first.append(times[0])
            warm += times[1:]
    report.slower(f"first search of a new connection{how} / warm", target, Times(first), Times(warm), kept)


def tantivy(server, length):
    """The same documents and questions in one process that has nothing but Tantivy in it."""
    program = build.HERE.parent / "target/release/examples/search_bench"
    questions = [line for line, in server.rows("SELECT query FROM questions ORDER BY n", length)]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write("\n".join(questions) + "\n")
        file.flush()
        done = subprocess.run([program, file.name], stdin=build.corpus(length).stdout, capture_output=True, encoding="utf-8")
    if done.returncode:
        sys.exit(done.stderr)
    ours, = server.turns(["SELECT * FROM flowai.search_catalog($1, max_rows => 10)"], QUESTIONS, 10, length)
    median, p95, p99 = map(float, re.search(r"^Tantivy, top 10 +([0-9.]+) +([0-9.]+) +([0-9.]+)", done.stdout, re.MULTILINE).groups())
    same = f"{len(questions)} questions" in done.stdout
    report.row("search_catalog alone / bare Tantivy in a process", ours.median / median, "0.4 ms more",
               f"x the time; {(ours.median - median) / 1e3:+.2f} ms; median {report.spell(ours.median)} against {report.spell(median)}, "
               f"p95 {report.spell(ours.share(0.95))} against {report.spell(p95)}, p99 {report.spell(ours.share(0.99))} against {report.spell(p99)}"
               + ("" if same else "; Tantivy was asked other questions"))


# ------------------------------------------------------------------------------------------- hostile

def hostile_queries(length):
    """The worst that fits into a query, of words that the corpus has."""
    draw = random.Random(1)
    with build.corpus(length).stdout as source:
        texts = [row[3] for row in csv.reader(line.decode() for line in source)]
    count = {}
    for text in texts:
        for word in {word.lower() for word in text.split() if word.isalpha()}:
            count[word] = count.get(word, 0) + 1
    frequent = sorted(count, key=count.get, reverse=True)[:300]
    rare = draw.sample(sorted(word for word in count if count[word] == 1 and len(word) > 8), 300)
    letters = "spcldgmatrbfnveiwhoukjxqzy"

    def misspelled(word):
        place = draw.randrange(1, len(word) - 1)
        return word[:place] + word[place + 1] + word[place] + word[place + 2:]

    phrases = [" ".join(text.split()[:3]) for text in draw.sample([text for text in texts if len(text.split()) > 3], 300)]
    kinds = {
        "frequent words": frequent,
        "rare words": rare,
        "prefixes of one letter": [f"{letter}*" for letter in letters] * 40,
        "prefixes of two letters": [f"{a}{b}*" for a in letters[:12] for b in "aeiou"] * 10,
        "prefixes of frequent words": [f"{word[:4]}*" for word in frequent],
        "phrases from the texts": [f'"{phrase}"' for phrase in phrases],
        "phrases of frequent words": [f'"{a} {b}"' for a, b in zip(frequent, frequent[1:])],
        "misspelled frequent words": [misspelled(word) for word in frequent if len(word) > 5],
        "misspelled rare words": [misspelled(word) for word in rare],
        "exclusions": [frequent[0]] + [f"-{word}" for word in frequent[1:]],
        "parts of names": ["".join(word.capitalize() for word in frequent[i:i + 12]) for i in range(0, 300, 12)],
        "a bit of each": [form for word, other in zip(frequent, rare) for form in
                          (f"{word[:2]}*", f'"{word} {frequent[0]}"', f"-{other}", misspelled(other), word)],
    }
    for kind, words in kinds.items():
        # Quotes and operators have to stay whole, so the end is cut at a blank outside them.
        query = ""
        for word in words:
            if len(query) + len(word) + 1 > 2048:
                break
            query += (" " if query else "") + word
        yield kind, query


def hostile(server, length):
    """The longest of many runs of each hostile query; the peer searches for the same words without operators."""
    ours, peer, worst = [], [], {}
    for kind, query in hostile_queries(length):
        words = " ".join(re.findall(r"\w+", query))
        times, = server.turns([OURS], [query], 20, length)
        peer_times, = server.turns([DEFINER], [words], 5, length)
        worst[times.worst] = f"{kind} ({report.spell(times.median)} at the median)"
        ours += times.samples
        peer += peer_times.samples
    ours, peer = Times(ours), Times(peer)
    report.row("hostile queries of 2 KiB, the worst / the GIN function's", ours.worst / peer.worst, "at most 50 ms",
               f"x the time; {report.spell(ours.worst)} for {worst[ours.worst]} against {report.spell(peer.worst)}; all: {report.against(ours, peer)}")
