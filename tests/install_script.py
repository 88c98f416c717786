#!/usr/bin/env python3
"""Has pgspot look for what an install script does unsafely: no error, no warning, nothing that it does not know.

Usage: tests/install_script.py SCRIPT, with pgspot in PYTHONPATH. Exit code 1 if anything was found.

Exempt, each for a reason:

- The search path of the script itself. CREATE EXTENSION sets it: pg_catalog first, then flowai, pg_temp last, and
  sql/00_schema.sql refuses to go on if flowai holds anything or belongs to anybody else. So tables, constraints and
  views find operators where they should.
- Bodies that begin with BEGIN ATOMIC, which pgspot 0.9 cannot read. The server parses them when the function is
  made, under that path, and keeps the result: nothing is looked up when it runs, whatever the path then is. So
  they need none of their own; with one they could not be inlined.
- flowai.tenant_drop commits, which the server refuses to a procedure with a SET clause: it runs with the path of its
  caller, and every name and operator in it says its schema.
- Functions of pgrx have no schema in their CREATE: it is that of the extension, flowai, and CREATE without OR
  REPLACE fails if somebody was there before.
"""

import argparse
import pathlib
import sys

from pglast.visitors import Skip
from pgspot import visitors
from pgspot.state import Counter, State

own = visitors.SQLVisitor.visit_CreateFunctionStmt


def visit_create_function(self, ancestors, node):
    """pgspot's own, but for bodies that are parsed when the function is made."""
    if node.sql_body is None:
        return own(self, ancestors, node)
    if node.replace:
        self.state.warn("PS002", visitors.format_function(node))
    definer = any(option.defname == "security" and option.arg.boolval for option in node.options or ())
    pinned = [option.arg for option in node.options or () if option.defname == "set" and option.arg.name == "search_path"]
    if definer and not pinned:
        self.state.error("PS003", visitors.format_function(node))
    elif definer and not self.state.is_secure_searchpath(pinned[0]):
        self.state.error("PS004", visitors.format_function(node))
    return Skip


visitors.SQLVisitor.visit_CreateFunctionStmt = visit_create_function

options = argparse.Namespace(
    summary_only=False, plpgsql=True, ignore=[], ignore_lang=[], sql_fn=[], proc_without_search_path=["flowai.tenant_drop(tenant text,max_rows integer)"], append=False)
counter = Counter(options)
# pglast writes the name "row" without its quotes, and cannot read that again.
script = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").replace('"row"', '"one_row"')
state = State(counter)
state.searchpath_secure = True
visitors.visit_sql(state, script, toplevel=True)
print(counter)
sys.exit(0 if counter.is_clean() else 1)
