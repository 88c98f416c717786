-- Who the tenant is: membership decides, the setting only selects.
SELECT role, login, tenant, workspace, reason FROM flowai.whoami();
SET ROLE acme_app;
SELECT role, tenant, workspace, reason FROM flowai.whoami();
SELECT flowai.current_tenant(), flowai.require_tenant(), flowai.tenant_is('acme'), flowai.tenant_is('globex'), flowai.tenant_is(NULL) AS null_is;

-- A forged selector is an error wherever it comes from, never data; unknown and foreign look alike.
SET flowai.tenant = 'globex';
SELECT flowai.current_tenant();
SET flowai.tenant = 'no such tenant';
SELECT flowai.current_tenant();
SELECT tenant, reason FROM flowai.whoami();
RESET flowai.tenant;
SELECT set_config('flowai.tenant', 'globex', true), flowai.current_tenant();
CREATE FUNCTION pg_temp.forged() RETURNS text LANGUAGE sql SET flowai.tenant = 'globex' AS 'SELECT flowai.current_tenant()';
SELECT pg_temp.forged();
SELECT flowai.use_tenant('globex');
-- Blank means the role's own; syntax is checked at once.
SET flowai.tenant = '';
SELECT flowai.current_tenant();
SET flowai.tenant = ' acme';
SET flowai.tenant = E'a\tb';
SET flowai.workspace = '  ';
SELECT set_config('flowai.tenant', repeat('x', 201), false);
SET flowai.tennant = 'acme';
SELECT flowai.use_tenant(NULL);
SELECT flowai.use_tenant('');

-- Several memberships: nothing until one is chosen, one per transaction.
SET ROLE pool;
SELECT flowai.current_tenant() IS NULL AS unbound;
SELECT flowai.require_tenant();
SELECT count(*) FROM flowai.catalog_entries;
SELECT * FROM flowai.catalog_put('[{"id":"a:b","itemType":"a","name":"b"}]');
BEGIN;
SELECT flowai.use_tenant('acme', 'drafts');
SELECT tenant, workspace FROM flowai.whoami();
SAVEPOINT s;
SELECT flowai.use_tenant('globex');
ROLLBACK TO s;
SELECT tenant, workspace FROM flowai.whoami();
COMMIT;
SELECT tenant, workspace FROM flowai.whoami();
BEGIN;
SELECT flowai.use_tenant('globex');
COMMIT;

-- No membership, no rights at all.
SET ROLE stranger;
SELECT flowai.current_tenant();
SELECT * FROM flowai.catalog_entries;

-- A definer's tenants are not lent: the outer role counts.
RESET ROLE;
GRANT CREATE ON SCHEMA public TO globex_app;
SET ROLE globex_app;
CREATE FUNCTION public.lend() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT flowai.current_tenant()';
SET ROLE acme_app;
SELECT public.lend();
RESET ROLE;
DROP FUNCTION public.lend();
REVOKE CREATE ON SCHEMA public FROM globex_app;

-- Cached plans follow the role and the membership.
SET ROLE acme_app;
SELECT outcome FROM flowai.catalog_put('[{"id":"probe:acme","itemType":"probe","name":"of acme"}]');
PREPARE probe AS SELECT id FROM flowai.catalog_entries WHERE item_type = 'probe';
SET plan_cache_mode = force_generic_plan;
EXECUTE probe;
SET ROLE globex_app;
EXECUTE probe;
SET ROLE acme_app;
EXECUTE probe;
RESET ROLE;
SET ROLE steward;
SELECT flowai.tenant_revoke('acme', 'acme_app');
SET ROLE acme_app;
EXECUTE probe;
RESET ROLE;
SET ROLE steward;
SELECT flowai.tenant_grant('acme', 'acme_app');
SET ROLE acme_app;
EXECUTE probe;
SELECT deleted FROM flowai.catalog_delete('{probe:acme}');
DEALLOCATE probe;
RESET plan_cache_mode;

-- The plan of a tenant's read touches one leaf, and shows no estimate of another tenant.
EXPLAIN (COSTS OFF) SELECT properties FROM flowai.catalog_relations WHERE from_id = 'x' AND kind = 'y' AND to_id = 'z' AND workspace_id = 'default';
EXPLAIN (COSTS OFF) SELECT name FROM flowai.catalog_entries WHERE tenant_id = 'globex';

-- Administration.
SELECT flowai.tenant_create('mine');
SET ROLE steward;
SELECT flowai.tenant_create('ACME');
SELECT flowai.tenant_create(' ');
SELECT flowai.tenant_create(NULL);
SELECT flowai.tenant_create('initech', ' ');
SELECT flowai.tenant_grant('nobody', 'acme_app');
SELECT flowai.tenant_grant('acme', 'no such role');
SELECT flowai.tenant_grant('acme', 'postgres');
SELECT flowai.tenant_grant('acme', 'flowai_user');
SELECT flowai.tenant_grant('acme', NULL);
SELECT flowai.tenant_grant('acme', 'steward');
RESET ROLE;
CREATE ROLE reader IN ROLE pg_read_all_data;
CREATE ROLE writer IN ROLE reader;
CREATE ROLE maker CREATEROLE;
CREATE ROLE copier REPLICATION;
CREATE ROLE free BYPASSRLS;
SET ROLE steward;
SELECT flowai.tenant_grant('acme', 'writer');
SELECT flowai.tenant_grant('acme', 'maker');
SELECT flowai.tenant_grant('acme', 'copier');
SELECT flowai.tenant_grant('acme', 'free');
RESET ROLE;
DROP ROLE reader, writer, maker, copier, free;
SET ROLE steward;
-- Names that look like another.
SELECT flowai.tenant_create(U&'ac\200Bme');
SELECT flowai.tenant_create(U&'\202Eemca');
RESET ROLE;
\set VERBOSITY terse
INSERT INTO flowai_internal.tenants (tenant_id, version) VALUES (U&'ac\FEFFme', '1');
\set VERBOSITY default
SET ROLE steward;
SELECT flowai.tenant_revoke('globex', 'acme_app');
SELECT flowai.tenant_grant('acme', 'acme_app');
-- A group counts for those who have its privileges.
RESET ROLE;
CREATE ROLE acme_team;
CREATE ROLE teammate LOGIN;
GRANT acme_team TO teammate;
SET ROLE steward;
SELECT flowai.tenant_grant('acme', 'acme_team');
SET ROLE teammate;
SELECT flowai.current_tenant() IS NULL AS not_by_default;
SET flowai.tenant = 'acme';
SELECT flowai.current_tenant();
RESET flowai.tenant;
SET ROLE steward;
SELECT flowai.tenant_revoke('acme', 'acme_team');
RESET ROLE;
DROP ROLE teammate;
DROP ROLE acme_team;

-- A cursor that outlives its transaction would carry one tenant's rows into the next one's. A role of one
-- tenant may have it; a pool may not, whatever way it chose its tenant.
SET ROLE acme_app;
DECLARE mine CURSOR WITH HOLD FOR SELECT count(*) FROM flowai.kv_entries WHERE namespace = 'nothing';
FETCH ALL FROM mine;
CLOSE mine;
SET ROLE pool;
SELECT flowai.current_tenant();
DECLARE nobodys CURSOR WITH HOLD FOR SELECT count(*) FROM flowai.kv_entries;
-- Its rows would be those of the tenant that is chosen after it.
BEGIN;
DECLARE early CURSOR WITH HOLD FOR SELECT key FROM flowai.kv_entries;
SELECT flowai.use_tenant('acme');
COMMIT;
BEGIN;
SELECT flowai.use_tenant('globex');
FETCH ALL FROM early;
ROLLBACK;
BEGIN;
SELECT flowai.use_tenant('acme');
DECLARE held CURSOR WITH HOLD FOR SELECT * FROM flowai.kv_entries;
ROLLBACK;
SET flowai.tenant = 'acme';
DECLARE held CURSOR WITH HOLD FOR SELECT * FROM flowai.kv_entries;
DO $$ BEGIN EXECUTE 'DECLARE held CURSOR WITH HOLD FOR SELECT * FROM flowai.kv_entries'; END $$;
BEGIN;
DECLARE plain CURSOR FOR SELECT count(*) FROM flowai.kv_entries WHERE namespace = 'nothing';
FETCH ALL FROM plain;
COMMIT;
SELECT count(*) FROM pg_cursors;
RESET flowai.tenant;
-- A tenant of a group counts like one of the role's own, and one that a SET ROLE away is too.
RESET ROLE;
CREATE ROLE globex_team;
CREATE ROLE seconded LOGIN IN ROLE globex_team;
CREATE ROLE switcher LOGIN NOINHERIT IN ROLE acme_app, globex_app;
SET ROLE steward;
SELECT flowai.tenant_grant('globex', 'globex_team');
SET ROLE seconded;
SET flowai.tenant = 'globex';
DECLARE held CURSOR WITH HOLD FOR SELECT count(*) FROM flowai.kv_entries WHERE namespace = 'nothing';
FETCH ALL FROM held;
CLOSE held;
RESET flowai.tenant;
SET ROLE steward;
SELECT flowai.tenant_grant('acme', 'seconded');
SET ROLE seconded;
SELECT tenant, reason FROM flowai.whoami();
DECLARE held CURSOR WITH HOLD FOR SELECT * FROM flowai.kv_entries;
RESET ROLE;
SET SESSION AUTHORIZATION switcher;
SET ROLE acme_app;
DECLARE held CURSOR WITH HOLD FOR SELECT * FROM flowai.kv_entries;
RESET SESSION AUTHORIZATION;
SET ROLE steward;
SELECT flowai.tenant_revoke('acme', 'seconded'), flowai.tenant_revoke('globex', 'globex_team');
RESET ROLE;
DROP ROLE seconded, switcher, globex_team;
