-- Every rule that a call can break, broken once: SQLSTATE, rule (as the constraint name), and that the
-- error says what to do next.
--
-- Not here, because no call breaks them: internal, interrupted, query_nested, search_scope_free and
-- ref_settled, approval_settled (races), approval_count and dependency_supplied (of call_tool: tool.sql), entry_new and entry_version (DML on the view: catalog_view.sql), path_search_size
-- (catalog.sql), json_text (jsonb is always JSON), json_size (of call_tool), schema_work (json_arguments.sql), the rules of the
-- installation (schema_empty, schema_owned, roles_plain), tenant_once_per_transaction (tenancy.sql).
CREATE FUNCTION pg_temp.raised(role name, call text, OUT state text, OUT rule text, OUT message text, OUT hint boolean) LANGUAGE plpgsql AS $$
DECLARE
    says text;
BEGIN
    BEGIN
        EXECUTE format('SET LOCAL ROLE %I', role);
        EXECUTE 'SELECT count(*) FROM ' || call;
        RAISE 'no error' USING ERRCODE = 'P0099';
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, rule = CONSTRAINT_NAME, message = MESSAGE_TEXT, says = PG_EXCEPTION_HINT;
        hint := says <> '';
    END;
END $$;
SET ROLE acme_app;
SELECT flowai.plan_kind_define('k', '{"properties": {"title": {"maxLength": 9}}}');
SELECT flowai.ref_kind_define('k', '{"type": "object"}', max_bytes => 100);
SELECT flowai.ref_kind_define('any');
SELECT count(*) FROM flowai.plan_store('k', 'draft', '{"title": "t", "steps": [{"operation": "o"}]}');
SELECT count(*) FROM flowai.plan_store('k', 'late', '{"title": "t", "steps": [{"operation": "o"}]}'), flowai.plan_submit('late', '1 microsecond');
SELECT count(*) FROM flowai.plan_store('k', 'run', '{"title": "t", "steps": [{"operation": "o"}]}'), flowai.plan_submit('run');
SELECT count(*) FROM flowai.approval_inbox i, flowai.approval_decide(i.id, 'granted') WHERE i.subject_id = 'run';
SELECT token FROM flowai.plan_claim('run') \gset
SELECT count(*) FROM flowai.kv_put('n', 'text', '"x"');
SELECT id AS late FROM flowai.approvals WHERE subject_id = 'late' \gset
SELECT id AS run FROM flowai.approvals WHERE subject_id = 'run' \gset
SELECT approval AS web FROM flowai.approval_request('deployment', 'web', '{"n": 1}') \gset
RESET ROLE;
SET client_min_messages = warning;
CREATE ROLE acme_other;
CREATE ROLE acme_people;
RESET client_min_messages;
SET ROLE steward;
SELECT flowai.tenant_grant('acme', 'acme_other');
SELECT flowai.approval_policy_set('acme', 'deployment', 'kept', 'always', separate_duties => false, deciders => 'acme_people');
SELECT flowai.approval_policy_set('acme', 'deployment', 'own', 'always');
SET ROLE acme_app;
SELECT approval AS kept FROM flowai.approval_request('deployment', 'kept', '{}') \gset
SELECT approval AS own FROM flowai.approval_request('deployment', 'own', '{}') \gset
RESET ROLE;
SET flowai.sqlite_directories = '/no/such/directory';
CREATE FOREIGN DATA WRAPPER other;
CREATE SERVER not_given FOREIGN DATA WRAPPER other;
CREATE SERVER given FOREIGN DATA WRAPPER other;
GRANT USAGE ON FOREIGN SERVER given TO steward;
SELECT c.n, r.state, r.rule, r.message, r.hint FROM (VALUES
    (1, 'pool', 'flowai.require_tenant()'),
    (2, 'acme_app', 'flowai.use_tenant(''globex'')'),
    (3, 'acme_app', 'flowai.use_tenant('' '')'),
    (4, 'acme_app', 'flowai.use_tenant(NULL)'),
    (5, 'steward', 'flowai.tenant_create(''Acme'')'),
    (6, 'steward', 'flowai.tenant_create(''new'', '' '')'),
    (7, 'steward', 'flowai.tenant_grant(''none'', ''pool'')'),
    (8, 'steward', 'flowai.tenant_grant(''acme'', ''nobody here'')'),
    (9, 'steward', 'flowai.tenant_grant(''acme'', ''flowai_owner'')'),
    (10, 'acme_app', 'flowai.catalog_put(''7'')'),
    (11, 'acme_app', 'flowai.catalog_put(''[{"id":"a","itemType":"a","name":"a","x":1}]'')'),
    (12, 'acme_app', 'flowai.catalog_put(''[{"id":"a","itemType":"a","name":1}]'')'),
    (13, 'acme_app', 'flowai.catalog_put(''[{"id":" a","itemType":"a","name":"a"}]'')'),
    (14, 'acme_app', 'flowai.catalog_put(''[{"id":"a","itemType":"A","name":"a"}]'')'),
    (15, 'acme_app', 'flowai.catalog_put(''[{"id":"a","itemType":"a","name":"a","tags":[" "]}]'')'),
    (16, 'acme_app', 'flowai.catalog_put(''[{"id":"a","itemType":"a","name":"a"},{"id":"a","itemType":"a","name":"a"}]'')'),
    (17, 'acme_app', 'flowai.catalog_put(jsonb_build_array(jsonb_build_object(''id'', ''a'', ''itemType'', ''a'', ''name'', repeat(''x'', 600))))'),
    (18, 'acme_app', 'flowai.catalog_put(jsonb_build_array(jsonb_build_object(''id'', ''a'', ''itemType'', ''a'', ''name'', ''a'', ''related'', (SELECT jsonb_agg(''n'' || i) FROM generate_series(1, 10001) i))))'),
    (19, 'acme_app', 'flowai.catalog_replace(''[{"id":"a","itemType":"a","name":"a"}]'', item_type => ''b'')'),
    (20, 'acme_app', 'flowai.get_catalog_entities(ARRAY(SELECT i::text FROM generate_series(1, 1001) i))'),
    (21, 'acme_app', 'flowai.get_relation_paths_between(''a'', ''b'')'),
    (22, 'acme_app', 'flowai.get_relation_paths_between(''a'', ''b'', max_hops => 9)'),
    (23, 'acme_app', 'flowai.profile_database(''nowhere'')'),
    (24, 'acme_app', 'flowai.search_catalog(repeat(''x'', 3000))'),
    (25, 'acme_app', 'flowai.search_catalog(''a'', tags => ''{""}'')'),
    (26, 'acme_app', 'flowai.validate_query(''SELECT 1'', ''oracle'')'),
    (27, 'acme_app', 'flowai.execute_query(''SELECT 1'', max_rows => 0)'),
    (28, 'acme_app', 'flowai.execute_query(''SELECT 1'', timeout => ''-1 s'')'),
    (29, 'steward', 'flowai.function_allow(''pg_catalog.now()'')'),
    (30, 'steward', 'flowai.function_allow(1::oid::regprocedure)'),
    (31, 'acme_app', 'flowai.kv_put(''n'', repeat(''k'', 2000), ''1'')'),
    (32, 'acme_app', 'flowai.kv_put(''n'', ''k'', to_jsonb(repeat(''x'', 17000000)))'),
    (33, 'acme_app', 'flowai.kv_put(''n'', ''k'', ''1'', expected_version => 7)'),
    (34, 'acme_app', 'flowai.kv_put(''n'', ''k'', ''1'', expected_version => -7)'),
    (35, 'acme_app', 'flowai.kv_put(''n'', ''k'', ''1'', ttl => ''0'')'),
    (36, 'acme_app', 'flowai.kv_increment(''n'', ''text'')'),
    (37, 'acme_app', 'flowai.kv_list(''n'', max_rows => 0)'),
    (38, 'acme_app', 'flowai.ref_kind_define(''bad'', ''{"type": 7}'')'),
    (39, 'acme_app', 'flowai.ref_kind_define(''bad'', max_bytes => 0)'),
    (40, 'acme_app', 'flowai.ref_put(''none'', ''1'')'),
    (41, 'acme_app', 'flowai.ref_put(''k'', ''1'')'),
    (42, 'acme_app', 'flowai.ref_put(''k'', jsonb_build_object(''x'', repeat(''x'', 200)))'),
    (43, 'acme_app', 'flowai.ref_put(''any'', ''1'', summary => to_jsonb(repeat(''x'', 3000)))'),
    (44, 'acme_app', 'flowai.ref_resolve(''any'', ''r1'')'),
    (45, 'acme_app', 'flowai.plan_store(''none'', ''p'', ''{}'')'),
    (46, 'acme_app', 'flowai.plan_store(''k'', ''p'', ''{"title": "longer than nine"}'')'),
    (47, 'acme_app', 'flowai.plan_store(''k'', ''p'', ''{"title": "t"}'')'),
    (48, 'acme_app', 'flowai.plan_store(''k'', ''p'', ''{"title": "a\nb", "steps": [{"operation": "o"}]}'')'),
    (49, 'acme_app', 'flowai.plan_store(''k'', ''p'', jsonb_build_object(''title'', ''t'', ''steps'', (SELECT jsonb_agg(jsonb_build_object(''operation'', ''o'')) FROM generate_series(1, 1001))))'),
    (50, 'acme_app', 'flowai.plan_store(''k'', ''p'', ''{"title": "t", "steps": [{"operation": "o", "references": [{"kind": "any", "id": "r1"}]}]}'')'),
    (51, 'acme_app', 'flowai.plan_store(''k'', ''draft'', ''{"title": "t", "steps": [{"operation": "o"}]}'')'),
    (52, 'acme_app', 'flowai.plan_store(''k'', ''draft'', ''{"title": "t", "steps": [{"operation": "o"}]}'', 9)'),
    (53, 'acme_app', 'flowai.plan_submit(''none'')'),
    (54, 'acme_app', 'flowai.plan_submit(''run'')'),
    (55, 'acme_app', 'flowai.plan_list(''odd'')'),
    (56, 'acme_app', 'flowai.plan_heartbeat(''run'', ''00000000-0000-0000-0000-000000000001'')'),
    (57, 'acme_app', format('flowai.plan_step_finish(''run'', %L, 9)', :'token')),
    (58, 'acme_app', format('flowai.plan_finish(''run'', %L)', :'token')),
    (59, 'acme_app', 'flowai.approval_decide(''00000000-0000-0000-0000-000000000001'', ''granted'')'),
    (60, 'acme_app', format('flowai.approval_decide(%L, ''perhaps'')', :'run')),
    (61, 'acme_app', format('flowai.approval_decide(%L, ''denied'')', :'run')),
    (62, 'acme_app', format('flowai.approval_decide(%L, ''granted'')', :'late')),
    (63, 'acme_app', 'flowai.catalog_put(''[{"id":"a","itemType":"a","name":"a","metadata":{"$serde_json::private::Number":"x"}}]'')'),
    (64, 'steward', 'flowai.query_target_define(''acme'', ''local'', ''sqlite'', ''/x'')'),
    (65, 'steward', 'flowai.query_target_define(''acme'', ''x'', ''oracle'', ''/x'')'),
    (66, 'steward', 'flowai.query_target_define(''acme'', ''x'', ''postgres'', ''no such server'')'),
    (67, 'steward', 'flowai.query_target_define(''acme'', ''x'', ''postgres'', ''not_given'')'),
    (68, 'steward', 'flowai.query_target_define(''acme'', ''x'', ''postgres'', ''given'')'),
    (69, 'steward', 'flowai.query_target_define(''acme'', ''x'', ''sqlite'', ''x.db'')'),
    (70, 'steward', 'flowai.query_target_define(''acme'', ''x'', ''sqlite'', ''/etc/passwd'')'),
    (71, 'steward', 'flowai.query_target_define(''acme'', ''x'', ''sqlite'', ''/no/such/directory/x.db'')'),
    (72, 'acme_app', 'flowai.event_emit(''Order shipped'')'),
    (73, 'acme_app', 'flowai.event_emit(''flowai.plan.approved'')'),
    (74, 'acme_app', 'flowai.event_emit(''a'', severity => ''fatal'')'),
    (75, 'acme_app', 'flowai.event_emit(''a'', ''[]'')'),
    (76, 'acme_app', 'flowai.event_emit(''a'', jsonb_build_object(''a'', repeat(''x'', 9000)))'),
    (77, 'acme_app', 'flowai.event_emit(''a'', (repeat(''[{"a":'', 9) || ''1'' || repeat(''}]'', 9))::jsonb -> 0)'),
    (78, 'acme_app', 'flowai.event_emit(''a'', trace_id => ''1'')'),
    (79, 'steward', 'flowai.event_purge(''1 hour'')'),
    (80, 'acme_app', 'flowai.approval_request(''deployment'', ''web'', ''{"n": 2}'')'),
    (81, 'acme_app', 'flowai.approval_request(''k'', ''x'', ''1'', title => '' '')'),
    (82, 'acme_app', 'flowai.approval_request(''k'', ''x'', to_jsonb(repeat(''x'', 1100000)))'),
    (83, 'acme_app', 'flowai.approval_request(''tool'', ''none'', ''{}'')'),
    (84, 'acme_app', 'flowai.approval_request(''tool'', ''kv_get'', ''{}'')'),
    (85, 'acme_app', 'flowai.approval_request(''plan'', ''draft'', ''{}'')'),
    (86, 'acme_app', format('flowai.approval_decide(%L, ''denied'', repeat(''x'', 9000))', :'web')),
    (87, 'acme_app', format('flowai.approval_wait(%L, ''2 hours'')', :'web')),
    (88, 'acme_app', format('flowai.approval_withdraw(%L)', :'late')),
    (89, 'steward', 'flowai.approval_policy_set(''acme'', ''plan'', ''k'', ''perhaps'')'),
    (90, 'steward', 'flowai.approval_policy_set(''acme'', ''plan'', ''k'', ''predicate'')'),
    (91, 'steward', 'flowai.approval_policy_set(''acme'', ''plan'', ''k'', ''predicate'', ''pg_catalog.now()'')'),
    (92, 'acme_app', format('flowai.approval_decide(%L, ''granted'')', :'kept')),
    (93, 'acme_app', format('flowai.approval_decide(%L, ''granted'')', :'own')),
    (94, 'acme_other', format('flowai.approval_withdraw(%L)', :'web')),
    (95, 'acme_app', 'flowai.data_environment_set(''{"a": 1}'')'),
    (96, 'acme_app', 'flowai.plan_reap(-1)'),
    (97, 'acme_app', 'flowai.plan_kind_define(''k'', jsonb_build_object(''title'', repeat(''x'', 1100000)))'),
    (98, 'acme_app', 'flowai.plan_kind_define(''k'', (repeat(''[[[['', 32) || repeat('']]]]'', 32))::jsonb)'),
    (99, 'steward', 'flowai.approval_policy_set(''acme'', ''tools'', ''kv_delete'', ''always'')'),
    (100, 'acme_app', 'flowai.get_catalog_relations(''table:t'', ''outgoing'')')
) AS c(n, role, call), pg_temp.raised(c.role, c.call) AS r ORDER BY c.n;
SET ROLE steward;
SELECT flowai.tenant_revoke('acme', 'acme_other');
RESET ROLE;
DROP ROLE acme_other, acme_people;

-- No index of texts in an encoding that is not Unicode's.
CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
SELECT current_database() AS here \gset
\connect latin
CREATE EXTENSION flowai_runtime;
\connect :here
DROP DATABASE latin;
