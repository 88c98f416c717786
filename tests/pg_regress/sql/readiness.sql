-- What the runtime promises, asked of the catalogs; and each promise broken once, to see its check fail.
SELECT capability, status, checks FROM flowai.readiness();
SET ROLE steward;
SELECT capability, status, failing FROM flowai.readiness() WHERE capability ~ '^(Multi-tenant|Tenant)';
SET ROLE acme_app;
SELECT * FROM flowai.readiness();
RESET ROLE;

CREATE TEMP TABLE mutation (name text, statement text);
INSERT INTO mutation VALUES
('tenant_id_present', 'CREATE TABLE flowai.forgotten (n integer PRIMARY KEY)'),
('tenant_id_not_null', 'CREATE TABLE flowai.forgotten (tenant_id text COLLATE "C", n integer)'),
('tenant_id_collation_c', 'CREATE TABLE flowai.forgotten (tenant_id text NOT NULL, n integer)'),
('row_security_enabled', 'ALTER TABLE flowai.kv_entries DISABLE ROW LEVEL SECURITY'),
('row_security_enabled', 'ALTER TABLE flowai_internal.kv_entries_03 DISABLE ROW LEVEL SECURITY'),
('row_security_forced', 'ALTER TABLE flowai.plans NO FORCE ROW LEVEL SECURITY'),
('one_policy', 'CREATE POLICY second ON flowai.refs USING (true)'),
('one_policy', 'DROP POLICY tenant ON flowai_internal.refs_00'),
('policy_for_all', 'DROP POLICY tenant ON flowai.refs; CREATE POLICY tenant ON flowai.refs FOR SELECT USING (tenant_id = flowai.current_tenant() AND flowai.tenant_is(flowai.current_tenant()))'),
('policy_for_all', 'ALTER POLICY tenant ON flowai.refs TO flowai_user'),
('policy_canonical', 'ALTER POLICY tenant ON flowai.refs USING (true)'),
('policy_canonical', 'ALTER POLICY tenant ON flowai.refs WITH CHECK (tenant_id IS NOT NULL)'),
('policy_canonical', 'ALTER POLICY tenant ON flowai.refs USING (tenant_id = current_setting(''flowai.tenant'', true))'),
('primary_key_led_by_tenant', 'ALTER TABLE flowai.kv_entries DROP CONSTRAINT kv_entries_pkey CASCADE'),
('unique_keys_led_by_tenant', 'CREATE UNIQUE INDEX wrong ON flowai_internal.kv_entries_00 (key)'),
('indexes_led_by_tenant', 'CREATE INDEX wrong ON flowai_internal.kv_entries_00 (key)'),
('foreign_keys_carry_tenant', 'ALTER TABLE flowai.plan_steps ADD COLUMN other text; CREATE TABLE flowai.named (name text PRIMARY KEY, tenant_id text); ALTER TABLE flowai.plan_steps ADD CONSTRAINT wrong FOREIGN KEY (other) REFERENCES flowai.named (name)'),
('no_inheritance_but_partitions', 'CREATE TABLE flowai.parent (tenant_id text COLLATE "C" NOT NULL); CREATE TABLE flowai.child () INHERITS (flowai.parent)'),
('partitions_out_of_reach', 'ALTER TABLE flowai_internal.kv_entries_00 SET SCHEMA flowai'),
('partitions_complete', 'ALTER TABLE flowai.kv_entries DETACH PARTITION flowai_internal.kv_entries_15'),
('tables_logged', 'CREATE UNLOGGED TABLE flowai.forgotten (tenant_id text NOT NULL)'),
('tables_read_only_to_roles', 'GRANT UPDATE ON flowai.kv_entries TO flowai_user'),
('tables_read_only_to_roles', 'GRANT TRUNCATE ON flowai_internal.kv_entries_00 TO flowai_admin'),
('nothing_public', 'GRANT SELECT ON flowai.refs TO PUBLIC'),
('internal_tables_ungranted', 'GRANT SELECT ON flowai_internal.refs_00 TO flowai_user'),
('columns_read_only_to_roles', 'GRANT UPDATE (value) ON flowai.kv_entries TO flowai_user'),
('relations_owned_by_owner', 'ALTER TABLE flowai.refs OWNER TO postgres'),
('relations_owned_by_owner', 'ALTER VIEW flowai.catalog OWNER TO postgres'),
('no_triggers_on_tables', 'CREATE TRIGGER spy BEFORE UPDATE ON flowai.kv_entries FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()'),
('no_rules_on_tables', 'CREATE RULE spy AS ON DELETE TO flowai.kv_entries DO NOTHING'),
('views_invoke_reader', 'ALTER VIEW flowai.catalog RESET (security_invoker)'),
('tables_and_views_only', 'CREATE SEQUENCE flowai.counter'),
('tables_and_views_only', 'CREATE MATERIALIZED VIEW flowai.copy AS SELECT * FROM flowai.kv_entries'),
('no_extended_statistics', 'CREATE STATISTICS flowai.spy ON tenant_id, key FROM flowai.kv_entries'),
('not_published', 'CREATE PUBLICATION everything FOR ALL TABLES'),
('not_published', 'CREATE PUBLICATION schema FOR TABLES IN SCHEMA flowai'),
('rules_are_constraints', 'ALTER TABLE flowai.approvals DROP CONSTRAINT approvals_duties_separate'),
('rules_are_constraints', 'ALTER TABLE flowai.plans DROP CONSTRAINT plans_columns_fit_state; ALTER TABLE flowai.plans ADD CONSTRAINT plans_columns_fit_state CHECK (true) NOT VALID'),
('installed_tables_dumped', 'UPDATE pg_extension SET extconfig = array_remove(extconfig, ''flowai_internal.kv_entries_00''::regclass::oid) WHERE extname = ''flowai_runtime'''),
('no_default_privileges', 'ALTER DEFAULT PRIVILEGES FOR ROLE flowai_owner GRANT SELECT ON TABLES TO PUBLIC'),
('no_default_privileges', 'ALTER DEFAULT PRIVILEGES IN SCHEMA flowai GRANT SELECT ON TABLES TO acme_app'),
('current_tenant_trustworthy', 'ALTER FUNCTION flowai.current_tenant() IMMUTABLE'),
('current_tenant_trustworthy', 'ALTER FUNCTION flowai.current_tenant() NOT LEAKPROOF'),
('current_tenant_trustworthy', 'CREATE OR REPLACE FUNCTION flowai.current_tenant() RETURNS text STABLE PARALLEL SAFE LEAKPROOF LANGUAGE sql AS $f$ SELECT ''acme''::text $f$'),
('tenant_is_trustworthy', 'CREATE OR REPLACE FUNCTION flowai.tenant_is(tenant text) RETURNS boolean STABLE STRICT PARALLEL SAFE LEAKPROOF LANGUAGE sql AS $f$ SELECT true $f$'),
('routines_of_extension', 'CREATE FUNCTION flowai.extra() RETURNS integer LANGUAGE sql AS ''SELECT 1'''),
('tenant_is_no_argument', 'CREATE FUNCTION flowai.read_as(tenant text) RETURNS integer LANGUAGE sql AS ''SELECT 1'''),
('definer_path_pinned', 'ALTER FUNCTION flowai.kv_delete(text, text) RESET search_path'),
('definer_path_pinned', 'ALTER FUNCTION flowai.kv_delete(text, text) SET search_path = public, pg_catalog'),
('routines_owned_by_owner', 'ALTER FUNCTION flowai.kv_delete(text, text) OWNER TO postgres'),
('no_public_execute', 'GRANT EXECUTE ON FUNCTION flowai.kv_delete(text, text) TO PUBLIC'),
('acting_for_tenants_ungranted', 'GRANT EXECUTE ON FUNCTION flowai_internal.act_for(text) TO flowai_admin'),
('acting_for_tenants_ungranted', 'GRANT EXECUTE ON FUNCTION flowai_internal.approval_gate(text, jsonb) TO flowai_user'),
('administration_for_administrators', 'GRANT EXECUTE ON FUNCTION flowai.approval_policy_set(text, text, text, text, regprocedure, boolean, text) TO flowai_user'),
('administration_for_administrators', 'GRANT EXECUTE ON FUNCTION flowai.tenant_export(text) TO acme_app'),
('roles_plain', 'ALTER ROLE flowai_admin BYPASSRLS'),
('roles_plain', 'ALTER ROLE flowai_owner LOGIN'),
('owner_has_no_members', 'GRANT flowai_owner TO stranger'),
('administrators_are_no_tenants', 'GRANT flowai_admin TO acme_app'),
('members_exist', 'INSERT INTO flowai_internal.tenant_members VALUES (''acme'', 4294967294)'),
('members_bound_by_row_security', 'ALTER ROLE acme_app BYPASSRLS'),
('members_without_server_rights', 'GRANT pg_read_server_files TO acme_app'),
('members_without_server_rights', 'GRANT pg_write_all_data TO acme_app'),
('members_may_use', 'REVOKE flowai_user FROM acme_app'),
('authority_ungranted', 'GRANT INSERT ON flowai_internal.tenant_members TO flowai_admin'),
('schemas_owned_by_owner', 'UPDATE pg_namespace SET nspowner = 10 WHERE nspname = ''flowai_internal'''),
('schemas_closed', 'GRANT CREATE ON SCHEMA flowai TO flowai_user'),
('schemas_closed', 'GRANT USAGE ON SCHEMA flowai_internal TO flowai_user'),
('tenants_differ_by_more_than_case', 'DROP INDEX flowai_internal.tenants_case_idx'),
('version_installed', 'UPDATE pg_extension SET extversion = ''0.0.1'' WHERE extname = ''flowai_runtime'''),
('one_tenant_per_role', 'INSERT INTO flowai_internal.tenant_members VALUES (''globex'', ''acme_app'')'),
('no_pinned_foreign_tenant', 'ALTER ROLE acme_app SET flowai.tenant = ''globex'''),
('events_stamped', 'ALTER TABLE flowai.events ALTER COLUMN role DROP NOT NULL'),
('events_append_only', 'GRANT DELETE ON flowai.events TO flowai_user'),
('events_emitted_by_definer', 'ALTER FUNCTION flowai.event_emit(text, jsonb, text, text, text) SECURITY INVOKER'),
('rights_as_installed', 'GRANT SELECT (source) ON flowai_internal.query_targets TO flowai_user'),
('rights_as_installed', 'GRANT SELECT (key) ON flowai_internal.tenant_keys TO flowai_user'),
('rights_as_installed', 'GRANT SELECT (member) ON flowai_internal.tenant_members TO flowai_user'),
('rights_as_installed', 'GRANT EXECUTE ON FUNCTION flowai.event_purge(interval) TO flowai_user'),
('rights_as_installed', 'GRANT EXECUTE ON FUNCTION flowai.selftest() TO flowai_user'),
('rights_as_installed', 'REVOKE EXECUTE ON FUNCTION flowai.kv_get(text, text) FROM flowai_user'),
('rights_as_installed', 'REVOKE EXECUTE ON FUNCTION flowai.tenant_create(text, text) FROM flowai_admin'),
('rights_as_installed', 'GRANT UPDATE ON flowai.events TO flowai_owner'),
('rights_as_installed', 'GRANT INSERT ON flowai.events_otel TO flowai_user'),
('rights_as_installed', 'GRANT SELECT ON flowai.refs TO flowai_user WITH GRANT OPTION'),
('rights_as_installed', 'GRANT USAGE ON SCHEMA flowai TO stranger'),
('row_security_as_installed', 'ALTER TABLE flowai.allowed_functions DISABLE ROW LEVEL SECURITY'),
('row_security_as_installed', 'ALTER TABLE flowai_internal.query_targets DISABLE ROW LEVEL SECURITY'),
('row_security_as_installed', 'ALTER POLICY visible ON flowai.allowed_functions USING (true)'),
('row_security_as_installed', 'ALTER POLICY tenant ON flowai_internal.query_targets USING (true)'),
('row_security_as_installed', 'ALTER POLICY tenant ON flowai_internal.kv_entries_07 USING (true)'),
('columns_as_installed', 'ALTER TABLE flowai_internal.tenant_members ALTER COLUMN granted_at DROP NOT NULL'),
('columns_as_installed', 'ALTER TABLE flowai.plans ALTER COLUMN title SET DEFAULT current_user'),
('constraints_as_installed', 'ALTER TABLE flowai_internal.tenant_members DROP CONSTRAINT tenant_members_pkey'),
('constraints_as_installed', 'ALTER TABLE flowai_internal.tenant_members DROP CONSTRAINT tenant_members_tenant_known'),
('constraints_as_installed', 'ALTER TABLE flowai.events DROP CONSTRAINT events_name_words'),
('constraints_as_installed', 'ALTER DOMAIN flowai.identifier DROP CONSTRAINT identifier_text'),
('constraints_as_installed', 'ALTER TABLE flowai_internal.tenants DROP CONSTRAINT tenants_name_visible'),
('triggers_as_installed', 'CREATE TRIGGER spy BEFORE INSERT ON flowai_internal.tenant_members FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()'),
('triggers_as_installed', 'ALTER TABLE flowai_internal.tenant_members DISABLE TRIGGER ALL'),
('triggers_as_installed', 'DROP TRIGGER catalog_write ON flowai.catalog'),
('indexes_as_installed', 'DROP INDEX flowai_internal.tenant_members_member_idx'),
('views_as_installed', 'CREATE OR REPLACE VIEW flowai.query_targets AS SELECT t.tenant_id, t.name, t.kind, t.defined_at FROM flowai_internal.query_targets t'),
('views_as_installed', 'CREATE RULE spy AS ON DELETE TO flowai_internal.tenant_members DO NOTHING'),
('routines_as_installed', 'ALTER FUNCTION flowai.kv_put(text, text, jsonb, interval, bigint) SECURITY INVOKER'),
('routines_as_installed', 'ALTER FUNCTION flowai_internal.require_known_tenant(text) LEAKPROOF'),
('routines_as_installed', 'CREATE OR REPLACE FUNCTION flowai_internal.require_known_tenant(tenant text) RETURNS void LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS ''BEGIN END'''),
('no_rights_lent', 'CREATE VIEW public.window AS SELECT * FROM flowai.kv_entries'),
('no_rights_lent', 'CREATE MATERIALIZED VIEW public.window AS SELECT * FROM flowai.kv_entries'),
('no_rights_lent', 'CREATE FUNCTION public.door() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS ''SELECT count(*) FROM flowai.kv_entries'''),
('members_without_server_rights', 'ALTER ROLE acme_app CREATEROLE'),
('members_without_server_rights', 'ALTER ROLE acme_app REPLICATION'),
('one_tenant_per_role', 'GRANT acme_app TO globex_app'),
('user_role_not_handed_on', 'GRANT flowai_user TO acme_app WITH ADMIN OPTION'),
('user_role_for_members', 'GRANT flowai_user TO stranger'),
('events_append_only', 'DO $d$ BEGIN EXECUTE format(''GRANT UPDATE ON %s TO flowai_owner'', (SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = ''flowai.events''::regclass LIMIT 1)); END $d$'),
('statements_not_logged', 'SET LOCAL log_statement = ''all'''),
('parameters_not_logged', 'SET LOCAL log_parameter_max_length_on_error = 100');

CREATE TEMP TABLE unbroken AS SELECT * FROM flowai.readiness();
-- Whether a check fails that did not fail before, or names more objects; the mutation is taken back.
CREATE FUNCTION pg_temp.caught(name text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    before jsonb; after jsonb; verdict text;
BEGIN
    SELECT r.failing -> caught.name INTO before FROM unbroken r WHERE r.failing ? caught.name;
    BEGIN
        EXECUTE statement;
        SELECT r.failing -> caught.name INTO after FROM flowai.readiness() r WHERE r.failing ? caught.name;
        verdict := CASE WHEN after IS DISTINCT FROM before AND after IS NOT NULL THEN 'caught' ELSE 'missed' END;
        RAISE EXCEPTION USING ERRCODE = 'T0000', MESSAGE = 'undo';
    EXCEPTION WHEN SQLSTATE 'T0000' THEN
        RETURN verdict;
    WHEN OTHERS THEN
        RETURN 'not done: ' || SQLERRM;
    END;
END $$;
SET allow_system_table_mods = on;
SET client_min_messages = warning;
SELECT m.name, m.statement, pg_temp.caught(m.name, m.statement) AS verdict FROM mutation m WHERE pg_temp.caught(m.name, m.statement) <> 'caught';
SELECT count(*) > 100 AS many FROM mutation;
-- Checks that no mutation breaks: those of what is not built, and two that a session cannot break.
SELECT c.name FROM flowai_internal.readiness_checks() c WHERE c.name NOT IN (SELECT name FROM mutation) ORDER BY c.name;
-- Everything is as it was.
SELECT capability, status, checks FROM flowai.readiness();

-- Nothing of what can be done about it is left to do where no role has several tenants.
BEGIN;
SET LOCAL ROLE steward;
SELECT m.tenant, flowai.tenant_revoke(m.tenant, 'pool') FROM flowai.tenant_list() m WHERE 'pool' = ANY (m.members);
SELECT capability, status, failing FROM flowai.readiness();
ROLLBACK;

-- Probes from inside, of which nothing stays.
SET ROLE steward;
SELECT * FROM flowai.selftest();
SELECT tenant FROM flowai.tenant_list() WHERE tenant ~ 'selftest';
SELECT flowai.current_tenant();
RESET ROLE;
SELECT count(*) FROM flowai.kv_entries WHERE tenant_id ~ 'selftest';
-- Whatever tenant the administrator has selected.
SET ROLE steward;
SET flowai.tenant = 'acme';
SELECT capability, status FROM flowai.readiness() WHERE capability ~ '^Telemetry';
SELECT probe FROM flowai.selftest() WHERE NOT ok;
SHOW flowai.tenant;
-- However the session wants things written.
SET quote_all_identifiers = on;
SET intervalstyle = iso_8601;
SET datestyle = 'German';
SET bytea_output = escape;
SELECT capability, status, failing FROM flowai.readiness() WHERE capability ~ '^(Multi-tenant|Tenant|Telemetry)';
RESET quote_all_identifiers;
RESET intervalstyle;
RESET datestyle;
RESET bytea_output;
RESET flowai.tenant;
RESET ROLE;
-- They tell if isolation is broken.
BEGIN;
ALTER POLICY tenant ON flowai.kv_entries USING (true) WITH CHECK (true);
SET LOCAL ROLE steward;
SELECT probe FROM flowai.selftest() WHERE NOT ok;
ROLLBACK;
SET ROLE acme_app;
SELECT * FROM flowai.selftest();
