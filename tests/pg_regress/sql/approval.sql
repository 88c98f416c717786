-- One decision each, by whom and when, for the body that was seen.
SET ROLE acme_app;
SELECT flowai.plan_kind_define('report', '{}');
SELECT created FROM flowai.plan_store('report', 'p1', '{"title": "Send it", "steps": [{"operation": "o"}]}');
SELECT approval FROM flowai.plan_submit('p1', deadline => '1 day') \gset
SELECT subject_kind, subject_id, subject_revision, title, requested_by, expires_at > requested_at AS has_deadline FROM flowai.approval_inbox;
SELECT * FROM flowai.approval_decide(:'approval', 'maybe');
SELECT * FROM flowai.approval_decide(:'approval', NULL);
SELECT * FROM flowai.approval_decide(NULL, 'granted');
SELECT * FROM flowai.approval_decide('00000000-0000-0000-0000-000000000001', 'granted');
-- Another tenant cannot tell it from an unknown one.
SET ROLE globex_app;
SELECT count(*) FROM flowai.approval_inbox;
SELECT count(*) FROM flowai.approvals;
SET ROLE acme_app;
SELECT * FROM flowai.approval_decide(:'approval', 'granted', 'go ahead');
SELECT * FROM flowai.approval_decide(:'approval', 'denied');
SELECT subject_id, decision, comment, requested_by, decided_by, decided_at >= requested_at AS in_order FROM flowai.approvals;
SELECT count(*) FROM flowai.approval_inbox;
-- Denied is the end of it.
SELECT created FROM flowai.plan_store('report', 'p2', '{"title": "Send it", "steps": [{"operation": "o"}]}');
SELECT approval FROM flowai.plan_submit('p2') \gset
SELECT * FROM flowai.approval_decide(:'approval', 'denied', 'never');
SELECT state FROM flowai.plan_get('p2');
-- Too late.
SELECT created FROM flowai.plan_store('report', 'p3', '{"title": "Send it", "steps": [{"operation": "o"}]}');
SELECT approval FROM flowai.plan_submit('p3', deadline => '1 microsecond') \gset
SELECT count(*) FROM flowai.approval_inbox;
SELECT * FROM flowai.approval_decide(:'approval', 'granted');
SELECT * FROM flowai.plan_submit('p1', deadline => '0 seconds');
SELECT * FROM flowai.plan_submit('p1', deadline => '-4 months 121 days');
-- A plan about which nobody decided in time may be revised, and submitted anew.
SELECT created FROM flowai.plan_store('report', 'late', '{"title": "Send it", "steps": [{"operation": "o"}]}');
SELECT state FROM flowai.plan_submit('late', deadline => '1 microsecond');
SELECT state FROM flowai.plan_submit('late', deadline => '1 microsecond');
SELECT revision FROM flowai.plan_store('report', 'late', '{"title": "Send that", "steps": [{"operation": "o"}]}', 1);
SELECT state, revision, approval AS late FROM flowai.plan_submit('late', deadline => '1 day') \gset
\echo :state :revision
SELECT state FROM flowai.plan_submit('late');
SELECT * FROM flowai.plan_store('report', 'late', '{"title": "Send it", "steps": [{"operation": "o"}]}', 2);
SELECT from_state, to_state, revision, comment FROM flowai.plan_history('late');
SELECT subject_revision, decision FROM flowai.approvals WHERE subject_id = 'late' ORDER BY requested_at;
SELECT name, attributes - 'approval' AS attributes FROM flowai.event_list('flowai.', max_rows => 1000) WHERE attributes ->> 'plan' = 'late';
SELECT state FROM flowai.approval_decide(:'late', 'granted');
SELECT * FROM flowai.plan_submit('p2', comment => repeat('x', 8193));
SELECT * FROM flowai.plan_cancel('p2', repeat('x', 8193));
-- A body that changed behind the person's back is not what was decided.
RESET ROLE;
\set VERBOSITY terse
INSERT INTO flowai.approvals (tenant_id, id, subject_kind, subject_id, subject_revision, title, body, body_hash, requested_by, requested_login, decision) VALUES ('acme', gen_random_uuid(), 'plan', 'p9', 1, 't', '{}', decode(repeat('00', 32), 'hex'), 'r', 'r', 'granted');
INSERT INTO flowai.approvals (tenant_id, id, subject_kind, subject_id, subject_revision, title, body, body_hash, requested_by, requested_login) VALUES ('acme', gen_random_uuid(), 'plan', 'p3', 1, 't', '{}', decode(repeat('00', 32), 'hex'), 'r', 'r');
UPDATE flowai.plans SET body_hash = decode(repeat('11', 32), 'hex') WHERE id = 'p3';
UPDATE flowai.approvals SET expires_at = NULL WHERE subject_id = 'p3';
\set VERBOSITY default
SET ROLE acme_app;
SELECT * FROM flowai.approval_decide(:'approval', 'granted');
SELECT state FROM flowai.plan_get('p3');

-- ------------------------------------------------------------------ anything can be asked about
RESET ROLE;
SET client_min_messages = warning;
CREATE ROLE acme_lead LOGIN;
CREATE ROLE acme_deciders NOLOGIN;
RESET client_min_messages;
SET ROLE steward;
SELECT flowai.tenant_grant('acme', 'acme_lead');
SET SESSION AUTHORIZATION acme_app;
SELECT approval AS web, created, status FROM flowai.approval_request('deployment', 'web', '{"title": "Ship it", "version": 3}', '1 day') \gset
\echo :created :status
-- The same once more finds it; something else about the subject waits for its turn.
SELECT approval = :'web' AS same, created, status FROM flowai.approval_request('deployment', 'web', '{"version": 3.0, "title": "Ship it"}');
SELECT * FROM flowai.approval_request('deployment', 'web', '{"version": 4}');
SELECT subject_kind, subject_id, subject_revision, title, body, requested_by, expires_at > requested_at AS has_deadline FROM flowai.approval_inbox;
SELECT subject_kind, subject_id, title, status, decided_by, used_at FROM flowai.approval_outbox WHERE id = :'web';
SELECT subject_id, body, status FROM flowai.approval_get(:'web');
SELECT * FROM flowai.approval_decide(:'web', 'sent_back', 'after lunch');
SELECT * FROM flowai.approval_wait(:'web') AS w (status, comment, decided_by, decided_at) WHERE decided_at IS NULL;
SELECT status, comment, decided_by FROM flowai.approval_wait(:'web');
-- A title of its own; a body without one.
SELECT status FROM flowai.approval_request('deployment', 'db', '[1]', title => 'The database');
SELECT status FROM flowai.approval_request('mail', 'm1', '"text"');
SELECT subject_kind, subject_id, title, status, comment FROM flowai.approval_list() WHERE subject_kind <> 'plan';
SELECT count(*) FROM flowai.approval_list(max_rows => 1);
SELECT (SELECT array_agg(id) FROM flowai.approval_list(after => (SELECT id FROM flowai.approval_list(max_rows => 1)))) = (SELECT (array_agg(id))[2:] FROM flowai.approval_list()) AS the_rest;
SELECT count(*) = (SELECT count(*) FROM flowai.approval_inbox) AS what_waits FROM flowai.approval_list('waiting');
SELECT count(*) FROM flowai.approval_list('mine');
SELECT count(*) FROM flowai.approval_list(NULL);
-- Taken back by who asked, once.
SELECT id AS db FROM flowai.approval_outbox WHERE subject_id = 'db' \gset
SET SESSION AUTHORIZATION acme_lead;
SELECT flowai.approval_withdraw(:'db');
SET SESSION AUTHORIZATION acme_app;
SELECT flowai.approval_withdraw(:'db', 'not now');
SELECT flowai.approval_withdraw(:'db');
SELECT * FROM flowai.approval_decide(:'db', 'granted');
SELECT status, comment FROM flowai.approval_get(:'db');
-- Bad arguments.
SELECT * FROM flowai.approval_request(NULL, 'x', '1');
SELECT * FROM flowai.approval_request('k', NULL, '1');
SELECT * FROM flowai.approval_request('k', 'x', NULL);
SELECT * FROM flowai.approval_request('k', 'x', '1', '-1 day');
SELECT * FROM flowai.approval_request('k', 'x', '1', title => E'two\nlines');
SELECT * FROM flowai.approval_request('k', 'x', to_jsonb(repeat('x', 1100000)));
SELECT * FROM flowai.approval_request('tool', 'no_such_tool', '{}');
SELECT * FROM flowai.approval_request('tool', 'kv_get', '{"key": 5}');
SELECT * FROM flowai.approval_request('plan', 'no such plan', '{}');
SELECT * FROM flowai.approval_decide(:'web', 'denied', repeat('x', 9000));
SELECT * FROM flowai.approval_wait(NULL);
SELECT * FROM flowai.approval_wait(:'web', NULL);
SELECT * FROM flowai.approval_wait(:'web', '0');
SELECT * FROM flowai.approval_wait(:'web', '2 hours');
SELECT * FROM flowai.approval_wait('00000000-0000-0000-0000-000000000001');
SELECT flowai.approval_withdraw(NULL);
SELECT flowai.approval_withdraw('00000000-0000-0000-0000-000000000001');
-- Waiting ends by itself, at the deadline, and when it is told to.
SELECT approval AS slow FROM flowai.approval_request('deployment', 'slow', '{}') \gset
SELECT status, decided_at FROM flowai.approval_wait(:'slow', '30 milliseconds');
SELECT approval AS brief FROM flowai.approval_request('deployment', 'brief', '{}', '20 milliseconds') \gset
SELECT status, decided_at FROM flowai.approval_wait(:'brief', '1 hour');
SET statement_timeout = '50 ms';
SELECT * FROM flowai.approval_wait(:'slow', '1 hour');
RESET statement_timeout;
-- What nobody decided in time is asked anew, and stays on record.
SELECT created FROM flowai.approval_request('deployment', 'brief', '{}');
SELECT decision, decided_by FROM flowai.approvals WHERE subject_id = 'brief' ORDER BY requested_at;

-- ------------------------------------------------------------------------------ policies
SET SESSION AUTHORIZATION steward;
SELECT flowai.approval_policy_set('acme', 'plan', 'report', 'never');
SELECT flowai.approval_policy_set('acme', 'plan', 'report', 'never');
SELECT flowai.approval_policy_set('nobody', 'plan', 'report', 'never');
SELECT flowai.approval_policy_set('acme', 'plan', 'report', 'maybe');
SELECT flowai.approval_policy_set('acme', 'plan', 'report', 'predicate');
SELECT flowai.approval_policy_set('acme', 'plan', 'report', 'always', 'pg_catalog.now()');
SELECT flowai.approval_policy_set('acme', 'plan', 'report', 'predicate', 'pg_catalog.now()');
SELECT flowai.approval_policy_set('acme', 'plan', 'report', 'always', deciders => 'no such role');
SELECT flowai.approval_policy_set('acme', 'plan', 'report', 'always', separate_duties => NULL);
SELECT flowai.approval_policy_set('acme', 'tool', 'no_such_tool', 'always');
SELECT flowai.approval_policy_set(NULL, 'tool', 'kv_get', 'always');
-- What would protect nothing.
SELECT flowai.approval_policy_set('acme', 'tools', 'kv_delete', 'always');
SELECT flowai.approval_policy_set('acme', 'plan', 'no such kind', 'always');
SELECT flowai.approval_policy_set('acme', 'tool', 'approval_request', 'always');
SELECT flowai.approval_policy_drop('acme', 'plan', 'other');
SELECT flowai.approval_policy_list('nobody');
-- Never: the plan is approved at once, and that is on record too.
SET SESSION AUTHORIZATION acme_app;
SELECT created FROM flowai.plan_store('report', 'n1', '{"title": "Send it", "steps": [{"operation": "o"}]}');
SELECT plan, state, revision FROM flowai.plan_submit('n1');
SELECT title, decision, comment, decided_by FROM flowai.approvals WHERE subject_id = 'n1';
SELECT from_state, to_state, comment FROM flowai.plan_history('n1');
SELECT subject_kind, subject, policy, separate_duties, deciders, set_by FROM flowai.approval_policies;
-- Always, with duties separated: who asked does not see it in the inbox, and does not decide.
SET SESSION AUTHORIZATION steward;
SELECT flowai.approval_policy_set('acme', 'plan', 'report', 'always', separate_duties => true);
SET SESSION AUTHORIZATION acme_app;
SELECT created FROM flowai.plan_store('report', 's1', '{"title": "Send it", "steps": [{"operation": "o"}]}');
-- A plan can be submitted by its body: only by the one that it has.
SELECT * FROM flowai.approval_request('plan', 's1', '{"title": "Send that", "steps": [{"operation": "o"}]}');
SELECT approval AS s1, created, status FROM flowai.approval_request('plan', 's1', '{"steps": [{"operation": "o"}], "title": "Send it"}') \gset
SELECT count(*) FROM flowai.approval_inbox WHERE subject_id = 's1';
SELECT * FROM flowai.approval_decide(:'s1', 'granted');
SELECT flowai.approval_withdraw(:'s1');
RESET SESSION AUTHORIZATION;
GRANT acme_lead TO acme_app;
SET SESSION AUTHORIZATION acme_app;
-- Another role is the same login.
SET ROLE acme_lead;
SELECT * FROM flowai.approval_decide(:'s1', 'granted');
RESET SESSION AUTHORIZATION;
REVOKE acme_lead FROM acme_app;
SET SESSION AUTHORIZATION acme_lead;
SELECT subject_id, body FROM flowai.approval_inbox WHERE subject_id = 's1';
SELECT * FROM flowai.approval_decide(:'s1', 'granted');
SELECT state FROM flowai.plan_get('s1');
-- Deciders.
SET SESSION AUTHORIZATION steward;
SELECT flowai.approval_policy_set('acme', 'plan', '*', 'always', separate_duties => false, deciders => 'acme_deciders');
SELECT flowai.approval_policy_drop('acme', 'plan', 'report');
SELECT * FROM flowai.approval_policy_list('acme');
SET SESSION AUTHORIZATION acme_app;
SELECT created FROM flowai.plan_store('report', 'd1', '{"title": "Send it", "steps": [{"operation": "o"}]}');
SELECT approval AS d1 FROM flowai.plan_submit('d1') \gset
SELECT count(*) FROM flowai.approval_inbox WHERE subject_id = 'd1';
SELECT * FROM flowai.approval_decide(:'d1', 'granted');
RESET SESSION AUTHORIZATION;
GRANT acme_deciders TO acme_app;
SET SESSION AUTHORIZATION acme_app;
SELECT count(*) FROM flowai.approval_inbox WHERE subject_id = 'd1';
-- A policy that gets stricter binds what waits already; one that goes away does not loosen it.
SET SESSION AUTHORIZATION steward;
SELECT flowai.approval_policy_set('acme', 'plan', 'report', 'always', separate_duties => true);
SET SESSION AUTHORIZATION acme_app;
SELECT * FROM flowai.approval_decide(:'d1', 'granted');
SET SESSION AUTHORIZATION steward;
SELECT flowai.approval_policy_drop('acme', 'plan', 'report'), flowai.approval_policy_drop('acme', 'plan', '*');
SET SESSION AUTHORIZATION acme_lead;
SELECT * FROM flowai.approval_decide(:'d1', 'granted');
SET SESSION AUTHORIZATION acme_app;
SELECT * FROM flowai.approval_decide(:'d1', 'granted', 'as a decider');

-- ---------------------------------------------------------------------------- predicates
RESET SESSION AUTHORIZATION;
CREATE SCHEMA app;
GRANT USAGE ON SCHEMA app TO PUBLIC;
CREATE TABLE app.limits (kind text, steps integer);
INSERT INTO app.limits VALUES ('report', 1);
GRANT SELECT ON app.limits TO PUBLIC;
CREATE FUNCTION app.needs(subject_kind text, subject text, body jsonb) RETURNS boolean LANGUAGE sql STABLE
    AS $$ SELECT jsonb_array_length(body -> 'steps') > l.steps FROM app.limits l WHERE l.kind = subject $$;
CREATE FUNCTION app.not_boolean(text, text, jsonb) RETURNS text LANGUAGE sql AS $$ SELECT 'false' $$;
CREATE FUNCTION app.of_set(text, text, jsonb) RETURNS SETOF boolean LANGUAGE sql AS $$ SELECT false $$;
SET SESSION AUTHORIZATION steward;
SELECT flowai.approval_policy_set('acme', 'plan', 'report', 'predicate', 'app.not_boolean(text,text,jsonb)');
SELECT flowai.approval_policy_set('acme', 'plan', 'report', 'predicate', 'app.of_set(text,text,jsonb)');
SELECT flowai.approval_policy_set('acme', 'plan', 'report', 'predicate', 1::oid::regprocedure);
SELECT flowai.approval_policy_set('acme', 'plan', 'report', 'predicate', 'app.needs(text,text,jsonb)');
SELECT * FROM flowai.approval_policy_list('acme');
SET SESSION AUTHORIZATION acme_app;
CREATE FUNCTION pg_temp.submit(plan text, steps integer) RETURNS TABLE (state text, because text) LANGUAGE sql AS $$
    SELECT count(*) FROM flowai.plan_store('report', plan, jsonb_build_object('title', 'It''s \ "quoted"', 'steps', (SELECT jsonb_agg('{"operation": "o"}'::jsonb) FROM generate_series(1, steps))));
    SELECT s.state, e.attributes ->> 'because' FROM flowai.plan_submit(plan) s, flowai.event_list('flowai.approval.', max_rows => 1000) e WHERE e.attributes ->> 'approval' = s.approval::text;
    SELECT p.state, (SELECT e.attributes ->> 'because' FROM flowai.event_list('flowai.approval.', max_rows => 1000) e WHERE e.attributes ->> 'plan' = p.id AND e.attributes ? 'because') FROM flowai.plan_get(plan) p $$;
SELECT * FROM pg_temp.submit('q1', 1);
SELECT * FROM pg_temp.submit('q2', 2);
-- It is asked as the caller: without SELECT on the table it fails, and an approval is needed.
RESET SESSION AUTHORIZATION;
REVOKE SELECT ON app.limits FROM PUBLIC;
SET SESSION AUTHORIZATION acme_app;
SELECT * FROM pg_temp.submit('q3', 1);
RESET SESSION AUTHORIZATION;
GRANT SELECT ON app.limits TO PUBLIC;
-- NULL is no answer.
UPDATE app.limits SET kind = 'another';
SET SESSION AUTHORIZATION acme_app;
SELECT * FROM pg_temp.submit('q4', 1);
RESET SESSION AUTHORIZATION;
UPDATE app.limits SET kind = 'report';
-- A function that was changed behind the administrator's back is not asked.
CREATE OR REPLACE FUNCTION app.needs(subject_kind text, subject text, body jsonb) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT false $$;
SET SESSION AUTHORIZATION acme_app;
SELECT * FROM pg_temp.submit('q5', 1);
SET SESSION AUTHORIZATION steward;
SELECT flowai.approval_policy_set('acme', 'plan', 'report', 'predicate', 'app.needs(text,text,jsonb)');
SET SESSION AUTHORIZATION acme_app;
SELECT * FROM pg_temp.submit('q6', 1);
RESET SESSION AUTHORIZATION;
DROP FUNCTION app.needs;
SET SESSION AUTHORIZATION acme_app;
SELECT * FROM pg_temp.submit('q7', 1);
-- All of it is on record.
SELECT name, count(*) FROM flowai.event_list('flowai.approval.', max_rows => 1000) GROUP BY name ORDER BY name COLLATE "C";
SELECT attributes - 'approval' AS attributes FROM flowai.event_list('flowai.approval.', max_rows => 1000) WHERE attributes ->> 'subject' = 'web';
SELECT attributes FROM flowai.event_list('flowai.approval.policy') LIMIT 2;
-- What waited for a plan that is cancelled is withdrawn.
SELECT state FROM flowai.plan_cancel('q7');
SELECT decision, decided_by FROM flowai.approvals WHERE subject_id = 'q7';
RESET SESSION AUTHORIZATION;
-- The database holds the rules, whoever writes.
\set VERBOSITY terse
UPDATE flowai.approvals SET decision = 'granted', decided_by = 'acme_app', decided_login = requested_login, decided_at = clock_timestamp() WHERE subject_id = 's1';
UPDATE flowai.approvals SET separate_duties = true WHERE subject_id = 'd1';
UPDATE flowai.approvals SET decision = 'granted', decided_by = 'a', decided_login = 'b', decided_at = clock_timestamp() WHERE subject_id = 'brief' AND decision = 'expired';
UPDATE flowai.approvals SET decision = 'granted' WHERE subject_id = 'slow';
UPDATE flowai.approvals SET used_at = clock_timestamp() WHERE subject_id = 'd1';
INSERT INTO flowai.approval_policies (tenant_id, subject_kind, subject, policy, separate_duties, set_by) VALUES ('acme', 'plan', 'x', 'predicate', true, 'r');
\set VERBOSITY default
SET ROLE steward;
SELECT flowai.tenant_revoke('acme', 'acme_lead');
RESET ROLE;
DROP ROLE acme_lead, acme_deciders;
