#!/usr/bin/env python3
"""Runs the SQL of a document and compares what it shows with what psql answers.

Usage: tests/readme.py README.md -- psql and its arguments

All ```sql blocks run in order in one session. A ```text block right after one (nothing but blank lines
between) is what psql prints for it; `...` in it stands for anything. A block without one must raise no
error. Prints "ok" or "not ok" for each block, and fails if one is not ok or if there is none.
"""

import difflib
import pathlib
import re
import subprocess
import sys

MARK = "=== block {} ==="
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```\s*$", re.M | re.S)


def blocks(text):
    """(line, sql, expected output or None) of each ```sql block."""
    fences = list(FENCE.finditer(text))
    for fence, following in zip(fences, fences[1:] + [None]):
        if fence[1] != "sql":
            continue
        shown = None
        if following and following[1] == "text" and not text[fence.end() : following.start()].strip():
            shown = following[2]
        yield text.count("\n", 0, fence.start()) + 1, fence[2], shown


def run(psql, statements):
    """What psql prints for each of the statements, run in one session."""
    script = "".join(f"\\echo '{MARK.format(n)}'\n{sql}\n;\n" for n, sql in enumerate(statements))
    done = subprocess.run(
        psql, input=script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    pieces = re.split(r"^" + MARK.format(r"\d+") + r"\n", done.stdout, flags=re.M)
    if len(pieces) != len(statements) + 1:
        sys.exit(f"error: psql stopped early\n{done.stdout}")
    return pieces[1:]


def tidy(text):
    """Lines without the blanks that psql puts at their ends, without blank lines around."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def matches(expected, actual):
    pattern = ".*?".join(re.escape(piece) for piece in expected.split("..."))
    return re.fullmatch(pattern, actual, re.S) is not None


def main():
    document, psql = sys.argv[1], sys.argv[sys.argv.index("--") + 1 :]
    if not pathlib.Path(document).exists():
        sys.exit(f"error: {document} is missing")
    found = list(blocks(pathlib.Path(document).read_text(encoding="utf-8")))
    failed = not found
    for (line, _, shown), printed in zip(found, run(psql, [sql for _, sql, _ in found])):
        actual = tidy(printed)
        if shown is None:
            good = not re.search(r"^(psql:\S+ )?(ERROR|FATAL|PANIC):", actual, re.M)
            difference = [actual]
        else:
            expected = tidy(shown)
            good = matches(expected, actual)
            difference = difflib.unified_diff(
                expected.splitlines(), actual.splitlines(), "shown", "printed", lineterm=""
            )
        print(f"{'ok' if good else 'not ok'} - {document}:{line}")
        if not good:
            failed = True
            print("\n".join(difference))
    sys.exit(1 if failed else 0)


main()
