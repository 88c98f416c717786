-- INSERT, UPDATE, DELETE and COPY on the view flowai.catalog: many rows are one write.
SET ROLE acme_app;

-- Many rows make one segment, as one catalog_put does, and leave nothing behind for others to index.
INSERT INTO flowai.catalog (id, item_type, name, content)
SELECT 'bulk:' || i, 'bulk', 'bulk ' || i, 'kind ' || i % 7 FROM generate_series(1, 3000) i;
SELECT count(*), min(version), max(version), count(DISTINCT created_at), bool_and(created_at = updated_at) AS new FROM flowai.catalog;
SELECT DISTINCT total FROM flowai.search_catalog('bulk');
RESET ROLE;
SELECT (SELECT count(*) FROM flowai_internal.search_segment) AS segments, (SELECT count(*) FROM flowai_internal.search_delta) AS delta, (SELECT count(*) FROM flowai_internal.search_dead) AS dead;
SET ROLE acme_app;
UPDATE flowai.catalog SET content = content || ' of seven' WHERE item_type = 'bulk';
SELECT count(*), min(version), max(version), count(DISTINCT updated_at), bool_and(created_at < updated_at) AS later FROM flowai.catalog;
SELECT DISTINCT total FROM flowai.search_catalog('seven');
RESET ROLE;
SELECT (SELECT count(*) FROM flowai_internal.search_segment) AS segments, (SELECT count(*) FROM flowai_internal.search_delta) AS delta, (SELECT count(*) FROM flowai_internal.search_dead) AS dead;
SET ROLE acme_app;
DELETE FROM flowai.catalog WHERE item_type = 'bulk';
SELECT count(*) FROM flowai.catalog;
SELECT count(*) FROM flowai.search_catalog('seven');
INSERT INTO flowai.catalog SELECT * FROM flowai.catalog;

-- What a statement wants is seen when it ends, not row by row.
CREATE FUNCTION pg_temp.seen() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT format('%s entries, %s found', (SELECT count(*) FROM flowai.catalog), (SELECT count(*) FROM flowai.search_catalog('watch'))) $$;
INSERT INTO flowai.catalog (id, item_type, name, content) SELECT 'w:' || i, 'w', 'watch ' || i, pg_temp.seen() FROM generate_series(1, 4) i RETURNING id, content;
SELECT pg_temp.seen();
WITH changed AS (UPDATE flowai.catalog SET name = 'clock', content = pg_temp.seen() RETURNING id, version, content) SELECT * FROM changed ORDER BY id;
SELECT pg_temp.seen();
WITH gone AS (DELETE FROM flowai.catalog RETURNING id, pg_temp.seen() AS seen) SELECT * FROM gone ORDER BY id;
SELECT pg_temp.seen();

-- RETURNING shows what will be read back: defaults, tags sorted, relations spelled out, version, times.
CREATE TEMP TABLE given AS
WITH new AS (
    INSERT INTO flowai.catalog (id, item_type, name, tags, related, metadata) VALUES
        ('r:1', 'r', 'one', '{b," a ",b}', '["r:2", {"id": "r:3", "kind": "contains", "properties": {"n": 1.50}}, "r:2"]', '{"databaseId": "d", "n": 1e2}'),
        ('r:2', 'r', 'two', NULL, NULL, NULL), ('r:3', 'r', 'three', '{}', '[]', '{}')
    RETURNING *)
TABLE new;
SELECT * FROM (TABLE given EXCEPT TABLE flowai.catalog) d;
SELECT id, qualified_name, content, tags, related, metadata, version, created_at = updated_at AS new FROM given ORDER BY id;
-- An update counts up if it changes something; else nothing is written, and the time stays.
TRUNCATE given;
WITH changed AS (
    UPDATE flowai.catalog SET content = CASE id WHEN 'r:3' THEN '' ELSE 'changed' END, tags = CASE id WHEN 'r:1' THEN tags || ARRAY['c', 'a'] ELSE tags END RETURNING *)
INSERT INTO given TABLE changed;
SELECT * FROM (TABLE given EXCEPT TABLE flowai.catalog) d;
SELECT id, content, tags, version, created_at = updated_at AS untouched FROM given ORDER BY id;
UPDATE flowai.catalog SET version = 7, created_at = 'epoch', updated_at = NULL WHERE id = 'r:3' RETURNING id, version, created_at = updated_at AS untouched;
UPDATE flowai.catalog SET tags = NULL, related = NULL, metadata = NULL, content = NULL WHERE id = 'r:1' RETURNING id, content, tags, related, metadata, version;
-- A new id makes a new entry; ids may change places, but not collide.
WITH changed AS (UPDATE flowai.catalog SET id = CASE id WHEN 'r:2' THEN 'r:3' ELSE 'r:2' END, related = '["r:1"]' WHERE id IN ('r:2', 'r:3') RETURNING id, name, version, created_at = updated_at AS new) SELECT * FROM changed ORDER BY id;
SELECT id, name, related, version FROM flowai.catalog ORDER BY id;
UPDATE flowai.catalog SET id = 'r:1' WHERE id = 'r:3';
UPDATE flowai.catalog SET id = 'r:9' WHERE id IN ('r:2', 'r:3');
UPDATE flowai.catalog SET id = NULL WHERE id = 'r:3';
SELECT id, name FROM flowai.catalog ORDER BY id;

-- An id is inserted once: not over an entry, and not twice.
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('r:5', 'r', 'five'), ('r:1', 'r', 'again'), ('r:2', 'r', 'again');
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('r:5', 'r', 'five'), ('r:5', 'r', 'five');
DO $$
DECLARE
    state text;
    rule text;
BEGIN
    INSERT INTO flowai.catalog (id, item_type, name) VALUES ('r:1', 'r', 'again');
EXCEPTION WHEN unique_violation THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, rule = CONSTRAINT_NAME;
    RAISE NOTICE '% %', state, rule;
END $$;
-- A row is changed once, like a row of a table: a join that meets it again is not heard.
WITH changed AS (UPDATE flowai.catalog c SET content = x.content FROM (VALUES ('r:1', 'met'), ('r:1', 'met'), ('r:2', 'met')) AS x(id, content) WHERE c.id = x.id RETURNING c.id, c.content, c.version) SELECT * FROM changed ORDER BY id;
DELETE FROM flowai.catalog c USING generate_series(1, 3) WHERE c.id = 'r:1' RETURNING c.id;
SELECT id, content, version FROM flowai.catalog ORDER BY id;

-- Parts of one statement are one write; what it deletes goes first, whatever runs first.
WITH gone AS (DELETE FROM flowai.catalog WHERE id = 'r:2' RETURNING *)
INSERT INTO flowai.catalog (id, item_type, name, content) SELECT id, item_type, name, 'moved' FROM gone RETURNING id, content, version;
WITH gone AS (DELETE FROM flowai.catalog WHERE id = 'r:2' RETURNING id), more AS (DELETE FROM flowai.catalog WHERE id = 'r:3' RETURNING id),
     first AS (INSERT INTO flowai.catalog (id, item_type, name) VALUES ('r:4', 'r', 'four') RETURNING id)
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('r:2', 'r', 'back'), ('r:3', 'r', 'back') RETURNING id, version;
SELECT id, name, version FROM flowai.catalog ORDER BY id;
WITH first AS (INSERT INTO flowai.catalog (id, item_type, name) VALUES ('r:6', 'r', 'six') RETURNING id)
INSERT INTO flowai.catalog (id, item_type, name) SELECT id, 'r', 'six' FROM first;
WITH gone AS (DELETE FROM flowai.catalog WHERE id = 'r:2' RETURNING id) UPDATE flowai.catalog SET content = 'late' WHERE id = 'r:2' AND EXISTS (TABLE gone) RETURNING id;
SELECT id, content FROM flowai.catalog ORDER BY id;
DELETE FROM flowai.catalog;

-- Malformed rows: the rules of catalog_put; an insert says which row, an update which entry.
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('m:1', 'm', 'one'), ('m:2', 'm', ' ');
INSERT INTO flowai.catalog (id, item_type, name) VALUES (NULL, 'm', 'one');
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('m:1', 'M m', 'one');
INSERT INTO flowai.catalog (id, item_type, name, tags) VALUES ('m:1', 'm', 'one', ARRAY['a', NULL]);
INSERT INTO flowai.catalog (id, item_type, name, tags) VALUES ('m:1', 'm', 'one', '{{a,b},{c,d}}');
INSERT INTO flowai.catalog (id, item_type, name, tags) VALUES ('m:1', 'm', 'one', '{" "}');
INSERT INTO flowai.catalog (id, item_type, name, related) VALUES ('m:1', 'm', 'one', '{"id": "m:2"}');
INSERT INTO flowai.catalog (id, item_type, name, related) VALUES ('m:1', 'm', 'one', '[{"id": "m:2", "to": "m:3"}]');
INSERT INTO flowai.catalog (id, item_type, name, metadata) VALUES ('m:1', 'm', 'one', '[]');
INSERT INTO flowai.catalog (id, item_type, name, metadata) VALUES ('m:1', 'table', 'one', '{"rowCount": "10"}');
INSERT INTO flowai.catalog (id, item_type, name, metadata) VALUES ('m:1', 'm', 'one', (repeat('{"a":', 200) || '1' || repeat('}', 200))::jsonb);
INSERT INTO flowai.catalog (id, item_type, name, metadata) VALUES ('m:1', 'm', 'one', '{"$serde_json::private::Number": "1"}');
INSERT INTO flowai.catalog (id, item_type, name, content) VALUES ('m:1', 'm', 'one', repeat('x', 1048577));
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('m:1', 'm', 'one');
UPDATE flowai.catalog SET name = NULL;
UPDATE flowai.catalog SET metadata = '7';
-- What the server does not hand to triggers: ON CONFLICT, MERGE, TRUNCATE.
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('m:1', 'm', 'one') ON CONFLICT DO NOTHING;
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('m:1', 'm', 'one') ON CONFLICT (id) DO NOTHING;
MERGE INTO flowai.catalog c USING (VALUES ('m:1')) AS v(id) ON c.id = v.id WHEN MATCHED THEN DELETE;
TRUNCATE flowai.catalog;
SELECT id, name, version FROM flowai.catalog;

-- Rows that an error took are not found by a later statement, and a savepoint keeps what came before.
BEGIN;
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('s:1', 's', 'one');
SAVEPOINT s;
INSERT INTO flowai.catalog (id, item_type, name) SELECT 's:' || i, 's', CASE WHEN i < 5 THEN 'n' END FROM generate_series(2, 9) i;
ROLLBACK TO s;
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('s:9', 's', 'nine');
COMMIT;
SELECT id FROM flowai.catalog WHERE item_type = 's' ORDER BY id;
-- So it is where a function catches the error in the middle of an outer statement, whose rows stay its own.
CREATE FUNCTION pg_temp.tried(i integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO flowai.catalog (id, item_type, name) VALUES ('t:' || i, 't', 'inner'), ('u:' || i, 't', CASE WHEN i <> 2 THEN 'inner' END);
    RETURN (SELECT count(*) FROM flowai.catalog WHERE item_type = 't')::text;
EXCEPTION WHEN OTHERS THEN
    RETURN 'no: ' || SQLERRM;
END $$;
INSERT INTO flowai.catalog (id, item_type, name, content) SELECT 'o:' || i, 'o', 'outer', pg_temp.tried(i) FROM generate_series(1, 3) i RETURNING id, content;
SELECT id, item_type, name, content FROM flowai.catalog WHERE item_type IN ('t', 'o') ORDER BY id;
SELECT id FROM flowai.search_catalog('outer') ORDER BY id;
-- An entry that a function changed meanwhile is not the one that the statement has read.
CREATE FUNCTION pg_temp.meddle() RETURNS text LANGUAGE sql AS $$ UPDATE flowai.catalog SET name = 'meddled' WHERE id = 'o:1' RETURNING name $$;
UPDATE flowai.catalog SET content = pg_temp.meddle() WHERE id = 'o:1';
SELECT name FROM flowai.catalog WHERE id = 'o:1';
-- A procedure that commits between its statements.
CREATE PROCEDURE pg_temp.stages() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 2 LOOP
        INSERT INTO flowai.catalog (id, item_type, name) VALUES ('p:' || i, 'p', 'stage');
        COMMIT;
        UPDATE flowai.catalog SET content = 'done' WHERE id = 'p:' || i;
        IF i = 1 THEN COMMIT; ELSE ROLLBACK; END IF;
    END LOOP;
END $$;
CALL pg_temp.stages();
SELECT id, content FROM flowai.catalog WHERE item_type = 'p' ORDER BY id;
DELETE FROM flowai.catalog;

-- COPY.
COPY flowai.catalog (id, item_type, name, tags) FROM stdin;
c:1	c	one	{x,y}
c:2	c	two	\N
c:3	c	three	{}
\.
SELECT id, name, tags, related, version FROM flowai.catalog ORDER BY id;
SELECT id FROM flowai.search_catalog('three');
COPY flowai.catalog (id, item_type, name) FROM stdin;
c:4	c	four
c:5	C	five
\.
COPY flowai.catalog (id, item_type, name) FROM stdin;
c:4	c	four
c:1	c	one
\.
SELECT count(*) FROM flowai.catalog;

-- Other workspaces and tenants are not touched; without a tenant nothing is written.
SET flowai.workspace = 'drafts';
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('c:1', 'c', 'draft');
UPDATE flowai.catalog SET name = 'a draft' RETURNING id, version;
RESET flowai.workspace;
SET ROLE globex_app;
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('c:1', 'c', 'of globex');
UPDATE flowai.catalog SET name = 'still of globex' RETURNING id, version;
SET ROLE pool;
INSERT INTO flowai.catalog (id, item_type, name) VALUES ('c:1', 'c', 'of nobody');
UPDATE flowai.catalog SET name = 'of nobody' RETURNING id;
SET ROLE acme_app;
SELECT id, name FROM flowai.catalog ORDER BY id;
SET flowai.workspace = 'drafts';
SELECT id, name FROM flowai.catalog ORDER BY id;
