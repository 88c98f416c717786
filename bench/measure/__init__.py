"""What is measured, one file a subject; `PARTS` are the words that bench/run takes."""

PARTS = ("build", "search", "write", "tenants", "isolation", "kv", "state", "query")
