-- A hostile tenant, and a hostile agent in its own tenant, against approvals: to decide what is another's, to
-- approve oneself, to use a grant for something else, to have the policy say what one likes.
SET client_min_messages = warning;
CREATE ROLE globex_lead LOGIN;
RESET client_min_messages;
CREATE SCHEMA lair AUTHORIZATION globex_app;
CREATE SCHEMA desk AUTHORIZATION globex_lead;
GRANT USAGE ON SCHEMA desk TO globex_app;
GRANT USAGE ON SCHEMA lair TO steward;
SET SESSION AUTHORIZATION steward;
SELECT flowai.tenant_grant('globex', 'globex_lead');
SELECT flowai.approval_policy_set('globex', 'tool', 'kv_delete', 'always');
SELECT flowai.approval_policy_set('globex', 'plan', '*', 'always');
SET SESSION AUTHORIZATION acme_app;
SELECT flowai.plan_kind_define('merger', '{}');
SELECT created FROM flowai.plan_store('merger', 'merger', '{"title": "Buy initech", "steps": [{"operation": "buy"}]}');
SELECT approval AS acmes FROM flowai.plan_submit('merger') \gset
\connect - globex_app
SET search_path = lair, public;
\set VERBOSITY terse

-- 1 to 12: another tenant's approval, by its id.
SELECT count(*) FROM flowai.approval_get(:'acmes');
SELECT count(*) FROM flowai.approvals WHERE id = :'acmes' OR tenant_id = 'acme';
SELECT count(*) FROM flowai.approval_inbox;
SELECT count(*) FROM flowai.approval_outbox;
SELECT count(*) FROM flowai.approval_list('waiting') UNION ALL SELECT count(*) FROM flowai.approval_list('asked', :'acmes');
SELECT * FROM flowai.approval_decide(:'acmes', 'granted');
SELECT flowai.approval_withdraw(:'acmes');
SELECT * FROM flowai.approval_wait(:'acmes', '1 millisecond');
SELECT * FROM flowai.approval_request('plan', 'merger', '{"title": "Buy initech", "steps": [{"operation": "buy"}]}');
SELECT flowai.call_tool('approval_get', jsonb_build_object('approval', :'acmes'));
SELECT flowai.call_tool('approval_withdraw', jsonb_build_object('approval', :'acmes')) ->> 'error' AS error;
SELECT count(*) FROM flowai.approval_policies WHERE tenant_id = 'acme';
-- 13 to 24: the tables, the policies, and what stands behind call_tool.
UPDATE flowai.approvals SET decision = 'granted', decided_by = 'globex_lead', decided_login = 'globex_lead', decided_at = now();
INSERT INTO flowai.approvals SELECT * FROM flowai.approvals;
DELETE FROM flowai.approvals;
UPDATE flowai.approval_inbox SET title = 'x';
DELETE FROM flowai.approval_outbox;
UPDATE flowai.approval_policies SET policy = 'never';
DELETE FROM flowai.approval_policies;
UPDATE flowai.plans SET state = 'approved';
SELECT flowai.approval_policy_set('globex', 'tool', 'kv_delete', 'never');
SELECT flowai.approval_policy_drop('globex', 'tool', 'kv_delete');
SELECT * FROM flowai_internal.approval_gate('kv_delete', '{}');
SELECT flowai_internal.approval_status('granted', NULL);

-- 25 to 37: to approve oneself.
SELECT flowai.call_tool('kv_delete', '{"namespace": "n", "key": "k"}') ->> 'approval_id' AS mine \gset
SELECT * FROM flowai.approval_decide(:'mine', 'granted');
SELECT flowai.call_tool('approval_decide', jsonb_build_object('approval', :'mine', 'decision', 'granted')) ->> 'error' AS error;
SELECT flowai.execute_query(format('SELECT * FROM flowai.approval_decide(%L, ''granted'')', :'mine')) ->> 'error' AS error;
SELECT flowai.call_tool('execute_query', jsonb_build_object('sql', format('SELECT flowai.approval_decide(%L, ''granted'')', :'mine'))) ->> 'error' AS error;
SET flowai.tenant = 'acme';
SELECT * FROM flowai.approval_decide(:'mine', 'granted');
RESET flowai.tenant;
SET ROLE globex_lead;
SET SESSION AUTHORIZATION globex_lead;
\connect - globex_lead
\set VERBOSITY terse
-- A function that a decider has written lends its rights to nobody: whose login asks is not its owner's.
CREATE FUNCTION desk.lent(approval uuid) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT decision FROM flowai.approval_decide(approval, 'granted') $$;
\connect - globex_app
SET search_path = lair, public;
\set VERBOSITY terse
SELECT desk.lent(:'mine');
-- To make the session's own login another's.
CREATE FUNCTION lair.outer_name() RETURNS text LANGUAGE sql AS $$ SELECT 'globex_lead' $$;
SELECT set_config('session_authorization', 'globex_lead', false);
SELECT set_config('role', 'globex_lead', false);
SELECT * FROM flowai.approval_decide(:'mine', 'granted');
-- An approval of one's own making, about the same.
SELECT status FROM flowai.approval_request('tool', 'kv_delete', '{"namespace": "n", "key": "k"}');
SELECT status FROM flowai.approval_request('kv_delete', 'kv_delete', '{"namespace": "n", "key": "k"}');
SELECT decision FROM flowai.approval_decide((SELECT id FROM flowai.approval_inbox WHERE subject_kind = 'kv_delete'), 'granted');
SELECT flowai.call_tool('kv_delete', '{"namespace": "n", "key": "k"}') ->> 'status' AS status;
SELECT * FROM flowai.approval_request(' tool', 'kv_delete', '{}');

-- 38 to 47: a grant for one thing, used for another, or twice, or late.
\connect - globex_lead
\set VERBOSITY terse
SELECT decision FROM flowai.approval_decide(:'mine', 'granted');
SELECT * FROM flowai.approval_decide(:'mine', 'granted');
SELECT * FROM flowai.approval_decide(:'mine', 'denied');
SELECT flowai.approval_withdraw(:'mine');
-- The person who granted it may not use it.
SELECT flowai.call_tool('kv_delete', '{"namespace": "n", "key": "k"}') ->> 'status' AS status;
\connect - globex_app
SET search_path = lair, public;
\set VERBOSITY terse
SELECT flowai.call_tool('kv_delete', '{"namespace": "n", "key": "k2"}') ->> 'status' AS status;
SELECT flowai.call_tool('kv_delete', '{"namespace": "n", "key": "k", "ttl": 1}') ->> 'error' AS error;
SELECT flowai.approval_withdraw(:'mine');
SELECT flowai.call_tool('kv_delete', '{"namespace": "n", "key": "k"}') AS ran;
SELECT flowai.call_tool('kv_delete', '{"namespace": "n", "key": "k"}') ->> 'status' AS status;
SELECT approval AS late FROM flowai.approval_request('mail', 'late', '{}', '1 microsecond') \gset
SELECT * FROM flowai.approval_decide(:'late', 'granted');
-- A plan that is another when the decision comes.
SELECT flowai.plan_kind_define('k', '{}');
SELECT created FROM flowai.plan_store('k', 'p', '{"title": "harmless", "steps": [{"operation": "o"}]}');
SELECT approval AS plan FROM flowai.plan_submit('p') \gset
SELECT * FROM flowai.plan_store('k', 'p', '{"title": "harmful", "steps": [{"operation": "o"}]}', 1);
SELECT state FROM flowai.plan_cancel('p');
\connect - globex_lead
\set VERBOSITY terse
SELECT * FROM flowai.approval_decide(:'plan', 'granted');

-- 48 to 53: what the policy is looked up with.
\connect - globex_app
\set VERBOSITY terse
CREATE FUNCTION lair.always(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'as %', current_user; RETURN false; END $$;
CREATE OPERATOR lair.= (LEFTARG = text, RIGHTARG = text, FUNCTION = lair.always);
CREATE FUNCTION lair.approval_policy(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'never' $$;
CREATE TABLE lair.approval_policies (tenant_id text, policy text);
CREATE TEMP TABLE approval_policies (tenant_id text, policy text);
CREATE TEMP TABLE approvals (id uuid, decision text);
SET search_path = lair, pg_temp, pg_catalog, public;
SELECT flowai.call_tool('kv_delete', '{"namespace": "n", "key": "shadow"}') ->> 'status' AS status;
DROP OPERATOR lair.= (text, text);
SET search_path = lair, public;

-- 54 to 66: functions that lie, write, hang, or look around, as the policy.
CREATE TABLE lair.log (line text);
CREATE FUNCTION lair.writes(text, text, jsonb) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO lair.log VALUES ('x'); RETURN false; END $$;
CREATE FUNCTION lair.catches(text, text, jsonb) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO lair.log VALUES ('x'); RETURN false; EXCEPTION WHEN OTHERS THEN RETURN false; END $$;
CREATE FUNCTION lair.hangs(text, text, jsonb) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN LOOP NULL; END LOOP; END $$;
CREATE FUNCTION lair.other() RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
CREATE FUNCTION lair.calls(text, text, jsonb) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN lair.other(); END $$;
CREATE FUNCTION lair.switches(text, text, jsonb) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('flowai.tenant', 'acme', false); RETURN false; END $$;
CREATE FUNCTION lair.decides(text, text, jsonb) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM flowai.approval_decide(id, 'granted') FROM flowai.approvals WHERE decision IS NULL; RETURN false; END $$;
CREATE FUNCTION lair.commands(text, text, jsonb) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN CREATE TEMP TABLE made (n integer); RETURN false; END $$;
CREATE FUNCTION lair.is_owner(text, text, jsonb) RETURNS boolean LANGUAGE sql AS $$ SELECT current_user = 'flowai_owner' $$;
CREATE FUNCTION lair.sees_key(text, text, jsonb) RETURNS boolean LANGUAGE sql AS $$ SELECT count(*) > 0 FROM pg_class c WHERE c.relname = 'tenant_keys' AND has_table_privilege(c.oid, 'SELECT') $$;
CREATE FUNCTION lair.knows_acme(text, text, jsonb) RETURNS boolean LANGUAGE sql AS $$ SELECT count(*) > 0 FROM flowai.approvals WHERE tenant_id = 'acme' $$;
CREATE FUNCTION lair.later(text, text, jsonb) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$;
SET client_min_messages = warning;
CREATE FUNCTION lair.ask(plan text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM flowai.plan_store('k', plan, '{"title": "t", "steps": [{"operation": "o"}]}');
    PERFORM flowai.plan_submit(plan);
    RETURN (SELECT state FROM flowai.plans WHERE id = plan);
END $$;
\connect - postgres
-- Each in turn: what became of a plan, and why.
CREATE PROCEDURE public.each() LANGUAGE plpgsql AS $$
DECLARE
    asked text;
    outcome text;
    because text;
BEGIN
    FOREACH asked IN ARRAY ARRAY['writes', 'catches', 'hangs', 'calls', 'switches', 'decides', 'commands', 'later', 'is_owner', 'sees_key', 'knows_acme'] LOOP
        SET SESSION AUTHORIZATION steward;
        PERFORM flowai.approval_policy_set('globex', 'plan', 'k', 'predicate', format('lair.%I(text,text,jsonb)', asked)::regprocedure);
        SET SESSION AUTHORIZATION globex_app;
        IF asked = 'later' THEN
            CREATE OR REPLACE FUNCTION lair.later(text, text, jsonb) RETURNS boolean LANGUAGE sql AS 'SELECT false';
        END IF;
        outcome := lair.ask(asked);
        SELECT attributes ->> 'because' INTO because FROM flowai.event_list('flowai.approval.', max_rows => 1000) WHERE attributes ->> 'plan' = asked AND attributes ? 'because';
        RAISE NOTICE '% %: %', asked, outcome, because;
    END LOOP;
END $$;
CALL public.each();
RESET SESSION AUTHORIZATION;
SELECT count(*) AS lines FROM lair.log;
SELECT count(*) FROM flowai.approvals WHERE decision = 'granted' AND decided_by = 'globex_app' AND subject_kind = 'plan';
-- What is another's is as it was.
SELECT state, (SELECT decision FROM flowai.approvals WHERE id = :'acmes') AS decision FROM flowai.plans WHERE id = 'merger';
SET client_min_messages = warning;
DROP OWNED BY globex_lead;
SET ROLE steward;
SELECT flowai.tenant_revoke('globex', 'globex_lead');
RESET ROLE;
DROP ROLE globex_lead;
