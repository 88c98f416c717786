-- A hostile tenant with psql and a schema of its own, against the rows of another.
--
-- Each attempt says what it tries; the required outcome is no row, no fact and no lock of acme's.
CREATE SCHEMA lair AUTHORIZATION globex_app;
SET ROLE acme_app;
SELECT outcome FROM flowai.catalog_put('[{"id": "table:merger", "itemType": "table", "name": "merger", "content": "Merger with initech in March."}]');
SET ROLE globex_app;
SET search_path = lair, public;

-- 1 to 8: the selector, by every route.
SET flowai.tenant TO 'acme'; SELECT count(*) FROM flowai.catalog_entries;
RESET flowai.tenant;
SET SESSION flowai.tenant = "acme"; TABLE flowai.catalog;
RESET flowai.tenant;
BEGIN; SET LOCAL flowai.tenant = 'acme'; SELECT count(*) FROM flowai.catalog_entries; ROLLBACK;
SELECT count(*) FROM flowai.catalog_entries, (SELECT set_config('flowai.tenant', 'acme', false)) s;
RESET flowai.tenant;
WITH s AS MATERIALIZED (SELECT set_config('flowai.tenant', 'acme', true)) SELECT count(*) FROM s, flowai.catalog_entries;
SELECT count(*) FROM flowai.catalog_entries WHERE set_config('flowai.tenant', 'acme', true) IS NOT NULL;
CREATE FUNCTION lair.as_acme() RETURNS bigint LANGUAGE sql SET flowai.tenant = 'acme' AS 'SELECT count(*) FROM flowai.catalog_entries';
SELECT lair.as_acme();
ALTER ROLE globex_app SET flowai.tenant = 'acme';
ALTER ROLE globex_app RESET flowai.tenant;
-- 9 to 14: roles.
SET ROLE acme_app;
SELECT role, tenant FROM flowai.whoami();
RESET ROLE;
\connect - globex_app
SET search_path = lair, public;
SET ROLE acme_app;
SET ROLE flowai_owner;
SET ROLE flowai_admin;
SET SESSION AUTHORIZATION acme_app;
GRANT acme_app TO globex_app;
SELECT flowai.tenant_grant('acme', 'globex_app');
-- 15 to 21: operators, functions and tables that shadow what policies and functions use.
CREATE FUNCTION lair.always(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR lair.= (LEFTARG = text, RIGHTARG = text, FUNCTION = lair.always);
CREATE OPERATOR lair.<> (LEFTARG = bytea, RIGHTARG = bytea, FUNCTION = pg_catalog.byteane);
SET search_path = lair, pg_catalog, public;
SELECT count(*) FROM flowai.catalog_entries;
SELECT count(*) FROM flowai.search_catalog('merger');
SELECT found FROM flowai.get_catalog_entities('{table:merger}');
CREATE FUNCTION lair.current_tenant() RETURNS text LANGUAGE sql AS $$SELECT 'acme'$$;
SELECT count(*) FROM flowai.catalog;
CREATE TEMP TABLE catalog_entries AS SELECT 'x' AS id;
SELECT count(*) FROM flowai.catalog;
DROP TABLE pg_temp.catalog_entries;
DROP OPERATOR lair.= (text, text);
SET search_path = lair, public;
-- 22 to 27: functions that are shown rows before the policy is, and errors that tell values.
CREATE FUNCTION lair.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$BEGIN RAISE NOTICE 'seen: %', $1; RETURN true; END$$;
SELECT count(*) FROM flowai.catalog_entries WHERE lair.leak(content);
SELECT count(*) FROM flowai.catalog WHERE lair.leak(content);
SELECT count(*) FROM flowai.catalog_entries WHERE content::integer > 0;
SELECT count(*) FROM flowai.catalog_entries WHERE 1 / length(name) > 0;
CREATE FUNCTION lair.sure(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true';
CREATE STATISTICS lair.guess ON name, content FROM flowai.catalog_entries;
-- 28 to 37: the tables themselves.
SELECT ctid, xmin FROM flowai.catalog_entries;
SELECT count(*) FROM flowai.catalog_entries TABLESAMPLE SYSTEM (100);
SELECT count(*) FROM ONLY flowai.catalog_entries;
SELECT relname FROM pg_class WHERE relname = 'catalog_entries_03' AND pg_relation_size(oid) < 0;
MERGE INTO flowai.catalog_entries e USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE;
INSERT INTO flowai.catalog_entries SELECT * FROM flowai.catalog_entries;
\copy flowai.catalog_entries FROM PROGRAM 'true'
ALTER TABLE flowai.catalog_entries DISABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON flowai.catalog_entries USING (true);
CREATE TABLE lair.piece PARTITION OF flowai.catalog_entries FOR VALUES WITH (MODULUS 16, REMAINDER 3);
CREATE TABLE lair.child () INHERITS (flowai.catalog_entries);
CREATE TABLE lair.spy (tenant_id text, workspace_id text, id text, FOREIGN KEY (tenant_id, workspace_id, id) REFERENCES flowai.catalog_entries);
CREATE RULE r AS ON SELECT TO flowai.catalog DO INSTEAD SELECT 1;
CREATE VIEW lair.window WITH (security_barrier) AS SELECT * FROM flowai.catalog_entries;
SELECT count(*) FROM lair.window;
-- 42 to 47: what plans, statistics and locks tell.
EXPLAIN (COSTS OFF) SELECT * FROM flowai.catalog_entries WHERE tenant_id = 'acme';
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT to_id FROM flowai.catalog_relations WHERE workspace_id = 'default' AND from_id = 'table:merger' AND kind = 'related_to' AND to_id = 'table:target';
SELECT count(*) FROM pg_stats WHERE tablename ^@ 'catalog_entries' AND most_common_vals::text ~ 'merger';
SELECT count(*) FROM pg_statistic;
SELECT count(*) FROM pg_policies WHERE qual ~ 'acme';
SELECT count(*) FROM pg_db_role_setting WHERE setconfig::text ~ 'acme';
-- 48 to 55: the extension's own doors, with the other's names.
SELECT outcome FROM flowai.catalog_put('[{"id": "table:merger", "itemType": "table", "name": "merger"}]');
SELECT * FROM flowai.catalog_delete('{table:merger}');
SELECT * FROM flowai.get_relation_paths_between('table:merger', 'table:merger');
SELECT count(*) FROM flowai.search_catalog('initech');
SELECT count(*) FROM flowai.search_catalog('initec');
SELECT count(*) FROM flowai.search_catalog('table:merger');
SELECT flowai.search_rebuild();
SELECT count(*) FROM flowai.profile_database('flowai_internal');
SELECT flowai.tenant_is('acme');
SELECT flowai_internal.make_tenant_table('lair.leak');
SELECT flowai.current_tenant_support(NULL);
CREATE VIEW lair.bait AS SELECT 1 AS id;
CREATE TRIGGER borrowed INSTEAD OF DELETE ON lair.bait FOR EACH ROW EXECUTE FUNCTION flowai_internal.catalog_view_write();
-- A view, a policy and a cast whose functions wait for somebody with rows to profile them.
CREATE TABLE lair.loot (what text);
GRANT USAGE ON SCHEMA lair TO acme_app;
GRANT INSERT ON lair.loot TO PUBLIC;
CREATE FUNCTION lair.trap() RETURNS text LANGUAGE plpgsql AS $$BEGIN INSERT INTO lair.loot SELECT current_user || ': ' || e.content FROM flowai.catalog_entries e; RETURN 'x'; END$$;
CREATE VIEW lair.ware AS SELECT lair.trap() AS a;
CREATE TABLE lair.guarded (a text);
INSERT INTO lair.guarded VALUES ('x');
ALTER TABLE lair.guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY trapped ON lair.guarded USING (lair.trap() IS NOT NULL);
CREATE TYPE lair.mood AS ENUM ('good');
CREATE FUNCTION lair.spell(lair.mood) RETURNS text LANGUAGE sql AS 'SELECT lair.trap()';
CREATE CAST (lair.mood AS text) WITH FUNCTION lair.spell(lair.mood);
CREATE TABLE lair.cast_upon (a lair.mood);
INSERT INTO lair.cast_upon VALUES ('good');
GRANT SELECT ON lair.ware, lair.guarded, lair.cast_upon TO PUBLIC;
RESET search_path;
\connect - acme_app
SELECT count(*) FROM flowai.profile_database('lair');
SELECT id, metadata -> 'profile' AS profile FROM flowai.catalog WHERE id ~ 'lair' AND item_type = 'column' ORDER BY id;
SELECT count(*) FROM flowai.catalog_delete(ARRAY(SELECT id FROM flowai.catalog WHERE id ~ 'lair'));
\connect - postgres
SELECT flowai.profile_schema('lair');
SELECT * FROM lair.loot;
-- Nothing of acme's has moved.
\connect - acme_app
SELECT id, content FROM flowai.catalog;
SELECT id, total FROM flowai.search_catalog('merger');
