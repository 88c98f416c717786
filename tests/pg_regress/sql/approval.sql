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
-- A body that changed behind the person's back is not what was decided.
RESET ROLE;
\set VERBOSITY terse
INSERT INTO flowai.approvals (tenant_id, id, subject_kind, subject_id, subject_revision, title, body_hash, requested_by, decision) VALUES ('acme', gen_random_uuid(), 'plan', 'p9', 1, 't', decode(repeat('00', 32), 'hex'), 'r', 'granted');
INSERT INTO flowai.approvals (tenant_id, id, subject_kind, subject_id, subject_revision, title, body_hash, requested_by) VALUES ('acme', gen_random_uuid(), 'plan', 'p3', 1, 't', decode(repeat('00', 32), 'hex'), 'r');
UPDATE flowai.plans SET body_hash = decode(repeat('11', 32), 'hex') WHERE id = 'p3';
UPDATE flowai.approvals SET expires_at = NULL WHERE subject_id = 'p3';
\set VERBOSITY default
SET ROLE acme_app;
SELECT * FROM flowai.approval_decide(:'approval', 'granted');
SELECT state FROM flowai.plan_get('p3');
