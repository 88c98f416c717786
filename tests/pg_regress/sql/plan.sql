-- The life of a plan, and every way to leave it by the wrong door.
SET ROLE acme_app;
SELECT flowai.plan_kind_define('report', '{"type": "object", "properties": {"title": {"maxLength": 40}}}');
SELECT flowai.plan_kind_define('report', '{"type": "object", "properties": {"title": {"maxLength": 30}}}');
SELECT flowai.plan_kind_define('broken', '{"type": 7}');
SELECT flowai.plan_kind_define('report', NULL);
SELECT flowai.plan_kind_define(' ', '{}');
SELECT * FROM flowai.plan_store('report', 'p1', '{"title": "Monthly report", "steps": [{"operation": "load", "input": {"month": 5}}, {"operation": "send"}]}');
SELECT id, kind, state, revision, title, steps, created_by, outcome FROM flowai.plan_get('p1');

-- Malformed bodies are named, and nothing is stored.
SELECT * FROM flowai.plan_store('nothing', 'p2', '{"title": "t", "steps": [{"operation": "o"}]}');
SELECT * FROM flowai.plan_store('report', 'p2', '{"title": "A title of more than thirty characters", "steps": [{"operation": "o"}]}');
SELECT * FROM flowai.plan_store('report', 'p2', '[]');
SELECT * FROM flowai.plan_store('report', 'p2', '{"title": "t", "steps": []}');
SELECT * FROM flowai.plan_store('report', 'p2', '{"title": "t", "steps": [{"operation": "o"}, {"operation": "o", "inputs": {}}]}');
SELECT * FROM flowai.plan_store('report', 'p2', '{"title": "t", "steps": [{"operation": "o", "references": [{"kind": "x", "id": "r1"}, {"kind": "y", "id": "r2"}]}]}');
SELECT * FROM flowai.plan_store('report', 'p2', jsonb_build_object('title', 't', 'steps', jsonb_build_array(jsonb_build_object('operation', 'o', 'input', jsonb_build_object('x', repeat('x', 1100000))))));
SELECT * FROM flowai.plan_store('report', NULL, '{}');
SELECT * FROM flowai.plan_store('report', 'p2', NULL);
SELECT count(*) FROM flowai.plan_get('p2');

-- A new body is a compare-and-set.
SELECT * FROM flowai.plan_store('report', 'p1', '{"title": "t", "steps": [{"operation": "o"}]}');
SELECT * FROM flowai.plan_store('report', 'p1', '{"title": "t", "steps": [{"operation": "o"}]}', expected_revision => 7);
SELECT * FROM flowai.plan_store('report', 'nothing', '{"title": "t", "steps": [{"operation": "o"}]}', expected_revision => 1);
SELECT * FROM flowai.plan_store('report', 'p1', '{"title": "Second", "steps": [{"operation": "load"}, {"operation": "send"}]}', expected_revision => 1);
SELECT title, revision, jsonb_array_length(steps) AS steps FROM flowai.plan_get('p1');

-- Draft: nothing but submit and cancel.
SELECT * FROM flowai.plan_claim('p1');
SELECT * FROM flowai.plan_finish('p1', '00000000-0000-0000-0000-000000000001');
SELECT plan, state, revision FROM flowai.plan_submit('p1', comment => 'please');
SELECT * FROM flowai.plan_submit('p1');
SELECT * FROM flowai.plan_store('report', 'p1', '{"title": "Third", "steps": [{"operation": "o"}]}', expected_revision => 2);
SELECT plan, state, decision FROM flowai.approval_inbox, flowai.approval_decide(id, 'sent_back', 'add a step') WHERE subject_id = 'p1';
SELECT * FROM flowai.plan_store('report', 'p1', '{"title": "Third", "steps": [{"operation": "load"}, {"operation": "send"}]}', expected_revision => 2);
SELECT plan, state, revision FROM flowai.plan_submit('p1');
SELECT plan, state, decision FROM flowai.approval_inbox, flowai.approval_decide(id, 'granted') WHERE subject_id = 'p1';
SELECT * FROM flowai.plan_submit('p1');

-- One worker has it, and shows its token.
SELECT token FROM flowai.plan_claim(kind => 'report') \gset
SELECT count(*) FROM flowai.plan_claim(kind => 'report');
SELECT count(*) FROM flowai.plan_claim('p1');
SELECT flowai.plan_heartbeat('p1', '00000000-0000-0000-0000-000000000001');
SELECT flowai.plan_heartbeat('p1', :'token', '1 hour') > now() + '50 minutes' AS extended;
SELECT flowai.plan_heartbeat('p1', :'token', '-1 hour');
SELECT flowai.plan_heartbeat('p1', NULL);
SELECT flowai.plan_step_finish('p1', :'token', 1, '{"rows": 10}');
SELECT flowai.plan_step_finish('p1', :'token', 1, '{"rows": 11}');
SELECT flowai.plan_step_finish('p1', :'token', 3);
SELECT flowai.plan_step_finish('p1', '00000000-0000-0000-0000-000000000001', 2);
SELECT * FROM flowai.plan_finish('p1', :'token');
SELECT * FROM flowai.plan_cancel('p1');
SELECT flowai.plan_step_finish('p1', :'token', 2);
SELECT * FROM flowai.plan_finish('p1', :'token', '{"sent": true}');
SELECT * FROM flowai.plan_finish('p1', :'token', '{"sent": true}');
SELECT flowai.plan_heartbeat('p1', :'token');
SELECT id, state, outcome, steps FROM flowai.plan_get('p1');
SELECT transition_no, from_state, to_state, revision, role, login, comment FROM flowai.plan_history('p1');

-- A failure needs a reason; a lease that is over is nobody's.
SELECT created FROM flowai.plan_store('report', 'p3', '{"title": "t", "steps": [{"operation": "o"}]}');
SELECT state FROM flowai.plan_submit('p3');
SELECT state FROM flowai.approval_inbox, flowai.approval_decide(id, 'granted') WHERE subject_id = 'p3';
SELECT token FROM flowai.plan_claim('p3', lease => '1 microsecond') \gset
SELECT * FROM flowai.plan_fail('p3', :'token', '"late"');
SELECT plan, attempt FROM flowai.plan_claim('p3', lease => '1 microsecond');
SELECT transition_no, from_state, to_state, comment FROM flowai.plan_history('p3');
SELECT state FROM flowai.plan_cancel('p3', 'nobody does it');
SELECT created FROM flowai.plan_store('report', 'p4', '{"title": "t", "steps": [{"operation": "o"}]}');
SELECT state FROM flowai.plan_submit('p4');
SELECT state FROM flowai.approval_inbox, flowai.approval_decide(id, 'granted') WHERE subject_id = 'p4';
SELECT token FROM flowai.plan_claim('p4') \gset
SELECT flowai.plan_step_fail('p4', :'token', 1, '"no such host"');
SELECT * FROM flowai.plan_fail('p4', :'token', NULL);
SELECT * FROM flowai.plan_fail('p4', :'token', '{"reason": "no such host"}');
SELECT state, outcome FROM flowai.plan_get('p4');

-- Leases that are over: back to approved, until the last attempt has failed.
SELECT created FROM flowai.plan_store('report', 'r1', '{"title": "t", "steps": [{"operation": "o"}]}');
SELECT created FROM flowai.plan_store('report', 'r2', '{"title": "t", "steps": [{"operation": "o"}]}');
SELECT plan, state FROM flowai.plan_submit('r1');
SELECT plan, state FROM flowai.plan_submit('r2');
SELECT plan, state FROM flowai.approval_inbox, flowai.approval_decide(id, 'granted') WHERE subject_id IN ('r1', 'r2') ORDER BY plan;
SELECT plan, attempt FROM flowai.plan_claim('r2', lease => '1 hour');
SELECT plan, attempt FROM flowai.plan_claim('r1', lease => '1 microsecond');
SELECT * FROM flowai.plan_reap(2);
SELECT * FROM flowai.plan_reap(2);
SELECT plan, attempt FROM flowai.plan_claim('r1', lease => '1 microsecond');
SELECT id, state, attempt FROM flowai.plan_list() WHERE id ^@ 'r';
SELECT state, attempt, lease_expires_at <= clock_timestamp() AS lease_over FROM flowai.plan_get('r1');
SELECT * FROM flowai.plan_reap(2);
SELECT state, attempt, outcome, lease_expires_at, finished_at >= started_at AS times FROM flowai.plan_get('r1');
SELECT from_state, to_state, comment FROM flowai.plan_history('r1');
SELECT name, severity, attributes FROM flowai.event_list('flowai.plan.') WHERE attributes ->> 'plan' = 'r1';
-- A lease that lives is nobody else's business.
SELECT state FROM flowai.plan_get('r2');
SELECT * FROM flowai.plan_reap(-1);
SELECT * FROM flowai.plan_reap(max_rows => 0);
SELECT * FROM flowai.plan_reap(max_rows => NULL);
-- Claims reap by the setting.
SELECT created FROM flowai.plan_store('report', 'r3', '{"title": "t", "steps": [{"operation": "o"}]}');
SELECT state FROM flowai.plan_submit('r3');
SELECT plan, state FROM flowai.approval_inbox, flowai.approval_decide(id, 'granted') WHERE subject_id = 'r3';
SELECT plan, attempt FROM flowai.plan_claim('r3', lease => '1 microsecond');
-- 0 is no bound.
SELECT * FROM flowai.plan_reap(0);
SELECT plan, attempt FROM flowai.plan_claim('r3', lease => '1 microsecond');
SET flowai.plan_max_attempts = 1;
SELECT count(*) FROM flowai.plan_claim('r3');
SELECT state, attempt FROM flowai.plan_get('r3');
RESET flowai.plan_max_attempts;
SELECT state FROM flowai.plan_cancel('r3');

-- Cancelled before it runs, from each state.
SELECT created FROM flowai.plan_store('report', 'p5', '{"title": "t", "steps": [{"operation": "o"}]}');
SELECT * FROM flowai.plan_cancel('p5', 'not needed');
SELECT * FROM flowai.plan_cancel('p5');
SELECT * FROM flowai.plan_submit('p5');
SELECT created FROM flowai.plan_store('report', 'p6', '{"title": "t", "steps": [{"operation": "o"}]}');
SELECT state FROM flowai.plan_submit('p6');
SELECT * FROM flowai.plan_cancel('p6');
SELECT subject_id, decision, decided_by FROM flowai.approvals WHERE subject_id = 'p6';
SELECT count(*) FROM flowai.approval_inbox;
SELECT * FROM flowai.plan_cancel('nothing');
SELECT id, kind, state, revision, title FROM flowai.plan_list();
SELECT id FROM flowai.plan_list('cancelled', after => 'p5');
SELECT id FROM flowai.plan_list('finished');
SELECT id FROM flowai.plan_list(max_rows => 0);
SELECT count(*) FROM flowai.plan_inputs('p1');
SELECT count(*) FROM flowai.plan_inputs('nothing');

-- The other tenant: not found, whatever it asks; the same id is its own.
SET ROLE globex_app;
SELECT count(*) FROM flowai.plan_get('p1');
SELECT count(*) FROM flowai.plan_history('p1');
SELECT * FROM flowai.plan_submit('p1');
SELECT * FROM flowai.plan_cancel('p1');
SELECT flowai.plan_heartbeat('p1', :'token');
SELECT count(*) FROM flowai.plan_claim();
SELECT * FROM flowai.plan_store('report', 'p1', '{"title": "t", "steps": [{"operation": "o"}]}');
SELECT flowai.plan_kind_define('report', '{}');
SELECT created FROM flowai.plan_store('report', 'p1', '{"title": "t", "steps": [{"operation": "o"}]}');
SELECT count(*) FROM flowai.plans;

-- The database allows no other move, whoever tries.
RESET ROLE;
\set VERBOSITY terse
UPDATE flowai.plans SET state = 'running' WHERE id = 'p1' AND tenant_id = 'globex';
UPDATE flowai.plans SET state = 'approved' WHERE id = 'p1' AND tenant_id = 'globex';
UPDATE flowai.plans SET state = 'done' WHERE id = 'p1' AND tenant_id = 'globex';
UPDATE flowai.plans SET attempt = 0 WHERE id = 'r2';
UPDATE flowai.plans SET attempt = -1 WHERE id = 'p1' AND tenant_id = 'globex';
UPDATE flowai.plans SET outcome = '1' WHERE id = 'p1' AND tenant_id = 'globex';
-- Of all that a state could have and lack, this is what it may.
CREATE TEMP TABLE shape (LIKE flowai.plans INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
DO $$
DECLARE
    tried record;
BEGIN
    FOR tried IN SELECT state, bits FROM unnest(ARRAY['draft', 'submitted', 'approved', 'running', 'succeeded', 'failed', 'cancelled']) state, generate_series(0, 127) bits LOOP
        BEGIN
            INSERT INTO shape (tenant_id, id, kind, title, body, body_hash, created_by, attempt, state, submitted_at, approved_at, started_at, finished_at, lease_hash, lease_expires_at, outcome)
            SELECT 'globex', 'p', 'report', 't', '{}', sha256(''), 'r', 1, tried.state, t[1]::timestamptz, t[2]::timestamptz, t[3]::timestamptz, t[4]::timestamptz, t[5]::bytea, t[6]::timestamptz, t[7]::jsonb
            FROM (SELECT ARRAY(SELECT CASE WHEN tried.bits >> n & 1 = 1 THEN '2026-01-01' END FROM generate_series(0, 3) n)
                      || CASE WHEN tried.bits >> 4 & 1 = 1 THEN 'hash' END || CASE WHEN tried.bits >> 5 & 1 = 1 THEN '2026-01-01' END || CASE WHEN tried.bits >> 6 & 1 = 1 THEN '"said"' END AS t) columns;
        EXCEPTION WHEN check_violation THEN NULL;
        END;
    END LOOP;
END $$;
SELECT state, submitted_at IS NOT NULL AS submitted, approved_at IS NOT NULL AS approved, started_at IS NOT NULL AS started, finished_at IS NOT NULL AS finished,
       lease_hash IS NOT NULL AS lease_hash, lease_expires_at IS NOT NULL AS lease_expires, outcome IS NOT NULL AS outcome
FROM shape ORDER BY array_position(ARRAY['draft', 'submitted', 'approved', 'running', 'succeeded', 'failed', 'cancelled'], state::text), 2, 3, 4, 5, 6, 7, 8;
DROP TABLE shape;
INSERT INTO flowai.plan_transitions (tenant_id, plan_id, transition_no, from_state, to_state, revision, role, login) VALUES ('globex', 'p1', 1, 'draft', 'running', 1, 'r', 'r');
INSERT INTO flowai.plan_steps (tenant_id, plan_id, step_no, operation, input) VALUES ('globex', 'nothing', 1, 'o', '{}');
-- The moves as core has them (its test plan_properties lists the same).
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'plan_transitions_legal' AND conrelid = 'flowai.plan_transitions'::regclass;
-- A step that failed is tried again in the next attempt.
SET ROLE acme_app;
SELECT flowai.plan_kind_define('again', '{}');
SELECT created FROM flowai.plan_store('again', 'again', '{"title": "t", "steps": [{"operation": "a"}, {"operation": "b"}]}');
SELECT d.state FROM flowai.plan_submit('again') s, flowai.approval_decide(s.approval, 'granted') d;
SELECT token FROM flowai.plan_claim('again') \gset
SELECT flowai.plan_step_finish('again', :'token', 1, '1'), flowai.plan_step_fail('again', :'token', 2, '"no"');
SELECT * FROM flowai.plan_finish('again', :'token');
RESET ROLE;
UPDATE flowai.plans SET lease_expires_at = clock_timestamp() WHERE id = 'again';
SET ROLE acme_app;
SELECT token, attempt FROM flowai.plan_claim('again') \gset
\echo :attempt
SELECT s ->> 'state' AS state, s -> 'result' AS result FROM flowai.plan_get('again'), jsonb_array_elements(steps) AS s;
SELECT flowai.plan_step_finish('again', :'token', 2, '2');
SELECT state FROM flowai.plan_finish('again', :'token');
