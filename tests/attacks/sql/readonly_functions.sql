-- Attacks on read-only SQL: functions of the server that do more than read, in every position that one can be
-- called from, and under every spelling.
--
-- A READ ONLY transaction stops few of them: settings, locks, messages, large objects and statements in strings
-- all work there. So each must be found by the walk, wherever it stands, whether it would be evaluated or not.
\set ECHO none
\getenv sources PG_ABS_SRCDIR
\set fixture :sources /fixtures/readonly.psql
\i :fixture

-- One function, set_config, which would choose another tenant, in every position.
INSERT INTO arena.attacks VALUES
(1, 'target list', $$SELECT set_config('flowai.tenant', 'globex', false)$$),
(2, 'FROM', $$SELECT * FROM set_config('flowai.tenant', 'globex', false)$$),
(3, 'FROM, after the reading table', $$SELECT e.* FROM flowai.catalog_entries e, set_config('flowai.tenant', 'globex', true)$$),
(4, 'FROM, before the reading table', $$WITH x AS MATERIALIZED (SELECT set_config('flowai.tenant', 'globex', true) c) SELECT e.* FROM x, flowai.catalog_entries e$$),
(5, 'LATERAL', $$SELECT e.* FROM (VALUES ('acme'), ('globex')) t(t), LATERAL (SELECT set_config('flowai.tenant', t, true)) s, LATERAL (SELECT * FROM flowai.catalog_entries) e$$),
(6, 'LATERAL function', $$SELECT 1 FROM shop.products p, LATERAL set_config('a.b', p.name, true)$$),
(7, 'ROWS FROM', $$SELECT 1 FROM ROWS FROM (generate_series(1, 2), set_config('a.b', 'c', true))$$),
(8, 'ROWS FROM WITH ORDINALITY', $$SELECT 1 FROM ROWS FROM (set_config('a.b', 'c', true)) WITH ORDINALITY$$),
(9, 'argument of a function in FROM', $$SELECT 1 FROM generate_series(1, length(set_config('a.b', 'c', true)))$$),
(10, 'WHERE', $$SELECT e.* FROM flowai.catalog_entries e WHERE set_config('flowai.tenant', 'globex', true) IS NOT NULL$$),
(11, 'JOIN ON', $$SELECT 1 FROM shop.products p JOIN shop.log l ON set_config('a.b', 'c', true) = 'c'$$),
(12, 'GROUP BY', $$SELECT 1 FROM shop.products GROUP BY set_config('a.b', name, true)$$),
(13, 'GROUPING SETS', $$SELECT 1 GROUP BY GROUPING SETS ((set_config('a.b', 'c', true)), ())$$),
(14, 'ROLLUP and CUBE', $$SELECT 1 FROM shop.products GROUP BY ROLLUP (id, set_config('a.b', 'c', true)), CUBE (name)$$),
(15, 'HAVING', $$SELECT 1 FROM shop.products HAVING set_config('a.b', 'c', true) = 'c'$$),
(16, 'ORDER BY', $$SELECT 1 ORDER BY set_config('a.b', 'c', true)$$),
(17, 'ORDER BY USING', $$SELECT 1 FROM shop.products ORDER BY set_config('a.b', name, true) USING >$$),
(18, 'LIMIT', $$SELECT 1 LIMIT length(set_config('a.b', 'c', true))$$),
(19, 'OFFSET', $$SELECT 1 OFFSET length(set_config('a.b', 'c', true))$$),
(20, 'FETCH', $$SELECT 1 FETCH FIRST (length(set_config('a.b', 'c', true))) ROWS ONLY$$),
(21, 'DISTINCT ON', $$SELECT DISTINCT ON (set_config('a.b', 'c', true)) 1$$),
(22, 'VALUES', $$VALUES (set_config('a.b', 'c', true))$$),
(23, 'VALUES in FROM, not the first row', $$SELECT * FROM (VALUES ('x'), (set_config('a.b', 'c', true))) v$$),
(24, 'argument of an aggregate', $$SELECT max(set_config('a.b', name, true)) FROM shop.products$$),
(25, 'ORDER BY of an aggregate', $$SELECT string_agg(name, ',' ORDER BY set_config('a.b', name, true)) FROM shop.products$$),
(26, 'FILTER of an aggregate', $$SELECT count(*) FILTER (WHERE set_config('a.b', 'c', true) = '') FROM shop.products$$),
(27, 'DISTINCT aggregate', $$SELECT count(DISTINCT set_config('a.b', name, true)) FROM shop.products$$),
(28, 'WITHIN GROUP', $$SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY set_config('a.b', name, true)) FROM shop.products$$),
(29, 'direct argument of an ordered-set aggregate', $$SELECT percentile_disc(length(set_config('a.b', 'c', true))) WITHIN GROUP (ORDER BY id) FROM shop.products$$),
(30, 'PARTITION BY of a window', $$SELECT count(*) OVER (PARTITION BY set_config('a.b', name, true)) FROM shop.products$$),
(31, 'ORDER BY of a window', $$SELECT count(*) OVER (ORDER BY set_config('a.b', name, true)) FROM shop.products$$),
(32, 'WINDOW clause', $$SELECT count(*) OVER w FROM shop.products WINDOW w AS (ORDER BY set_config('a.b', name, true))$$),
(33, 'WINDOW clause that nothing uses', $$SELECT 1 FROM shop.products WINDOW w AS (ORDER BY set_config('a.b', name, true))$$),
(34, 'frame offset', $$SELECT count(*) OVER (ROWS length(set_config('a.b', 'c', true)) PRECEDING) FROM shop.products$$),
(35, 'RANGE offset', $$SELECT count(*) OVER (ORDER BY id RANGE BETWEEN length(set_config('a.b', 'c', true)) PRECEDING AND CURRENT ROW) FROM shop.products$$),
(36, 'argument of a window function', $$SELECT lag(set_config('a.b', name, true)) OVER (ORDER BY id) FROM shop.products$$),
(37, 'FILTER of a window aggregate', $$SELECT count(*) FILTER (WHERE set_config('a.b', name, true) = '') OVER () FROM shop.products$$),
(38, 'scalar subquery', $$SELECT (SELECT set_config('a.b', 'c', true))$$),
(39, 'EXISTS, never evaluated', $$SELECT EXISTS (SELECT set_config('a.b', 'c', true))$$),
(40, 'IN', $$SELECT 1 WHERE 'c' IN (SELECT set_config('a.b', 'c', true))$$),
(41, 'IN list', $$SELECT 1 WHERE 'c' IN ('d', set_config('a.b', 'c', true))$$),
(42, 'ANY of an array', $$SELECT 'c' = ANY (ARRAY[set_config('a.b', 'c', true)])$$),
(43, 'ARRAY of a subquery', $$SELECT ARRAY(SELECT set_config('a.b', 'c', true))$$),
(44, 'row comparison', $$SELECT (1, set_config('a.b', 'c', true)) < (2, 'x')$$),
(45, 'row against a subquery', $$SELECT (1, 'x') = (SELECT 1, set_config('a.b', 'c', true))$$),
(46, 'ROW', $$SELECT ROW(set_config('a.b', 'c', true))$$),
(47, 'CASE', $$SELECT CASE WHEN false THEN set_config('a.b', 'c', true) END$$),
(48, 'CASE of a value', $$SELECT CASE set_config('a.b', 'c', true) WHEN 'c' THEN 1 END$$),
(49, 'COALESCE', $$SELECT coalesce('x', set_config('a.b', 'c', true))$$),
(50, 'NULLIF', $$SELECT nullif(set_config('a.b', 'c', true), 'x')$$),
(51, 'GREATEST', $$SELECT greatest('a', set_config('a.b', 'c', true))$$),
(52, 'IS DISTINCT FROM', $$SELECT set_config('a.b', 'c', true) IS DISTINCT FROM 'c'$$),
(53, 'IS NULL', $$SELECT set_config('a.b', 'c', true) IS NULL$$),
(54, 'BETWEEN SYMMETRIC', $$SELECT 'b' BETWEEN SYMMETRIC set_config('a.b', 'c', true) AND 'a'$$),
(55, 'LIKE ESCAPE', $$SELECT 'a' LIKE 'b' ESCAPE set_config('a.b', 'c', true)$$),
(56, 'AT TIME ZONE', $$SELECT now() AT TIME ZONE set_config('a.b', 'UTC', true)$$),
(57, 'subscript', $$SELECT (ARRAY[1, 2])[length(set_config('a.b', 'c', true))]$$),
(58, 'slice', $$SELECT (ARRAY[1, 2])[1:length(set_config('a.b', 'c', true))]$$),
(59, 'subscript of jsonb', $$SELECT ('{"c": 1}'::jsonb)[set_config('a.b', 'c', true)]$$),
(60, 'cast', $$SELECT set_config('a.b', '1', true)::int$$),
(61, 'COLLATE', $$SELECT set_config('a.b', 'c', true) COLLATE "C"$$),
(62, 'TABLESAMPLE argument', $$SELECT 1 FROM shop.products TABLESAMPLE BERNOULLI (length(set_config('a.b', 'c', true)))$$),
(63, 'REPEATABLE', $$SELECT 1 FROM shop.products TABLESAMPLE SYSTEM (1) REPEATABLE (length(set_config('a.b', 'c', true)))$$),
(64, 'XMLELEMENT attribute', $$SELECT xmlelement(name a, xmlattributes(set_config('a.b', 'c', true) AS b))$$),
(65, 'XMLFOREST', $$SELECT xmlforest(set_config('a.b', 'c', true) AS b)$$),
(66, 'XMLPARSE', $$SELECT xmlparse(content set_config('a.b', 'c', true))$$),
(67, 'XMLTABLE path', $$SELECT * FROM xmltable(set_config('a.b', '/a', true) PASSING xml '<a/>' COLUMNS b int PATH '.')$$),
(68, 'XMLTABLE document', $$SELECT * FROM xmltable('/a' PASSING xmlparse(content set_config('a.b', '<a/>', true)) COLUMNS b int PATH '.')$$),
(69, 'XMLTABLE column path', $$SELECT * FROM xmltable('/a' PASSING xml '<a/>' COLUMNS b int PATH set_config('a.b', '.', true))$$),
(70, 'XMLTABLE default', $$SELECT * FROM xmltable('/a' PASSING xml '<a/>' COLUMNS b text PATH 'x' DEFAULT set_config('a.b', 'c', true))$$),
(71, 'XMLTABLE namespace', $$SELECT * FROM xmltable(XMLNAMESPACES (set_config('a.b', 'c', true) AS x), '/a' PASSING xml '<a/>' COLUMNS b text PATH 'x')$$),
(72, 'CYCLE mark', $$WITH RECURSIVE r(a) AS (VALUES (1) UNION ALL SELECT a FROM r) CYCLE a SET m TO set_config('a.b', 'c', true) DEFAULT 'n' USING p SELECT * FROM r$$),
(73, 'recursive term', $$WITH RECURSIVE r(a) AS (VALUES ('x') UNION ALL SELECT set_config('a.b', a, true) FROM r) SELECT * FROM r LIMIT 2$$),
(74, 'WITH that nothing reads', $$WITH w AS (SELECT set_config('a.b', 'c', true)) SELECT 1$$),
(75, 'arm of a UNION', $$SELECT 'x' UNION SELECT set_config('a.b', 'c', true)$$),
(76, 'arm of an EXCEPT', $$SELECT 'x' EXCEPT ALL SELECT set_config('a.b', 'c', true)$$),
(77, 'named arguments', $$SELECT set_config(setting_name => 'a.b', new_value => 'c', is_local => true)$$),
(78, 'VARIADIC of another function', $$SELECT concat(VARIADIC ARRAY[set_config('a.b', 'c', true)])$$),
(79, 'LATERAL in the null side of a join', $$SELECT 1 FROM shop.products p LEFT JOIN LATERAL (SELECT set_config('a.b', p.name, true) s) x ON false$$),
(80, 'condition that is never true', $$SELECT 1 WHERE false AND set_config('a.b', 'c', true) = 'c'$$),
(81, 'below ten levels', $$SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT (SELECT set_config('a.b', 'c', true))))))))))$$),
-- Spellings of its name.
(91, 'with its schema', $$SELECT pg_catalog.set_config('a.b', 'c', true)$$),
(92, 'with database and schema', $$SELECT regression.pg_catalog.set_config('a.b', 'c', true)$$),
(93, 'quoted', $$SELECT "set_config"('a.b', 'c', true)$$),
(94, 'upper case', $$SELECT SET_CONFIG('a.b', 'c', true)$$),
(95, 'Unicode escapes', $$SELECT U&"set\005fconfig"('a.b', 'c', true)$$),
(96, 'Unicode escapes with an escape of one''s own', $$SELECT U&"set!005fconfig" UESCAPE '!' ('a.b', 'c', true)$$),
(97, 'a comment inside', $$SELECT set_config/**/('a.b', 'c', true)$$),
(98, 'a line between name and arguments', E'SELECT set_config\n--\n(''a.b'', ''c'', true)'),
(99, 'Cyrillic letters', U&'SELECT \0455et_config(''a.b'', ''c'', true)'),
(100, 'an invisible letter', U&'SELECT set_\200Bconfig(''a.b'', ''c'', true)'),
(101, 'full-width letters', U&'SELECT \FF53et_config(''a.b'', ''c'', true)'),
(102, 'a name longer than names are', 'SELECT ' || repeat('set_config', 8) || '(''a.b'', ''c'', true)'),
(103, 'attribute notation', $$SELECT ('1'::regclass).nextval$$),
(104, 'attribute notation of a column', $$SELECT (c.oid::regclass).nextval FROM pg_class c$$),
(105, 'operator syntax of a function''s name', $$SELECT 'a.b' OPERATOR(pg_catalog.set_config) 'c'$$),
(106, 'a string that becomes a name', $$SELECT 'set_config'::regproc('a.b', 'c', true)$$);

-- What each sort of effect would be. All of these run in a READ ONLY transaction of the attacker, except where noted.
INSERT INTO arena.attacks VALUES
(201, 'become somebody else for the rest of the session', $$SELECT set_config('role', 'globex_app', false)$$),
(202, 'switch row-level security off', $$SELECT set_config('row_security', 'off', false), * FROM shop.secrets$$),
(203, 'leave read-only mode', $$SELECT set_config('transaction_read_only', 'off', true)$$),
(204, 'leave read-only mode for later', $$SELECT set_config('default_transaction_read_only', 'off', false)$$),
(205, 'lift the time limit', $$SELECT set_config('statement_timeout', '0', false)$$),
(206, 'put own schema first', $$SELECT set_config('search_path', 'lab, pg_catalog', false)$$),
(207, 'lift the server''s limits of a result', $$SELECT set_config('flowai.query_max_bytes', '1GB', false)$$),
(211, 'advance a sequence', $$SELECT nextval('shop.numbers')$$),
(212, 'set a sequence', $$SELECT setval('shop.numbers', 1000)$$),
(213, 'the sequence''s value of this session', $$SELECT currval('shop.numbers')$$),
(214, 'the last value of this session', $$SELECT lastval()$$),
(215, 'a sequence through attribute notation', $$SELECT ('shop.numbers'::regclass).nextval$$),
(221, 'create a large object', $$SELECT lo_create(0)$$), (222, 'create one, old name', $$SELECT lo_creat(-1)$$), (223, 'create one with contents', $$SELECT lo_from_bytea(0, '\x00')$$),
(224, 'open', $$SELECT lo_open(1, 393216)$$), (225, 'write', $$SELECT lowrite(0, '\x00')$$), (226, 'put', $$SELECT lo_put(1, 0, '\x00')$$), (227, 'truncate', $$SELECT lo_truncate(0, 0)$$),
(228, 'unlink', $$SELECT lo_unlink(1)$$), (229, 'unlink all', $$SELECT lo_unlink(oid) FROM pg_largeobject_metadata$$), (230, 'read', $$SELECT lo_get(1)$$), (231, 'import a file (superuser)', $$SELECT lo_import('/etc/passwd')$$), (232, 'export a file (superuser)', $$SELECT lo_export(1, '/tmp/x')$$),
(241, 'lock of the session', $$SELECT pg_advisory_lock(1)$$), (242, 'lock of the transaction', $$SELECT pg_advisory_xact_lock(1, 2)$$), (243, 'try', $$SELECT pg_try_advisory_lock(1)$$), (244, 'shared', $$SELECT pg_try_advisory_lock_shared(1)$$),
(245, 'give locks of others in this session back', $$SELECT pg_advisory_unlock_all()$$), (246, 'lock everything', $$SELECT pg_advisory_lock(id) FROM shop.products$$),
(251, 'tell listeners', $$SELECT pg_notify('x', secret) FROM shop.secrets$$), (252, 'write to the log of changes', $$SELECT pg_logical_emit_message(false, 'a', 'b')$$), (253, 'and in the transaction', $$SELECT pg_logical_emit_message(true, 'a', 'b')$$),
(254, 'take a transaction id', $$SELECT txid_current()$$), (255, 'and by its new name', $$SELECT pg_current_xact_id()$$), (256, 'hold a snapshot for others', $$SELECT pg_export_snapshot()$$), (257, 'sow chance', $$SELECT setseed(0.5)$$),
(258, 'create a restore point (superuser)', $$SELECT pg_create_restore_point('x')$$), (259, 'switch the log (superuser)', $$SELECT pg_switch_wal()$$), (260, 'begin a backup (superuser)', $$SELECT pg_backup_start('x')$$),
(261, 'sleep', $$SELECT pg_sleep(1)$$), (262, 'sleep for', $$SELECT pg_sleep_for('1 s')$$), (263, 'sleep until', $$SELECT pg_sleep_until(now() + interval '1 s')$$), (264, 'sleep for each row', $$SELECT * FROM shop.products WHERE pg_sleep(1) IS NULL$$),
(271, 'end other sessions of the role', $$SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user$$), (272, 'end this one', $$SELECT pg_terminate_backend(pg_backend_pid())$$), (273, 'cancel', $$SELECT pg_cancel_backend(pg_backend_pid())$$),
(274, 'reload settings (superuser)', $$SELECT pg_reload_conf()$$), (275, 'rotate the log (superuser)', $$SELECT pg_rotate_logfile()$$), (276, 'dump memory to the log (superuser)', $$SELECT pg_log_backend_memory_contexts(pg_backend_pid())$$), (277, 'promote (superuser)', $$SELECT pg_promote()$$),
(281, 'reset statistics (superuser)', $$SELECT pg_stat_reset()$$), (282, 'of one table (superuser)', $$SELECT pg_stat_reset_single_table_counters('shop.products'::regclass)$$), (283, 'shared (superuser)', $$SELECT pg_stat_reset_shared('bgwriter')$$), (284, 'of caches (superuser)', $$SELECT pg_stat_reset_slru(NULL)$$), (285, 'clear the snapshot of statistics', $$SELECT pg_stat_clear_snapshot()$$), (286, 'flush statistics', $$SELECT pg_stat_force_next_flush()$$),
(291, 'create a slot', $$SELECT pg_create_logical_replication_slot('x', 'test_decoding')$$), (292, 'create a physical slot', $$SELECT pg_create_physical_replication_slot('x')$$), (293, 'drop one', $$SELECT pg_drop_replication_slot('x')$$), (294, 'read one', $$SELECT * FROM pg_logical_slot_get_changes('x', NULL, NULL)$$), (295, 'peek', $$SELECT * FROM pg_logical_slot_peek_changes('x', NULL, NULL)$$), (296, 'an origin (superuser)', $$SELECT pg_replication_origin_create('x')$$),
(301, 'read a file (superuser)', $$SELECT pg_read_file('/etc/passwd')$$), (302, 'read a file in FROM', $$SELECT * FROM pg_read_file('PG_VERSION')$$), (303, 'read bytes', $$SELECT pg_read_binary_file('PG_VERSION')$$), (304, 'list a directory', $$SELECT * FROM pg_ls_dir('.')$$), (305, 'list the log', $$SELECT * FROM pg_ls_logdir()$$), (306, 'list the write-ahead log', $$SELECT * FROM pg_ls_waldir()$$), (307, 'look at a file', $$SELECT * FROM pg_stat_file('PG_VERSION')$$), (308, 'rules of access', $$SELECT * FROM pg_hba_file_rules$$), (309, 'settings in files', $$SELECT * FROM pg_file_settings$$), (310, 'the log''s name', $$SELECT pg_current_logfile()$$), (311, 'where the server is built', $$SELECT * FROM pg_config$$), (312, 'what could be installed', $$SELECT * FROM pg_available_extensions$$),
(321, 'a statement in a string: XML', $$SELECT query_to_xml('DELETE FROM shop.log', true, true, '')$$), (322, 'and with its schema', $$SELECT query_to_xml_and_xmlschema('SELECT set_config(''a.b'', ''c'', true)', true, true, '')$$), (323, 'the schema alone', $$SELECT query_to_xmlschema('SELECT 1', true, true, '')$$),
(324, 'a table by name', $$SELECT table_to_xml('shop.secrets_by_owner', true, true, '')$$), (325, 'a schema by name', $$SELECT schema_to_xml('shop', true, true, '')$$), (326, 'everything', $$SELECT database_to_xml(true, true, '')$$), (327, 'a cursor by name', $$SELECT cursor_to_xml('c', 10, true, true, '')$$), (328, 'and its schema', $$SELECT cursor_to_xmlschema('c', true, true, '')$$), (329, 'schemas of everything', $$SELECT database_to_xmlschema(true, true, '')$$), (330, 'schema of a schema', $$SELECT schema_to_xmlschema('shop', true, true, '')$$), (331, 'schema of a table', $$SELECT table_to_xmlschema('shop.log', true, true, '')$$),
(332, 'words of a query', $$SELECT * FROM ts_stat('SELECT to_tsvector(set_config(''flowai.tenant'', ''globex'', true))')$$), (333, 'with weights', $$SELECT * FROM ts_stat('SELECT to_tsvector(secret) FROM shop.secrets', 'a')$$), (334, 'rewrite by a query', $$SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, set_config(''a.b'', ''c'', true)::tsquery')$$),
(335, 'this guard inside this guard', $$SELECT flowai.execute_query('SELECT 1')$$), (336, 'and in FROM', $$SELECT * FROM flowai.query('SELECT 1') AS t(a int)$$), (337, 'its rows', $$SELECT flowai.query_rows('SELECT 1')$$), (338, 'its verdict', $$SELECT * FROM flowai.validate_query('SELECT 1')$$),
(341, 'choose a tenant', $$SELECT flowai.use_tenant('globex')$$), (342, 'write to the catalog', $$SELECT * FROM flowai.catalog_put('[]')$$), (343, 'write an entry', $$SELECT * FROM flowai.kv_put('a', 'b', '1')$$), (344, 'search, which may flush', $$SELECT * FROM flowai.search_catalog('x')$$), (345, 'allow a function', $$SELECT flowai.function_allow('shop.write(text)')$$),
(351, 'the cast of a text to a type with effects: none, but a function', $$SELECT 'shop.numbers'::regclass::oid, nextval('shop.numbers'::text)$$), (352, 'the input function of a domain', $$SELECT domain_in('x', 0, -1)$$), (353, 'of an array', $$SELECT array_in('{x}', 0, -1)$$), (354, 'of a row', $$SELECT record_in('(x)', 0, -1)$$), (355, 'of a range', $$SELECT range_in('[1,2)', 0, -1)$$), (356, 'summaries of an index', $$SELECT brin_summarize_new_values('shop.products_pkey')$$), (357, 'pending entries of an index', $$SELECT gin_clean_pending_list('shop.products_pkey')$$), (358, 'collations of the system (superuser)', $$SELECT pg_import_system_collations('lab'::regnamespace)$$), (359, 'an unused number', $$SELECT pg_nextoid('pg_class', 'oid', 'pg_class_oid_index')$$), (360, 'a trigger''s function', $$SELECT suppress_redundant_updates_trigger()$$), (361, 'a handler', $$SELECT plpgsql_inline_handler(NULL)$$), (362, 'a validator', $$SELECT plpgsql_validator('shop.write'::regproc)$$),
(371, 'other sessions', $$SELECT * FROM pg_stat_activity$$), (372, 'their statements', $$SELECT pg_stat_get_backend_activity(b) FROM generate_series(1, 50) b$$), (373, 'who they are', $$SELECT pg_stat_get_backend_userid(b) FROM pg_stat_get_backend_idset() b$$), (374, 'since when', $$SELECT pg_stat_get_backend_xact_start(b) FROM generate_series(1, 50) b$$), (375, 'what they wait for', $$SELECT pg_stat_get_backend_wait_event(b) FROM generate_series(1, 50) b$$), (376, 'from where', $$SELECT pg_stat_get_backend_client_addr(b) FROM generate_series(1, 50) b$$), (377, 'locks', $$SELECT * FROM pg_locks$$), (378, 'progress', $$SELECT * FROM pg_stat_progress_vacuum$$), (379, 'standbys', $$SELECT * FROM pg_stat_replication$$), (380, 'cursors of the session', $$SELECT * FROM pg_cursors$$), (381, 'prepared statements of the session', $$SELECT * FROM pg_prepared_statements$$), (382, 'prepared transactions', $$SELECT * FROM pg_prepared_xacts$$), (383, 'the statement that is around this one', $$SELECT current_query()$$), (384, 'memory (superuser)', $$SELECT * FROM pg_backend_memory_contexts$$), (385, 'shared memory (superuser)', $$SELECT * FROM pg_shmem_allocations$$), (386, 'who blocks whom', $$SELECT pg_blocking_pids(1)$$), (387, 'large objects', $$SELECT * FROM pg_largeobject$$), (388, 'passwords', $$SELECT rolpassword FROM pg_authid$$), (389, 'passwords, old name', $$SELECT passwd FROM pg_shadow$$), (390, 'statistics of everybody''s values', $$SELECT * FROM pg_statistic$$), (391, 'data of extended statistics', $$SELECT * FROM pg_statistic_ext_data$$), (392, 'subscriptions'' passwords', $$SELECT subconninfo FROM pg_subscription$$), (393, 'user mappings', $$SELECT umoptions FROM pg_user_mapping$$);

\i :remember
-- Read-only, so that refusals are not put on record, which would take a transaction id.
BEGIN READ ONLY;
SELECT id, tries, verdict, at, code, error FROM arena.outcomes ORDER BY id;
SELECT pg_current_xact_id_if_assigned() AS transaction_id;
COMMIT;
\echo what got through, and what was damaged
SELECT count(*) AS attacks, count(*) FILTER (WHERE verdict IS NULL) AS validated, count(rows) AS ran FROM arena.outcomes;
SELECT * FROM arena.damage_to_session;
\connect - postgres
SET client_min_messages = error;
SELECT * FROM arena.damage_to_database;

-- The whole list of the server, not our memory of it: every function that is volatile, called with NULLs of the
-- right types. What is allowed of them must be what the policy lists as harmless. Types that no value can have,
-- and those that only the server passes, are left out.
\connect - acme_app
\pset null ''
CREATE TABLE lab.volatile AS
SELECT p.oid, p.oid::regprocedure::text AS function,
       format('SELECT %spg_catalog.%I(%s)', CASE WHEN p.proretset THEN '* FROM ' ELSE '' END, p.proname,
              (SELECT string_agg(format('%sNULL::%s', CASE WHEN p.provariadic <> 0 AND n = p.pronargs THEN 'VARIADIC ' END, t::regtype), ', ' ORDER BY n) FROM unnest(p.proargtypes) WITH ORDINALITY AS a(t, n))) AS sql
FROM pg_proc p
WHERE p.oid < 16384 AND p.provolatile = 'v' AND p.prokind = 'f' AND p.pronamespace = 'pg_catalog'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_type t WHERE t.typtype = 'p' AND (t.oid = ANY (p.proargtypes) OR t.oid = p.prorettype AND t.typname NOT IN ('void', 'record')));
SELECT count(*) > 150 AS many, count(*) FILTER (WHERE v.code <> 'function') AS refused_otherwise
FROM lab.volatile f, flowai.validate_query(f.sql) v;
SELECT f.function AS volatile_and_allowed FROM lab.volatile f, flowai.validate_query(f.sql) v WHERE v.ok ORDER BY 1;
-- And views of the server that the policy closes.
SELECT c.oid::regclass::text AS closed
FROM pg_class c, flowai.validate_query(format('SELECT * FROM %s', c.oid::regclass)) v
WHERE c.oid < 16384 AND c.relkind = 'v' AND NOT v.ok ORDER BY 1;
