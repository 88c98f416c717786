-- Attacks on isolation, complete: every function and every relation of the extension, tried across tenants.
--
-- What there is comes from the system catalogs. What has no line in the two lists here is printed as "NOT COVERED"
-- and fails the test, as does a line for what is not there: an object that is added needs its line, with an
-- attempt on acme's rows by globex and what must come of it. The same attempt is made by acme itself (the control:
-- "its own" means that acme is shown its secret, so the attempt means something), by a pool that chose nobody,
-- and by a stranger.
\set ECHO none
\getenv sources PG_ABS_SRCDIR
\set fixture :sources /fixtures/isolation.psql
\i :fixture

-- ------------------------------------------------------------------------------------- relations

-- Relation (partitions: by their parent), and what must come of reading acme's rows in it: "no row" where tenants may
-- read, "error 42501" where they may not.
CREATE TABLE arena.relations (relation text PRIMARY KEY, required text NOT NULL);
INSERT INTO arena.relations VALUES
('flowai.allowed_functions', 'no row'),
('flowai.approval_inbox', 'no row'),
('flowai.approval_outbox', 'no row'),
('flowai.approval_policies', 'no row'),
('flowai.approvals', 'no row'),
('flowai.catalog', 'no row'),
('flowai.catalog_entries', 'no row'),
('flowai.catalog_relations', 'no row'),
('flowai.data_environments', 'no row'),
('flowai.events', 'no row'),
('flowai.events_otel', 'no row'),
('flowai.kv_entries', 'no row'),
('flowai.plan_kinds', 'no row'),
('flowai.plan_refs', 'no row'),
('flowai.plan_steps', 'no row'),
('flowai.plan_transitions', 'no row'),
('flowai.plans', 'no row'),
('flowai.query_targets', 'no row'),
('flowai.ref_kinds', 'no row'),
('flowai.ref_payloads', 'no row'),
('flowai.refs', 'no row'),
('flowai_internal.catalog_replaces', 'error 42501'),
('flowai_internal.installed_facts', 'error 42501'),
('flowai_internal.query_targets', 'error 42501'),
('flowai_internal.search_chunk', 'error 42501'),
('flowai_internal.search_dead', 'error 42501'),
('flowai_internal.search_delta', 'error 42501'),
('flowai_internal.search_scope', 'error 42501'),
('flowai_internal.search_segment', 'error 42501'),
('flowai_internal.tenant_keys', 'error 42501'),
('flowai_internal.tenant_members', 'error 42501'),
('flowai_internal.tenant_versions', 'error 42501'),
('flowai_internal.tenants', 'error 42501');
GRANT SELECT ON arena.relations TO PUBLIC;

CREATE VIEW arena.relations_there AS
SELECT c.oid::regclass AS relation, COALESCE(p.inhparent::regclass, c.oid::regclass)::text AS listed, c.relispartition AS leaf, c.relkind
FROM pg_class c LEFT JOIN pg_inherits p ON p.inhrelid = c.oid
WHERE c.relnamespace IN ('flowai'::regnamespace, 'flowai_internal'::regnamespace) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S');
GRANT SELECT ON arena.relations_there TO PUBLIC;
SELECT 'NOT COVERED: ' || relation FROM arena.relations_there WHERE listed NOT IN (SELECT relation FROM arena.relations);
SELECT 'COVERED BUT NOT THERE: ' || relation FROM arena.relations WHERE relation NOT IN (SELECT listed FROM arena.relations_there);
-- An attempt on an empty table would prove nothing.
SELECT 'ACME HAS NOTHING IN: ' || relation FROM arena.acme() WHERE rows = 0;

-- Rows that name acme, or that hold its secret, whatever the columns are called.
CREATE FUNCTION arena.read_acme(relation text, leaf boolean) RETURNS text LANGUAGE sql AS $$
    SELECT arena.outcome(format('SELECT ''seen'' FROM %s t WHERE t::text ~ ''\macme\M'' OR t::text ~ (''acme'' || ''secret'') LIMIT 1', relation)) $$;
CREATE FUNCTION arena.relation_report() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    item record;
    outcome text;
    -- Nobody but the owner has USAGE on the schema of leaves; strangers have none at all.
    required text;
    leaves bigint := 0;
BEGIN
    FOR item IN SELECT t.relation::text, t.leaf, r.required FROM arena.relations_there t JOIN arena.relations r ON r.relation = t.listed ORDER BY t.leaf, t.listed COLLATE "C" LOOP
        required := CASE WHEN item.leaf OR current_user = 'stranger' THEN 'error 42501' ELSE item.required END;
        outcome := arena.read_acme(item.relation, item.leaf);
        IF outcome IS DISTINCT FROM required THEN
            RETURN NEXT format('BREACH by %s: %s: required %s, got %s', current_user, item.relation, required, outcome);
        ELSIF item.leaf THEN
            leaves := leaves + 1;
        ELSE
            RETURN NEXT format('%s: %s -> %s', current_user, item.relation, outcome);
        END IF;
    END LOOP;
    RETURN NEXT format('%s: more than 300 partitions -> %s', current_user, leaves > 300);
END $$;

-- ------------------------------------------------------------------------------------- functions

-- Function, an attempt on what acme has, and what must come of it for globex.
CREATE TABLE arena.calls (routine text PRIMARY KEY, sql text NOT NULL, required text NOT NULL);
INSERT INTO arena.calls VALUES
('flowai.approval_decide(uuid,text,text)', $$SELECT state FROM flowai.approval_decide(arena.known('approval')::uuid, 'denied')$$, 'error P0002 approval_found'),
('flowai.approval_get(uuid)', $$SELECT status FROM flowai.approval_get(arena.known('approval')::uuid)$$, 'no row'),
('flowai.approval_list(text,uuid,integer)', $$SELECT a FROM flowai.approval_list('asked') a$$, 'no row'),
('flowai.approval_policy_drop(text,text,text)', $$SELECT flowai.approval_policy_drop('acme', 'vault', 'merger')$$, 'error 42501'),
('flowai.approval_purge(text,interval,integer)', $$SELECT flowai.approval_purge('acme', '1 s')$$, 'error 42501'),
('flowai.approval_policy_list(text)', $$SELECT subject FROM flowai.approval_policy_list('acme')$$, 'error 42501'),
('flowai.approval_policy_set(text,text,text,text,regprocedure,boolean,text)', $$SELECT flowai.approval_policy_set('acme', 'vault', 'merger', 'never')$$, 'error 42501'),
('flowai.approval_request(text,text,jsonb,interval,text)', $$SELECT created, status FROM flowai.approval_request('vault', 'merger', '{}', '1 day')$$, '(t,open)'),
('flowai.approval_wait(uuid,interval)', $$SELECT status FROM flowai.approval_wait(arena.known('approval')::uuid, '1 ms')$$, 'error P0002 approval_found'),
('flowai.approval_withdraw(uuid,text)', $$SELECT flowai.approval_withdraw(arena.known('approval')::uuid)$$, 'error P0002 approval_found'),
('flowai.call_tool(text,jsonb)', $$SELECT flowai.call_tool('kv_get', '{"namespace": "vault", "key": "merger"}')$$, '("{""found"": false}")'),
('flowai.catalog_check()', $$SELECT count(*) FROM flowai.catalog_put('[{"id": "a:a", "itemType": "a", "name": "a", "related": ["table:t1", "b:gone"]}]');; SELECT string_agg(detail, ', ' ORDER BY detail) FROM flowai.catalog_check()$$, '("related_to -> b:gone, related_to -> table:t1")'),
('flowai.catalog_delete(text[])', $$SELECT deleted FROM flowai.catalog_delete('{table:t1}')$$, '(f)'),
('flowai.catalog_facets(text,text[],text[],text,text)', $$SELECT value FROM flowai.catalog_facets('merger')$$, 'no row'),
('flowai.catalog_put(jsonb)', $$SELECT outcome FROM flowai.catalog_put('[{"id": "table:t1", "itemType": "table", "name": "merger"}]')$$, '(inserted)'),
('flowai.catalog_replace(jsonb,text,text)', $$SELECT id, outcome FROM flowai.catalog_replace('[]') LIMIT 1$$, 'no row'),
('flowai.current_tenant()', $$SELECT flowai.current_tenant()$$, '(globex)'),
('flowai.current_workspace()', $$SELECT flowai.current_workspace()$$, '(default)'),
('flowai.data_environment_get()', $$SELECT config FROM flowai.data_environment_get()$$, 'no row'),
('flowai.data_environment_set(jsonb)', $$SELECT revision FROM flowai.data_environment_set('{"tenant_id": "acme"}')$$, 'error 22023 data_environment_valid'),
('flowai.data_environment_supplies()', $$SELECT flowai.data_environment_supplies()$$, '()'),
('flowai.data_environment_validate(jsonb)', $$SELECT path FROM flowai.data_environment_validate('{"tenant_id": "acme"}')$$, '(tenant_id)'),
('flowai.event_emit(text,jsonb,text,text,text)', $$SELECT count(*) FROM flowai.event_emit('merger.planned', '{"tenant": "acme"}');; SELECT DISTINCT tenant_id FROM flowai.events WHERE name = 'merger.planned'$$, '(globex)'),
('flowai.event_list(text,timestamptz,uuid,integer)', $$SELECT attributes FROM flowai.event_list('merger.')$$, 'no row'),
('flowai.event_purge(interval)', $$SELECT flowai.event_purge('1 day')$$, 'error 42501'),
('flowai.execute_query(text,integer,interval,text)', $$SELECT flowai.execute_query('SELECT * FROM flowai.kv_entries') -> 'rows'$$, '([])'),
('flowai.extension_allow(text,text)', $$SELECT flowai.extension_allow('plpgsql', 'acme')$$, 'error 42501'),
('flowai.function_allow(regprocedure,text)', $$SELECT flowai.function_allow('public.acme_only(text)', 'acme')$$, 'error 42501'),
('flowai.function_disallow(regprocedure,text)', $$SELECT flowai.function_disallow('public.acme_only(text)', 'acme')$$, 'error 42501'),
('flowai.function_standing(oid[])', $$SELECT unchanged FROM flowai.function_standing(ARRAY['public.acme_only(text)'::regprocedure])$$, 'no row'),
('flowai.get_catalog_entities(text[])', $$SELECT found, content FROM flowai.get_catalog_entities('{table:t1}')$$, '(f,)'),
('flowai.get_catalog_relations(text,text,text[],integer)', $$SELECT 'acme', r FROM flowai.get_catalog_relations('table:t1') r$$, 'no row'),
('flowai.get_relation_paths_between(text,text,integer,text[],boolean,integer)', $$SELECT hops FROM flowai.get_relation_paths_between('table:t1', 'table:t2')$$, 'error P0002 entry_found'),
('flowai.kv_delete(text,text)', $$SELECT flowai.kv_delete('vault', 'merger')$$, '(f)'),
('flowai.kv_get(text,text)', $$SELECT value FROM flowai.kv_get('vault', 'merger')$$, 'no row'),
('flowai.kv_get_many(text,text[])', $$SELECT found, value FROM flowai.kv_get_many('vault', '{merger}')$$, '(f,)'),
('flowai.kv_increment(text,text,bigint,interval)', $$SELECT value FROM flowai.kv_increment('vault', 'count', 1)$$, '(1)'),
('flowai.kv_list(text,text,text,integer)', $$SELECT key, value FROM flowai.kv_list('vault')$$, 'no row'),
('flowai.kv_purge(integer)', $$SELECT flowai.kv_purge()$$, '(0)'),
('flowai.kv_put(text,text,jsonb,interval,bigint)', $$SELECT created FROM flowai.kv_put('vault', 'merger', '0')$$, '(t)'),
('flowai.kv_put_if_absent(text,text,jsonb,interval)', $$SELECT created FROM flowai.kv_put_if_absent('vault', 'merger', '0')$$, '(t)'),
('flowai.kv_put_many(text,jsonb,interval)', $$SELECT created FROM flowai.kv_put_many('vault', '[{"key": "merger", "value": 0}]')$$, '(t)'),
('flowai.kv_stats(text)', $$SELECT namespace FROM flowai.kv_stats()$$, 'no row'),
('flowai.list_schema_fields(text,integer,integer)', $$SELECT f FROM flowai.list_schema_fields('table:t1') f$$, 'no row'),
('flowai.plan_cancel(text,text)', $$SELECT state FROM flowai.plan_cancel('open')$$, 'error P0002 plan_found'),
('flowai.plan_claim(text,text,interval)', $$SELECT plan FROM flowai.plan_claim()$$, 'no row'),
('flowai.plan_fail(text,uuid,jsonb)', $$SELECT state FROM flowai.plan_fail('running', arena.known('token')::uuid, '{}')$$, 'error P0002 plan_found'),
('flowai.plan_finish(text,uuid,jsonb)', $$SELECT state FROM flowai.plan_finish('running', arena.known('token')::uuid)$$, 'error P0002 plan_found'),
('flowai.plan_get(text)', $$SELECT title FROM flowai.plan_get('draft')$$, 'no row'),
('flowai.plan_heartbeat(text,uuid,interval)', $$SELECT flowai.plan_heartbeat('running', arena.known('token')::uuid) > now()$$, 'error P0002 plan_found'),
('flowai.plan_history(text)', $$SELECT h FROM flowai.plan_history('running') h$$, 'no row'),
('flowai.plan_inputs(text)', $$SELECT payload FROM flowai.plan_inputs('draft')$$, 'error P0002 plan_found'),
('flowai.plan_kind_define(text,jsonb)', $$SELECT flowai.plan_kind_define('vault', '{}')$$, '(1)'),
('flowai.plan_list(text,text,integer)', $$SELECT title FROM flowai.plan_list()$$, 'no row'),
('flowai.plan_purge(text,interval,integer)', $$SELECT flowai.plan_purge('acme', '1 s')$$, 'error 42501'),
('flowai.plan_reap(integer,integer)', $$SELECT plan FROM flowai.plan_reap(1)$$, 'no row'),
('flowai.plan_step_fail(text,uuid,integer,jsonb)', $$SELECT flowai.plan_step_fail('running', arena.known('token')::uuid, 1, '{}')$$, 'error P0002 plan_found'),
('flowai.plan_step_finish(text,uuid,integer,jsonb)', $$SELECT flowai.plan_step_finish('running', arena.known('token')::uuid, 1, '{}')$$, 'error P0002 plan_found'),
('flowai.plan_store(text,text,jsonb,bigint)', $$SELECT created FROM flowai.plan_store('vault', 'p', '{"title": "t", "steps": [{"operation": "o"}]}')$$, 'error P0002 plan_kind_known'),
('flowai.plan_submit(text,interval,text)', $$SELECT state FROM flowai.plan_submit('draft')$$, 'error P0002 plan_found'),
('flowai.profile_database(text,text)', $$SELECT count(*) FROM flowai.profile_database('flowai_internal')$$, 'error P0002 schema_found'),
('flowai.profile_schema(text,text)', $$SELECT flowai.profile_schema('flowai_internal')$$, 'error P0002 schema_found'),
('flowai.query(text,integer,interval)', $$SELECT value FROM flowai.query('SELECT value FROM flowai.kv_entries') AS t(value jsonb)$$, 'no row'),
('flowai.query_rows(text,integer,interval)', $$SELECT r FROM flowai.query_rows('SELECT * FROM flowai.kv_entries') r$$, 'no row'),
('flowai.query_target_define(text,text,text,text)', $$SELECT flowai.query_target_define('acme', 'mine', 'postgres', 'x')$$, 'error 42501'),
('flowai.query_target_drop(text,text)', $$SELECT flowai.query_target_drop('acme', 'vault')$$, 'error 42501'),
('flowai.query_target_list(text)', $$SELECT source FROM flowai.query_target_list('acme')$$, 'error 42501'),
('flowai.readiness()', $$SELECT count(*) FROM flowai.readiness()$$, 'error 42501'),
('flowai.ref_delete(text,text)', $$SELECT flowai.ref_delete('vault', arena.known('ref'))$$, '(f)'),
('flowai.ref_extend(text,text,interval)', $$SELECT flowai.ref_extend('vault', arena.known('ref'), '1 day') > now()$$, 'error P0002 ref_found'),
('flowai.ref_get(text,text)', $$SELECT payload FROM flowai.ref_get('vault', arena.known('ref'))$$, 'no row'),
('flowai.ref_kind_define(text,jsonb,interval,bigint)', $$SELECT flowai.ref_kind_define('vault')$$, '(1)'),
('flowai.ref_list(text,text,integer)', $$SELECT summary FROM flowai.ref_list()$$, 'no row'),
('flowai.ref_purge(integer)', $$SELECT flowai.ref_purge()$$, '(0)'),
('flowai.ref_put(text,jsonb,jsonb,interval)', $$SELECT created FROM flowai.ref_put('vault', '1')$$, 'error P0002 ref_kind_known'),
('flowai.ref_put_query(text,text,jsonb,interval,integer,interval)', $$SELECT flowai.ref_kind_define('all');; SELECT summary FROM flowai.ref_put_query('all', 'SELECT value FROM flowai.kv_entries')$$, '("{""type"": ""array"", ""count"": 0, ""first"": []}")'),
('flowai.ref_resolve(text,text)', $$SELECT flowai.ref_resolve('vault', arena.known('ref'))$$, 'error P0002 ref_found'),
('flowai.ref_resolve_many(jsonb)', $$SELECT found, payload FROM flowai.ref_resolve_many(format('[{"kind": "vault", "id": "%s"}]', arena.known('ref'))::jsonb)$$, '(f,)'),
('flowai.ref_rows(text,text)', $$SELECT r FROM flowai.ref_rows('vault', arena.known('ref')) r$$, 'error P0002 ref_found'),
('flowai.ref_summary(text,text)', $$SELECT summary FROM flowai.ref_summary('vault', arena.known('ref'))$$, 'no row'),
('flowai.require_tenant()', $$SELECT flowai.require_tenant()$$, '(globex)'),
('flowai.sample_table_data(text,text[],integer,interval)', $$SELECT flowai.sample_table_data('table:t1') -> 'rows'$$, '()'),
('flowai.search_catalog(text,text[],text[],text,text,integer,text)', $$SELECT id, snippet FROM flowai.search_catalog('merger', max_rows => 1)$$, 'no row'),
('flowai.search_check()', $$SELECT count(*) FROM flowai.search_check()$$, '(0)'),
('flowai.search_maintain()', $$SELECT * FROM flowai.search_maintain()$$, '(0,0,f)'),
('flowai.search_rebuild()', $$SELECT flowai.search_rebuild()$$, '(0)'),
('flowai.selftest()', $$SELECT count(*) FROM flowai.selftest()$$, 'error 42501'),
('flowai.tenant_create(text,text)', $$SELECT flowai.tenant_create('mine')$$, 'error 42501'),
('flowai.tenant_drop(text,integer)', $$CALL flowai.tenant_drop('acme')$$, 'error 42501'),
('flowai.tenant_drop_some(text,integer)', $$SELECT flowai.tenant_drop_some('acme')$$, 'error 42501'),
('flowai.tenant_export(text)', $$SELECT count(*) FROM flowai.tenant_export('acme')$$, 'error 42501'),
('flowai.tenant_grant(text,text)', $$SELECT flowai.tenant_grant('acme', 'globex_app')$$, 'error 42501'),
('flowai.tenant_history(text)', $$SELECT version FROM flowai.tenant_history('acme')$$, 'error 42501'),
('flowai.tenant_import(text,text,jsonb)', $$SELECT flowai.tenant_import('acme', 'flowai.kv_entries', '[]')$$, 'error 42501'),
('flowai.tenant_is(text)', $$SELECT flowai.tenant_is('acme')$$, '(f)'),
('flowai.tenant_list(text,integer,boolean)', $$SELECT tenant FROM flowai.tenant_list()$$, 'error 42501'),
('flowai.tenant_revoke(text,text)', $$SELECT flowai.tenant_revoke('acme', 'acme_app')$$, 'error 42501'),
('flowai.tenant_usage(text)', $$SELECT rows FROM flowai.tenant_usage('acme')$$, 'error 42501'),
('flowai.tenant_version_set(text,text)', $$SELECT flowai.tenant_version_set('acme', 'mine')$$, 'error 42501'),
('flowai.tools()', $$SELECT count(*) > 10 FROM flowai.tools()$$, '(t)'),
('flowai.use_tenant(text,text)', $$SELECT flowai.use_tenant('acme')$$, 'error 42501 tenant_not_yours'),
('flowai.validate_query(text,text)', $$SELECT ok FROM flowai.validate_query('SELECT public.acme_only(''x'')')$$, '(f)'),
('flowai.whoami()', $$SELECT tenant FROM flowai.whoami()$$, '(globex)'),
('flowai_internal.act_for(text)', $$SELECT flowai_internal.act_for('acme')$$, 'error 42501'),
('flowai_internal.approval_gate(text,jsonb)', $$SELECT open FROM flowai_internal.approval_gate('kv_get', '{}')$$, 'error 42501'),
('flowai_internal.approval_may_decide(text,text)', $$SELECT flowai_internal.approval_may_decide('acme_app', NULL)$$, 'error 42501'),
('flowai_internal.approval_policy(text,text)', $$SELECT policy FROM flowai_internal.approval_policy('vault', 'acmesecret')$$, 'error 42501'),
('flowai_internal.approval_status(text,timestamptz)', $$SELECT flowai_internal.approval_status(NULL, now())$$, 'error 42501'),
('flowai_internal.catalog_stamp(text,text[])', $$SELECT flowai_internal.catalog_stamp('default', '{table:t1}')$$, 'error 42501'),
('flowai_internal.facts()', $$SELECT count(*) FROM flowai_internal.facts()$$, 'error 42501'),
('flowai_internal.facts_record()', $$SELECT flowai_internal.facts_record()$$, 'error 42501'),
('flowai_internal.tenant_shut(text)', $$SELECT flowai_internal.tenant_shut('acme')$$, 'error 42501'),
('flowai_internal.await_writers(oid[])', $$SELECT flowai_internal.await_writers(ARRAY['flowai.kv_entries'::regclass])$$, 'error 42501'),
('flowai_internal.catalog_view_end()', $$CREATE TABLE lair.t (a int);; CREATE TRIGGER t AFTER INSERT ON lair.t EXECUTE FUNCTION flowai_internal.catalog_view_end()$$, 'error 42501'),
('flowai_internal.catalog_view_write()', $$CREATE TABLE lair.t (a int);; CREATE TRIGGER t BEFORE INSERT ON lair.t FOR EACH ROW EXECUTE FUNCTION flowai_internal.catalog_view_write()$$, 'error 42501'),
('flowai_internal.current_tenant_support(internal)', $$SELECT flowai_internal.current_tenant_support(NULL)$$, 'error 42501'),
('flowai_internal.bounded_translate(text,text,text)', $$SELECT flowai_internal.bounded_translate('a', 'b', 'c')$$, 'error 42501'),
('flowai_internal.database_identity()', $$SELECT flowai_internal.database_identity()$$, 'error 42501'),
('flowai_internal.event_first_id(timestamptz)', $$SELECT flowai_internal.event_first_id(now())$$, 'error 42501'),
('flowai_internal.event_id_fits(uuid,timestamptz)', $$SELECT flowai_internal.event_id_fits(arena.known('event')::uuid, now())$$, 'error 42501'),
('flowai_internal.event_id_moment(uuid)', $$SELECT flowai_internal.event_id_moment(arena.known('event')::uuid)$$, 'error 42501'),
('flowai_internal.event_month_open(integer,integer)', $$SELECT flowai_internal.event_month_open(2999, 1)$$, 'error 42501'),
('flowai_internal.event_note(text,text,jsonb)', $$SELECT flowai_internal.event_note('acme', 'a.b', '{}')$$, 'error 42501'),
('flowai_internal.function_digest(oid)', $$SELECT flowai_internal.function_digest('public.acme_only(text)'::regprocedure)$$, 'error 42501'),
('flowai_internal.function_numbers_noted_in()', $$SELECT flowai_internal.function_numbers_noted_in()$$, 'error 42501'),
('flowai_internal.json_array(text,jsonb,text)', $$SELECT flowai_internal.json_array('it', '1', 'none')$$, 'error 42501'),
('flowai_internal.make_tenant_reference(name,regclass,text,regclass,text,text)', $$SELECT flowai_internal.make_tenant_reference('mine', 'flowai.refs', 'tenant_id', 'flowai.kv_entries', 'tenant_id')$$, 'error 42501'),
('flowai_internal.make_tenant_table(regclass,boolean)', $$SELECT flowai_internal.make_tenant_table('flowai.kv_entries')$$, 'error 42501'),
('flowai_internal.argument_word(text,text,text[])', $$SELECT flowai_internal.argument_word('which', 'acme', '{acme}')$$, 'error 42501'),
('flowai_internal.page_rows(integer)', $$SELECT flowai_internal.page_rows(1)$$, 'error 42501'),
('flowai_internal.prefix_end(text)', $$SELECT flowai_internal.prefix_end('a')$$, 'error 42501'),
('flowai_internal.query_array(text,integer,interval)', $$SELECT flowai_internal.query_array('TABLE flowai.kv_entries', 1, '1 s')$$, 'error 42501'),
('flowai_internal.query_target_place(text)', $$SELECT source FROM flowai_internal.query_target_place('vault')$$, 'error 42501'),
('flowai_internal.readiness_checks()', $$SELECT count(*) FROM flowai_internal.readiness_checks()$$, 'error 42501'),
('flowai_internal.ref_put_check(text,jsonb,interval)', $$SELECT flowai_internal.ref_put_check('vault', NULL, NULL)$$, 'error 42501'),
('flowai_internal.ref_intact(text,text,jsonb)', $$SELECT flowai_internal.ref_intact('vault', arena.known('ref'), '1')$$, 'error 42501'),
('flowai_internal.require_known_tenant(text)', $$SELECT flowai_internal.require_known_tenant('acme')$$, 'error 42501'),
('flowai_internal.secure_tenant_table(regclass,boolean)', $$SELECT flowai_internal.secure_tenant_table('flowai.kv_entries')$$, 'error 42501'),
('flowai_internal.tenant_leaves(text)', $$SELECT flowai_internal.tenant_leaves('acme')$$, 'error 42501'),
('flowai_internal.tenant_tables()', $$SELECT count(*) FROM flowai_internal.tenant_tables()$$, 'error 42501');
-- Spelled as the server spells signatures.
UPDATE arena.calls SET routine = routine::regprocedure::text WHERE to_regprocedure(routine) IS NOT NULL;
GRANT SELECT ON arena.calls TO PUBLIC;

-- The stand-ins for functions of the server are one function in C, so one of them speaks for all.
CREATE VIEW arena.routines_there AS
SELECT p.oid::regprocedure::text AS routine FROM pg_proc p
WHERE p.pronamespace IN ('flowai'::regnamespace, 'flowai_internal'::regnamespace)
  AND (p.prosrc <> 'flowai_bounded' OR p.proname = 'bounded_translate');
SELECT 'NOT COVERED: ' || routine FROM arena.routines_there WHERE routine NOT IN (SELECT routine FROM arena.calls);
SELECT 'COVERED BUT NOT THERE: ' || routine FROM arena.calls WHERE routine NOT IN (SELECT routine FROM arena.routines_there);

CREATE FUNCTION arena.call_report(which text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    c arena.calls;
    outcome text;
BEGIN
    SELECT * INTO STRICT c FROM arena.calls WHERE routine = which;
    outcome := arena.outcome(c.sql);
    RETURN format('%s: %s -> %s', current_user, regexp_replace(c.routine, '\(.*', ''), CASE
        WHEN current_user = 'acme_app' AND outcome ~ 'acmesecret' THEN 'its own'
        WHEN current_user = 'acme_app' THEN left(outcome, 100)
        WHEN current_user = 'globex_app' AND outcome = c.required AND outcome !~ 'acmesecret' THEN c.required
        WHEN current_user = 'globex_app' THEN format('BREACH: required %s, got %s', c.required, outcome)
        WHEN current_user = 'stranger' AND outcome <> 'error 42501' THEN 'BREACH: required error 42501, got ' || outcome
        WHEN outcome ~ 'acmesecret' THEN 'BREACH: ' || outcome
        ELSE outcome END);
END $$;
\set calls 'SELECT format($$SELECT arena.call_report(%L)$$, routine) FROM arena.calls ORDER BY routine COLLATE "C"'

\connect - acme_app
:calls \gexec
\connect - globex_app
SELECT arena.relation_report();
:calls \gexec
\connect - pool
SELECT arena.relation_report();
:calls \gexec
\connect - stranger
SELECT arena.relation_report();
:calls \gexec
\connect - postgres
-- Nothing of acme's has moved.
:damage;
