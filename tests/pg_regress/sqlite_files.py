"""Makes the SQLite files that query_target.sql reads, in the directory given."""

import os
import pathlib
import shutil
import sqlite3
import sys

lake = pathlib.Path(sys.argv[1])
shutil.rmtree(lake, ignore_errors=True)
(lake / "deep").mkdir(parents=True)


def make(name, script):
    connection = sqlite3.connect(lake / name)
    connection.executescript(script)
    connection.commit()
    return connection


shop = make("shop.db", """
    CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL, doc TEXT, raw BLOB);
    INSERT INTO products VALUES (1, 'Tea', 2.5, '{"origin": "Assam"}', x'00ff'), (2, 'Coffee', 4, NULL, NULL), (3, 'Mátè', 9e999, NULL, x'');
    CREATE TABLE numbers (n INTEGER);
    INSERT INTO numbers VALUES (9007199254740993), (-9223372036854775808), (0.1), (1e300), (-9e999);
    CREATE VIEW names AS SELECT name FROM products;
    CREATE VIRTUAL TABLE notes USING fts5(body);
    INSERT INTO notes VALUES ('green tea'), ('black coffee');
    -- What a hostile file may bring along: SQLite runs views with the reader's rights.
    CREATE VIEW loads AS SELECT load_extension('/tmp/x') AS r;
    CREATE VIEW writes AS SELECT writefile('/tmp/x', 'y') AS r;
    CREATE VIEW sets AS SELECT * FROM pragma_journal_mode('wal');
    CREATE VIEW pages AS SELECT * FROM dbstat;
    CREATE VIEW tokens AS SELECT fts3_tokenizer('simple') AS r;
    CREATE VIEW options AS SELECT sqlite_compileoption_used('x') AS r;
    CREATE VIEW patches AS SELECT json_patch('{}', '{}') AS r;
    CREATE TRIGGER act INSTEAD OF INSERT ON names BEGIN DELETE FROM products; END;
""")
shop.execute("CREATE TABLE odd (t TEXT)")
shop.execute("INSERT INTO odd VALUES ('a' || char(0) || 'b'), (CAST(x'ff41' AS TEXT)), (char(27) || '\"\\')")
shop.commit()
shop.close()

# In WAL mode and closed; and as its writer left it when it crashed.
log = make("log.db", "PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1);")
for name in ["log.db", "log.db-wal", "log.db-shm"]:
    shutil.copy(lake / name, lake / name.replace("log", "crashed"))
log.close()
# A write that was interrupted: its journal must be played back by somebody who may write.
hot = make("hot.db", "CREATE TABLE t (a); INSERT INTO t VALUES (1); PRAGMA cache_size = 1;")
hot.execute("BEGIN")
hot.executemany("INSERT INTO t VALUES (?)", (("x" * 3000,) for _ in range(500)))
shutil.copy(lake / "hot.db-journal", lake / "torn.db-journal")
shutil.copy(lake / "hot.db", lake / "torn.db")
hot.rollback()
hot.close()

(lake / "text.db").write_text("This is no database. " * 200)
shutil.copy(lake / "shop.db", lake / "damaged.db")
with open(lake / "damaged.db", "r+b") as file:
    file.seek(100)
    file.write(b"\xff" * 3000)
shutil.copy(lake / "shop.db", lake / "closed.db")
os.chmod(lake / "closed.db", 0)
(lake / "link.db").symlink_to("shop.db")
(lake / "out").symlink_to("/etc")
make("deep/inner.db", "CREATE TABLE t (a); INSERT INTO t VALUES ('inner');").close()
make("moving.db", "CREATE TABLE t (a); INSERT INTO t VALUES ('here');").close()
