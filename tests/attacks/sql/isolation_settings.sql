-- Attacks on isolation: the selector forged by every route, and roles.
--
-- Membership is the authority and flowai.tenant only selects, so a forged selector is error 42501 wherever it
-- comes from, the same for a tenant that is there and for one that is not.
\set ECHO none
\getenv sources PG_ABS_SRCDIR
\set fixture :sources /fixtures/isolation.psql
\i :fixture

INSERT INTO arena.attempts VALUES
(101, 'globex_app', 'SET', $$SET flowai.tenant = 'acme';; SELECT count(*) FROM flowai.kv_entries$$, 'error 42501 tenant_not_yours'),
(102, 'globex_app', 'SET LOCAL', $$SET LOCAL flowai.tenant = 'acme';; TABLE flowai.refs$$, 'error 42501 tenant_not_yours'),
(103, 'globex_app', 'SET SESSION, quoted', $$SET SESSION "flowai"."tenant" TO "acme";; TABLE flowai.plans$$, 'error 42501 tenant_not_yours'),
(104, 'globex_app', 'in capitals', $$SET FLOWAI.TENANT = 'acme';; TABLE flowai.plans$$, 'error 42501 tenant_not_yours'),
(105, 'globex_app', 'set_config before the read', $$SELECT set_config('flowai.tenant', 'acme', false);; TABLE flowai.approvals$$, 'error 42501 tenant_not_yours'),
(106, 'globex_app', 'set_config in a CTE', $$WITH s AS MATERIALIZED (SELECT set_config('flowai.tenant', 'acme', true)) SELECT count(*) FROM s, flowai.kv_entries$$, 'error 42501 tenant_not_yours'),
(107, 'globex_app', 'set_config in WHERE, while rows are read', $$SELECT count(*) FROM flowai.kv_entries WHERE set_config('flowai.tenant', 'acme', true) IS NOT NULL$$, '(0)'),
(108, 'globex_app', 'set_config in the target list', $$SELECT set_config('flowai.tenant', 'acme', true), count(*) FROM flowai.kv_entries$$, '(acme,0)'),
(109, 'globex_app', 'set_config in a join that runs first', $$SELECT count(k.key) FROM (SELECT set_config('flowai.tenant', 'acme', true) OFFSET 0) s LEFT JOIN LATERAL (SELECT key FROM flowai.kv_entries WHERE s.set_config <> '') k ON true$$, 'error 42501 tenant_not_yours'),
(110, 'globex_app', 'UPDATE of pg_settings', $$UPDATE pg_settings SET setting = 'acme' WHERE name = 'flowai.tenant';; TABLE flowai.kv_entries$$, 'error 42501 tenant_not_yours'),
(111, 'globex_app', 'a SET clause of a function', $$CREATE FUNCTION lair.f() RETURNS bigint LANGUAGE sql SET flowai.tenant = 'acme' AS 'SELECT count(*) FROM flowai.kv_entries';; SELECT lair.f()$$, 'error 42501 tenant_not_yours'),
(112, 'globex_app', 'a SET clause of a definer function', $$CREATE FUNCTION lair.f() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET flowai.tenant = 'acme' AS 'SELECT count(*) FROM flowai.kv_entries';; SELECT lair.f()$$, 'error 42501 tenant_not_yours'),
(113, 'globex_app', 'a SET clause with FROM CURRENT', $$SET LOCAL flowai.tenant = 'acme';; CREATE FUNCTION lair.f() RETURNS bigint LANGUAGE plpgsql SET flowai.tenant FROM CURRENT AS 'BEGIN RETURN (SELECT count(*) FROM flowai.kv_entries); END';; RESET flowai.tenant;; SELECT lair.f()$$, 'error 42501 tenant_not_yours'),
(114, 'globex_app', 'a procedure that sets it', $$CREATE PROCEDURE lair.p() LANGUAGE plpgsql AS $p$BEGIN SET LOCAL flowai.tenant = 'acme'; PERFORM count(*) FROM flowai.kv_entries; END$p$;; CALL lair.p()$$, 'error 42501 tenant_not_yours'),
(115, 'globex_app', 'a DO block that catches the error and goes on', $$DO $d$BEGIN PERFORM set_config('flowai.tenant', 'acme', true); BEGIN PERFORM flowai.current_tenant(); EXCEPTION WHEN OTHERS THEN NULL; END; PERFORM count(*) FROM flowai.kv_entries; END$d$ $$, 'error 42501 tenant_not_yours'),
(116, 'globex_app', 'a savepoint that is rolled back', $$DO $d$BEGIN PERFORM set_config('flowai.tenant', 'acme', true); RAISE 'back'; EXCEPTION WHEN OTHERS THEN NULL; END$d$;; SELECT flowai.current_tenant()$$, '(globex)'),
(117, 'globex_app', 'the other right after its own', $$SELECT count(*) FROM flowai.kv_entries;; SET LOCAL flowai.tenant = 'acme';; SELECT count(*) FROM flowai.kv_entries$$, 'error 42501 tenant_not_yours'),
(118, 'globex_app', 'use_tenant', $$SELECT flowai.use_tenant('acme')$$, 'error 42501 tenant_not_yours'),
(119, 'globex_app', 'a tenant that is not there', $$SET LOCAL flowai.tenant = 'nobody';; TABLE flowai.kv_entries$$, 'error 42501 tenant_not_yours'),
(120, 'globex_app', 'another spelling of acme', $$SET LOCAL flowai.tenant = 'ACME';; TABLE flowai.kv_entries$$, 'error 42501 tenant_not_yours'),
(121, 'globex_app', 'a letter that looks like its own', $$SET LOCAL flowai.tenant = U&'\0430cme';; TABLE flowai.kv_entries$$, 'error 42501 tenant_not_yours'),
(122, 'globex_app', 'blanks around it', $$SET LOCAL flowai.tenant = 'acme '$$, 'error 22023'),
(123, 'globex_app', 'a list of both', $$SET LOCAL flowai.tenant = 'globex, acme';; TABLE flowai.kv_entries$$, 'error 42501 tenant_not_yours'),
(124, 'globex_app', 'SQL in the selector', $$SET LOCAL flowai.tenant = 'globex'' OR tenant_id = ''acme';; TABLE flowai.kv_entries$$, 'error 42501 tenant_not_yours'),
(125, 'globex_app', 'a setting under the prefix that is not there', $$SET flowai.tenants = 'acme'$$, 'error 42602'),
(126, 'globex_app', 'ALTER ROLE of itself: takes effect at login, see 151', $$ALTER ROLE globex_app SET flowai.tenant = 'acme'$$, 'done'),
(127, 'globex_app', 'ALTER ROLE of another', $$ALTER ROLE acme_app SET flowai.tenant = 'globex'$$, 'error 42501'),
(128, 'globex_app', 'ALTER ROLE ALL', $$ALTER ROLE ALL SET flowai.tenant = 'globex'$$, 'error 42501'),
(129, 'globex_app', 'ALTER DATABASE', $$ALTER DATABASE regression SET flowai.tenant = 'globex'$$, 'error 42501'),
(130, 'globex_app', 'ALTER SYSTEM', $$ALTER SYSTEM SET flowai.tenant = 'globex'$$, 'error 25001'),
(131, 'globex_app', 'GRANT SET ON PARAMETER', $$GRANT SET ON PARAMETER flowai.tenant TO globex_app$$, 'error 42501'),
(132, 'globex_app', 'SET ROLE to the other tenant', $$SET ROLE acme_app$$, 'error 42501'),
(133, 'globex_app', 'SET ROLE by set_config', $$SELECT set_config('role', 'acme_app', true)$$, 'error 42501'),
(134, 'globex_app', 'SET ROLE to the owner', $$SET ROLE flowai_owner$$, 'error 42501'),
(135, 'globex_app', 'SET ROLE to the administrators', $$SET ROLE flowai_admin$$, 'error 42501'),
(136, 'globex_app', 'SET SESSION AUTHORIZATION', $$SET SESSION AUTHORIZATION acme_app$$, 'error 42501'),
(137, 'globex_app', 'SET ROLE to what it has: a role without membership', $$SET ROLE flowai_user;; SELECT count(*) FROM flowai.kv_entries$$, '(0)'),
(138, 'globex_app', 'GRANT of the other role', $$GRANT acme_app TO globex_app$$, 'error 42501'),
(139, 'globex_app', 'GRANT of what it has, to make others users', $$GRANT flowai_user TO stranger$$, 'error 42501'),
(140, 'globex_app', 'GRANT of its own tables to others', $$GRANT SELECT ON flowai.kv_entries TO stranger;; SELECT has_table_privilege('stranger', 'flowai.kv_entries', 'SELECT')$$, '(f)'),
(141, 'globex_app', 'REASSIGN OWNED', $$REASSIGN OWNED BY acme_app TO globex_app$$, 'error 42501'),
(142, 'globex_app', 'DROP OWNED', $$DROP OWNED BY flowai_owner$$, 'error 42501'),
(143, 'globex_app', 'membership by the function', $$SELECT flowai.tenant_grant('acme', 'globex_app')$$, 'error 42501'),
(144, 'globex_app', 'membership by the table', $$INSERT INTO flowai_internal.tenant_members VALUES ('acme', 'globex_app'::regrole)$$, 'error 42501'),
(145, 'globex_app', 'membership by its own table of that name', $$CREATE TABLE lair.tenant_members (tenant_id text, member regrole);; INSERT INTO lair.tenant_members VALUES ('acme', 'globex_app'::regrole);; SET LOCAL search_path = lair;; SET LOCAL flowai.tenant = 'acme';; TABLE flowai.kv_entries$$, 'error 42501 tenant_not_yours'),
(146, 'globex_app', 'the administrative selector', $$SELECT flowai_internal.act_for('acme')$$, 'error 42501'),
(147, 'globex_app', 'row_security off', $$SET LOCAL row_security = off;; TABLE flowai.kv_entries$$, 'error 42501'),
(148, 'globex_app', 'replication role', $$SET LOCAL session_replication_role = replica$$, 'error 42501'),
(149, 'globex_app', 'another library in place of ours', $$LOAD '/tmp/flowai_runtime'$$, 'error 42501'),
(150, 'globex_app', 'another place to load libraries from', $$SET LOCAL dynamic_library_path = '/tmp'$$, 'error 42501'),
(152, 'idle', 'a selector, without any membership', $$SET LOCAL flowai.tenant = 'acme';; TABLE flowai.kv_entries$$, 'error 42501 tenant_not_yours'),
(153, 'idle', 'reads without a tenant', $$SELECT count(*) FROM flowai.kv_entries$$, '(0)'),
(154, 'idle', 'writes without a tenant', $$SELECT version FROM flowai.kv_put('vault', 'merger', '1')$$, 'error 42501 tenant_required'),
(155, 'idle', 'DML on the view without a tenant', $$INSERT INTO flowai.catalog (id, item_type, name) VALUES ('a:b', 'a', 'b')$$, 'error 42501 tenant_required'),
(156, 'idle', 'the whole view deleted without a tenant', $$DELETE FROM flowai.catalog RETURNING id$$, 'no row'),
(157, 'stranger', 'the schema', $$SELECT count(*) FROM flowai.kv_entries$$, 'error 42501'),
(158, 'stranger', 'a selector', $$SET LOCAL flowai.tenant = 'acme';; SELECT flowai.current_tenant()$$, 'error 42501'),
(159, 'pool', 'reads without a choice', $$SELECT count(*) FROM flowai.kv_entries$$, '(0)'),
(160, 'pool', 'writes without a choice', $$SELECT version FROM flowai.kv_put('vault', 'merger', '1')$$, 'error 42501 tenant_required'),
(161, 'pool', 'a second tenant in one transaction', $$SELECT flowai.use_tenant('globex');; SELECT flowai.use_tenant('acme')$$, 'error 25001 tenant_once_per_transaction'),
(162, 'pool', 'a second tenant by SET LOCAL', $$SET LOCAL flowai.tenant = 'globex';; SELECT count(*) FROM flowai.kv_entries;; SET LOCAL flowai.tenant = 'acme';; SELECT count(*) FROM flowai.kv_entries$$, 'error 25001 tenant_once_per_transaction'),
(163, 'pool', 'a second tenant in the middle of a statement', $$SET LOCAL flowai.tenant = 'globex';; SELECT count(k.key) FROM (SELECT set_config('flowai.tenant', 'acme', true) OFFSET 0) s LEFT JOIN LATERAL (SELECT key FROM flowai.kv_entries WHERE s.set_config <> '') k ON true$$, 'error 25001 tenant_once_per_transaction'),
(164, 'pool', 'a second tenant after a savepoint was rolled back', $$DO $d$BEGIN PERFORM flowai.use_tenant('globex'); RAISE 'back'; EXCEPTION WHEN OTHERS THEN NULL; END$d$;; SELECT flowai.use_tenant('acme')$$, 'error 25001 tenant_once_per_transaction'),
(165, 'pool', 'no tenant after one was used', $$SELECT flowai.use_tenant('globex');; RESET flowai.tenant;; SELECT count(*) FROM flowai.kv_entries$$, '(0)'),
(166, 'pool', 'DISCARD ALL in the middle', $$SELECT flowai.use_tenant('globex');; DISCARD ALL$$, 'error 25001'),
(167, 'pool', 'a tenant of neither', $$SELECT flowai.use_tenant('initech')$$, 'error 42501 tenant_not_yours');

-- 101 to 150, each in a transaction of its own.
\connect - globex_app
:attempts \gexec
-- 151 and 171 to 174: what takes effect at login.
ALTER ROLE globex_app SET flowai.tenant = 'acme';
\connect - globex_app
SELECT '151 globex_app: ALTER ROLE of itself, at the next login -> ' || arena.outcome('SELECT count(*) FROM flowai.kv_entries');
ALTER ROLE globex_app RESET flowai.tenant;
\setenv PGOPTIONS '-c flowai.tenant=acme'
\connect - globex_app
SELECT '171 globex_app: PGOPTIONS -> ' || arena.outcome('SELECT count(*) FROM flowai.kv_entries');
SELECT '172 globex_app: RESET, which goes back to PGOPTIONS -> ' || arena.outcome('RESET flowai.tenant;; SELECT count(*) FROM flowai.kv_entries');
DISCARD ALL;
SELECT '173 globex_app: DISCARD ALL, which goes back to PGOPTIONS -> ' || arena.outcome('SELECT count(*) FROM flowai.kv_entries');
\setenv PGOPTIONS
-- A plain \connect would keep the options of the connection before.
\set afresh 'dbname=' :DBNAME ' user=globex_app'
\connect -reuse-previous=off :afresh
SET flowai.tenant = 'acme';
SELECT '174 globex_app: a placeholder from before the library was loaded -> ' || arena.outcome('SELECT count(*) FROM flowai.kv_entries');
\connect - idle
:attempts \gexec
\connect - stranger
:attempts \gexec
\connect - pool
:attempts \gexec
\connect - postgres
-- Nothing of acme's has moved.
:damage;
