-- Attacks on isolation: the tables themselves, and all that PostgreSQL lets one put upon a table.
--
-- Tenants hold SELECT, the policy is on every piece, keys begin with the tenant, and nothing of anybody's can be
-- put upon a table of the extension's.
\set ECHO none
\getenv sources PG_ABS_SRCDIR
\set fixture :sources /fixtures/isolation.psql
\i :fixture

INSERT INTO arena.attempts VALUES
(201, 'globex_app', 'a predicate on the tenant', $$SELECT key, value FROM flowai.kv_entries WHERE tenant_id = 'acme'$$, 'no row'),
(202, 'globex_app', 'its negation', $$SELECT key, value FROM flowai.kv_entries WHERE tenant_id <> 'globex'$$, 'no row'),
(203, 'globex_app', 'OR true', $$SELECT key, value FROM flowai.kv_entries WHERE tenant_id = 'acme' OR true$$, 'no row'),
(204, 'globex_app', 'UNION ALL of both', $$SELECT key FROM flowai.kv_entries UNION ALL SELECT id FROM flowai.plans WHERE tenant_id = 'acme'$$, 'no row'),
(205, 'globex_app', 'a self-join on the key', $$SELECT b.value FROM (VALUES ('merger')) a(key) LEFT JOIN flowai.kv_entries b USING (key)$$, '()'),
(206, 'globex_app', 'an anti-join', $$SELECT count(*) FROM (VALUES ('merger')) a(key) WHERE NOT EXISTS (SELECT FROM flowai.kv_entries b WHERE b.key = a.key)$$, '(1)'),
(207, 'globex_app', 'a recursive query', $$WITH RECURSIVE r(id, n) AS (SELECT 'table:t2' COLLATE "C", 1 UNION ALL SELECT c.to_id, n + 1 FROM r JOIN flowai.catalog_relations c ON c.from_id = r.id WHERE n < 5) SELECT count(*) FROM r$$, '(1)'),
(208, 'globex_app', 'an aggregate over all', $$SELECT max(value::text), count(*), bool_or(true) FROM flowai.kv_entries$$, '(,0,)'),
(209, 'globex_app', 'a whole row as JSON', $$SELECT to_jsonb(e) FROM flowai.kv_entries e$$, 'no row'),
(210, 'globex_app', 'the server''s export functions', $$SELECT query_to_xml('SELECT * FROM flowai.kv_entries', true, true, '')::text = ''$$, '(t)'),
(211, 'globex_app', 'a table as XML', $$SELECT table_to_xml('flowai.kv_entries', true, true, '')::text ~ 'merger'$$, '(f)'),
(212, 'globex_app', 'a schema as XML', $$SELECT schema_to_xml('flowai', true, true, '')::text ~ 'merger'$$, '(f)'),
(213, 'globex_app', 'text search statistics', $$SELECT count(*) FROM ts_stat('SELECT to_tsvector(content) FROM flowai.catalog_entries')$$, '(0)'),
(214, 'globex_app', 'TABLESAMPLE', $$SELECT count(*) FROM flowai.kv_entries TABLESAMPLE SYSTEM (100) REPEATABLE (1)$$, '(0)'),
(215, 'globex_app', 'places of rows', $$SELECT ctid, xmin, xmax, tableoid FROM flowai.kv_entries$$, 'no row'),
(216, 'globex_app', 'a row by its place', $$SELECT count(*) FROM flowai.kv_entries, generate_series(0, 3) b, generate_series(1, 20) o WHERE kv_entries.ctid = format('(%s,%s)', b, o)::tid$$, '(0)'),
(217, 'globex_app', 'the writers of rows', $$SELECT count(*) FROM flowai.kv_entries WHERE xmin::text::bigint > 0$$, '(0)'),
(218, 'globex_app', 'an event by its id', $$SELECT count(*) FROM flowai.events WHERE event_id = arena.known('event')::uuid$$, '(0)'),
(219, 'globex_app', 'currtid2', $$SELECT currtid2('flowai_internal.kv_entries_00', '(0,1)')$$, 'error 42501'),
(220, 'globex_app', 'a leaf', $$SELECT count(*) FROM flowai_internal.kv_entries_00$$, 'error 42501'),
(221, 'globex_app', 'a leaf by its number', $$DO $d$BEGIN EXECUTE format('SELECT FROM %s', (SELECT c.oid::regclass FROM pg_class c WHERE relname = 'kv_entries_05')); END$d$ $$, 'error 42501'),
(222, 'globex_app', 'every leaf', $$DO $d$DECLARE leaf regclass; BEGIN FOR leaf IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'flowai.kv_entries'::regclass LOOP BEGIN EXECUTE format('TABLE %s', leaf); RAISE 'read %', leaf; EXCEPTION WHEN insufficient_privilege THEN NULL; END; END LOOP; END$d$ $$, 'done'),
(223, 'globex_app', 'ONLY the parent', $$SELECT count(*) FROM ONLY flowai.kv_entries$$, '(0)'),
(224, 'globex_app', 'the toast of a leaf', $$DO $d$BEGIN EXECUTE format('SELECT FROM %s', (SELECT reltoastrelid::regclass FROM pg_class WHERE relname = 'ref_payloads_00')); END$d$ $$, 'error 42501'),
(225, 'globex_app', 'a partition of its own', $$CREATE TABLE lair.p PARTITION OF flowai.kv_entries FOR VALUES WITH (MODULUS 16, REMAINDER 3)$$, 'error 42501'),
(226, 'globex_app', 'its own table attached', $$CREATE TABLE lair.p (LIKE flowai.kv_entries);; ALTER TABLE flowai.kv_entries ATTACH PARTITION lair.p FOR VALUES WITH (MODULUS 32, REMAINDER 3)$$, 'error 42501'),
(227, 'globex_app', 'a leaf detached', $$ALTER TABLE flowai.kv_entries DETACH PARTITION flowai_internal.kv_entries_00$$, 'error 42501'),
(228, 'globex_app', 'a leaf attached to its own table', $$CREATE TABLE lair.p (LIKE flowai.kv_entries) PARTITION BY LIST (namespace);; ALTER TABLE lair.p ATTACH PARTITION flowai_internal.kv_entries_00 DEFAULT$$, 'error 42501'),
(229, 'globex_app', 'a child table', $$CREATE TABLE lair.c () INHERITS (flowai.allowed_functions)$$, 'error 42501'),
(230, 'globex_app', 'INSERT', $$INSERT INTO flowai.kv_entries VALUES ('acme', 'n', 'k', '1', 1, NULL, now(), now())$$, 'error 42501'),
(231, 'globex_app', 'UPDATE', $$UPDATE flowai.kv_entries SET value = '0'$$, 'error 42501'),
(232, 'globex_app', 'DELETE', $$DELETE FROM flowai.kv_entries WHERE tenant_id = 'acme'$$, 'error 42501'),
(233, 'globex_app', 'DELETE that returns', $$DELETE FROM flowai.kv_entries RETURNING value$$, 'error 42501'),
(234, 'globex_app', 'MERGE', $$MERGE INTO flowai.kv_entries e USING (SELECT 1) s ON true WHEN MATCHED THEN UPDATE SET value = '0'$$, 'error 42501'),
(235, 'globex_app', 'INSERT ON CONFLICT', $$INSERT INTO flowai.kv_entries VALUES ('acme', 'vault', 'merger', '1', 1, NULL, now(), now()) ON CONFLICT DO NOTHING$$, 'error 42501'),
(236, 'globex_app', 'TRUNCATE', $$TRUNCATE flowai.kv_entries$$, 'error 42501'),
(237, 'globex_app', 'TRUNCATE of a leaf', $$TRUNCATE flowai_internal.kv_entries_00$$, 'error 42501'),
(238, 'globex_app', 'COPY to a file', $$COPY flowai.kv_entries TO '/tmp/kv'$$, 'error 42501'),
(239, 'globex_app', 'COPY to a program', $$COPY (SELECT * FROM flowai.kv_entries) TO PROGRAM 'cat'$$, 'error 42501'),
(240, 'globex_app', 'COPY from a file', $$COPY flowai.kv_entries FROM '/etc/passwd'$$, 'error 42501'),
(241, 'globex_app', 'row locks', $$SELECT * FROM flowai.kv_entries FOR UPDATE$$, 'error 42501'),
(242, 'globex_app', 'the weakest row lock', $$SELECT * FROM flowai.kv_entries FOR KEY SHARE$$, 'error 42501'),
(243, 'globex_app', 'a table lock', $$LOCK TABLE flowai.kv_entries IN ROW EXCLUSIVE MODE$$, 'error 42501'),
(244, 'globex_app', 'a table lock through the view', $$LOCK TABLE flowai.catalog IN ROW EXCLUSIVE MODE$$, 'error 42501'),
(245, 'globex_app', 'a table lock on a leaf', $$LOCK TABLE flowai_internal.kv_entries_00 IN ACCESS SHARE MODE$$, 'error 42501'),
(246, 'globex_app', 'a foreign key to a row of acme', $$CREATE TABLE lair.r (t text DEFAULT 'acme', n text, k text, FOREIGN KEY (t, n, k) REFERENCES flowai.kv_entries)$$, 'error 42501'),
(247, 'globex_app', 'a trigger', $$CREATE TRIGGER t AFTER INSERT ON flowai.kv_entries EXECUTE FUNCTION suppress_redundant_updates_trigger()$$, 'error 42501'),
(248, 'globex_app', 'a trigger on the view', $$CREATE TRIGGER t INSTEAD OF INSERT ON flowai.approval_inbox FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()$$, 'error 42501'),
(249, 'globex_app', 'a rule', $$CREATE RULE r AS ON INSERT TO flowai.kv_entries DO ALSO NOTIFY x$$, 'error 42501'),
(250, 'globex_app', 'a rule of the view', $$CREATE OR REPLACE RULE "_RETURN" AS ON SELECT TO flowai.catalog DO INSTEAD SELECT * FROM flowai.catalog_entries$$, 'error 42501'),
(251, 'globex_app', 'the view with its owner''s rights', $$ALTER VIEW flowai.catalog RESET (security_invoker)$$, 'error 42501'),
(252, 'globex_app', 'another view in its place', $$CREATE OR REPLACE VIEW flowai.catalog AS SELECT 1$$, 'error 42501'),
(253, 'globex_app', 'a view of its own', $$CREATE VIEW lair.v WITH (security_barrier) AS SELECT * FROM flowai.kv_entries;; TABLE lair.v$$, 'no row'),
(254, 'globex_app', 'a materialized view of its own', $$CREATE MATERIALIZED VIEW lair.m AS SELECT * FROM flowai.kv_entries;; TABLE lair.m$$, 'no row'),
(255, 'globex_app', 'acme''s own view, made without a thought and granted to all', $$SELECT count(*) FROM public.acme_window$$, '(0)'),
(256, 'globex_app', 'acme''s own definer function, granted to all', $$SELECT public.acme_reads()$$, '(0)'),
(257, 'globex_app', 'a policy', $$CREATE POLICY p ON flowai.kv_entries USING (true)$$, 'error 42501'),
(258, 'globex_app', 'the policy altered', $$ALTER POLICY tenant ON flowai.kv_entries USING (true)$$, 'error 42501'),
(259, 'globex_app', 'row security off for the table', $$ALTER TABLE flowai.kv_entries DISABLE ROW LEVEL SECURITY$$, 'error 42501'),
(260, 'globex_app', 'row security not forced', $$ALTER TABLE flowai.kv_entries NO FORCE ROW LEVEL SECURITY$$, 'error 42501'),
(261, 'globex_app', 'another owner', $$ALTER TABLE flowai.kv_entries OWNER TO globex_app$$, 'error 42501'),
(262, 'globex_app', 'an index, which would run its own code', $$CREATE INDEX ON flowai.kv_entries (lower(key))$$, 'error 42501'),
(263, 'globex_app', 'extended statistics', $$CREATE STATISTICS lair.s ON namespace, key FROM flowai.kv_entries$$, 'error 42501'),
(264, 'globex_app', 'more statistics', $$ALTER TABLE flowai.kv_entries ALTER key SET STATISTICS 10000$$, 'error 42501'),
(265, 'globex_app', 'a publication', $$CREATE PUBLICATION p FOR TABLE flowai.kv_entries$$, 'error 42501'),
(266, 'globex_app', 'a subscription', $$CREATE SUBSCRIPTION s CONNECTION 'dbname=regression' PUBLICATION p WITH (connect = false)$$, 'error 42501'),
(267, 'globex_app', 'a replication slot', $$SELECT pg_create_logical_replication_slot('s', 'test_decoding')$$, 'error 42501'),
(268, 'globex_app', 'what a slot decodes', $$SELECT pg_logical_slot_peek_changes('s', NULL, NULL)$$, 'error 42501'),
(269, 'globex_app', 'a foreign server', $$CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw$$, 'error 42501'),
(270, 'globex_app', 'its own wrapper', $$CREATE FOREIGN DATA WRAPPER w$$, 'error 42501'),
(271, 'globex_app', 'a column with its own default', $$ALTER TABLE flowai.kv_entries ADD COLUMN x int$$, 'error 42501'),
(272, 'globex_app', 'the table dropped', $$DROP TABLE flowai.kv_entries CASCADE$$, 'error 42501'),
(273, 'globex_app', 'the extension dropped', $$DROP EXTENSION flowai_runtime CASCADE$$, 'error 42501'),
(274, 'globex_app', 'the extension updated', $$ALTER EXTENSION flowai_runtime UPDATE$$, 'error 42501'),
(275, 'globex_app', 'a table taken out of the extension', $$ALTER EXTENSION flowai_runtime DROP TABLE flowai.kv_entries$$, 'error 42501'),
(276, 'globex_app', 'an object in the schema', $$CREATE TABLE flowai.mine (a int)$$, 'error 42501'),
(277, 'globex_app', 'the schema renamed', $$ALTER SCHEMA flowai RENAME TO mine$$, 'error 42501'),
(278, 'globex_app', 'default privileges of the owner', $$ALTER DEFAULT PRIVILEGES FOR ROLE flowai_owner GRANT ALL ON TABLES TO globex_app$$, 'error 42501'),
(279, 'globex_app', 'a comment', $$COMMENT ON TABLE flowai.kv_entries IS 'mine'$$, 'error 42501'),
(280, 'globex_app', 'a security label', $$SECURITY LABEL ON TABLE flowai.kv_entries IS 'mine'$$, 'error 22023'),
(281, 'globex_app', 'REINDEX, which locks', $$REINDEX TABLE flowai_internal.kv_entries_00$$, 'error 42501'),
(282, 'globex_app', 'CLUSTER', $$CLUSTER flowai.kv_entries USING kv_entries_pkey$$, 'error 42501'),
(283, 'globex_app', 'the same key: a new entry, no conflict', $$SELECT created FROM flowai.kv_put_if_absent('vault', 'merger', '1')$$, '(t)'),
(284, 'globex_app', 'the same key, replaced: created, not found', $$SELECT created FROM flowai.kv_put('vault', 'merger', '1')$$, '(t)'),
(285, 'globex_app', 'a version of acme''s as a compare-and-set', $$SELECT created FROM flowai.kv_put('vault', 'merger', '1', expected_version => 1)$$, 'error 40001 kv_version'),
(286, 'globex_app', 'no entry as a compare-and-set', $$SELECT created FROM flowai.kv_put('vault', 'merger', '1', expected_version => 0)$$, '(t)'),
(287, 'globex_app', 'the same counter', $$SELECT value FROM flowai.kv_increment('vault', 'count', 1)$$, '(1)'),
(288, 'globex_app', 'the same catalog id', $$SELECT outcome FROM flowai.catalog_put('[{"id": "table:t1", "itemType": "table", "name": "t1"}]')$$, '(inserted)'),
(289, 'globex_app', 'the same id through the view', $$INSERT INTO flowai.catalog (id, item_type, name) VALUES ('table:t1', 'table', 't1') RETURNING version$$, '(1)'),
(290, 'globex_app', 'UPDATE through the view', $$UPDATE flowai.catalog SET name = 'mine' WHERE id = 'table:t1' RETURNING id$$, 'no row'),
(291, 'globex_app', 'DELETE of all through the view', $$DELETE FROM flowai.catalog RETURNING id$$, 'no row'),
(292, 'globex_app', 'the same kind of references', $$SELECT flowai.ref_kind_define('vault')$$, '(1)'),
(293, 'globex_app', 'the same payload has another id', $$SELECT flowai.ref_kind_define('vault');; SELECT created, id = arena.known('ref') FROM flowai.ref_put('vault', '[{"with": "initech"}]')$$, '(t,f)'),
(294, 'globex_app', 'the same plan', $$SELECT flowai.plan_kind_define('vault', '{}');; SELECT created FROM flowai.plan_store('vault', 'open', '{"title": "t", "steps": [{"operation": "o"}]}')$$, '(t)'),
(295, 'globex_app', 'acme''s reference in its own plan', $$SELECT flowai.plan_kind_define('vault', '{}'), flowai.ref_kind_define('vault');; SELECT flowai.plan_store('vault', 'p', format('{"title": "t", "steps": [{"operation": "o", "references": [{"kind": "vault", "id": "%s"}]}]}', arena.known('ref'))::jsonb)$$, 'error P0002 plan_references_found'),
(296, 'globex_app', 'replacing the whole workspace', $$SELECT count(*) FILTER (WHERE outcome = 'deleted') FROM flowai.catalog_replace('[]')$$, '(0)'),
(297, 'globex_app', 'purging', $$SELECT flowai.kv_purge(), flowai.ref_purge()$$, '(0,0)'),
(298, 'globex_app', 'claiming whatever waits', $$SELECT plan FROM flowai.plan_claim()$$, 'no row'),
(299, 'globex_app', 'deleting the other''s reference', $$SELECT flowai.ref_delete('vault', arena.known('ref'))$$, '(f)');

-- What a busy tenant leaves lying about: a view and a definer function of its own, for everybody.
GRANT CREATE ON SCHEMA public TO acme_app;
SET ROLE acme_app;
CREATE VIEW public.acme_window AS SELECT * FROM flowai.kv_entries;
CREATE FUNCTION public.acme_reads() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM flowai.kv_entries';
GRANT SELECT ON public.acme_window TO PUBLIC;
SELECT '200 acme_app: the control: what it sees itself -> ' || count(*) || ' ' || public.acme_reads() FROM public.acme_window;
\connect - globex_app
:attempts \gexec
\connect - postgres
-- Nothing of acme's has moved.
:damage;
