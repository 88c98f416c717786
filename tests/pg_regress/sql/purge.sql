-- What ended long ago goes when an administrator says so, and nothing else.
SET ROLE acme_app;
SELECT flowai.plan_kind_define('purged', '{}') AS revision, flowai.ref_kind_define('purged') AS ref_revision;
SELECT id AS used FROM flowai.ref_put('purged', '{"used": true}') \gset
SELECT created FROM unnest('{old done,old failed,old cancelled,new done,waiting,draft}'::text[]) AS p (id), LATERAL flowai.plan_store('purged', p.id,
    jsonb_build_object('title', p.id, 'steps', jsonb_build_array(jsonb_build_object('operation', 'o', 'references', jsonb_build_array(jsonb_build_object('kind', 'purged', 'id', :'used'))))));
SELECT d.state FROM unnest('{old done,old failed,new done}'::text[]) AS p (id), LATERAL flowai.plan_submit(p.id) s, LATERAL flowai.approval_decide(s.approval, 'granted') d;
SELECT state FROM flowai.plan_submit('waiting');
SELECT state FROM flowai.plan_cancel('old cancelled');
SELECT f.state FROM unnest('{old done,new done}'::text[]) AS p (id), LATERAL flowai.plan_claim(p.id) c,
    LATERAL flowai.plan_step_finish(p.id, c.token, 1) s, LATERAL flowai.plan_finish(CASE WHEN s IS NOT NULL THEN p.id END, c.token) f;
SELECT f.state FROM flowai.plan_claim('old failed') c, LATERAL flowai.plan_fail('old failed', c.token, '"no"') f;
-- A call that was granted and not used, one that was used, one that was denied, and two subjects of its own.
RESET ROLE;
SET ROLE steward;
SELECT flowai.approval_policy_set('acme', 'tool', 'kv_delete', 'always', separate_duties => false);
SET ROLE acme_app;
SELECT count(*) FROM unnest('{granted,used,denied}'::text[]) AS k (key), LATERAL flowai.call_tool('kv_delete', jsonb_build_object('namespace', 'purged', 'key', k.key));
SELECT i.body ->> 'key' AS key, d.decision FROM flowai.approval_inbox i,
    LATERAL flowai.approval_decide(i.id, CASE WHEN i.body ->> 'key' = 'denied' THEN 'denied' ELSE 'granted' END) d
WHERE i.subject_kind = 'tool' ORDER BY 1;
SELECT flowai.call_tool('kv_delete', '{"namespace": "purged", "key": "used"}');
SELECT count(*) FROM unnest('{release,late}'::text[]) AS s (id), LATERAL flowai.approval_request('purged', s.id, '{}', deadline => '1 hour');
SELECT d.decision FROM flowai.approval_inbox i, LATERAL flowai.approval_decide(i.id, 'granted') d WHERE i.subject_id = 'release';
-- Years pass.
RESET ROLE;
UPDATE flowai.plans SET finished_at = '2020-01-01' WHERE tenant_id = 'acme' AND id ^@ 'old ';
UPDATE flowai.approvals SET requested_at = requested_at - interval '3 years', decided_at = decided_at - interval '3 years', expires_at = expires_at - interval '3 years', used_at = used_at - interval '3 years'
WHERE tenant_id = 'acme' AND (subject_kind = 'purged' OR subject_kind = 'tool' AND body ->> 'namespace' = 'purged' OR subject_id ^@ 'old ' OR subject_id = 'new done');

SET ROLE steward;
SELECT flowai.plan_purge('acme', '1 year', 2) AS purged;
SELECT flowai.plan_purge('acme', '1 year') AS purged;
SELECT flowai.plan_purge('acme', '1 year') AS purged;
SET ROLE acme_app;
SELECT id, state FROM flowai.plans WHERE kind = 'purged' ORDER BY id;
SELECT 'steps' AS of, plan_id, count(*) FROM flowai.plan_steps WHERE plan_id ~ 'old|new done' GROUP BY 2
UNION ALL SELECT 'refs', plan_id, count(*) FROM flowai.plan_refs WHERE plan_id ~ 'old|new done' GROUP BY 2
UNION ALL SELECT 'history', plan_id, count(*) FROM flowai.plan_transitions WHERE plan_id ~ 'old|new done' GROUP BY 2
UNION ALL SELECT 'approvals', subject_id, count(*) FROM flowai.approvals WHERE subject_id ~ 'old|new done' GROUP BY 2;
-- The name is free, and nothing that was granted before holds for it.
SELECT created, revision FROM flowai.plan_store('purged', 'old done', '{"title": "old done", "steps": [{"operation": "o"}]}');
SELECT count(*) FROM flowai.plan_claim('old done');
SELECT state FROM flowai.plan_submit('old done');
SELECT from_state, to_state FROM flowai.plan_history('old done');

-- The approvals of plans that are there stay, and so does the grant that may still be used.
SET ROLE steward;
SELECT flowai.approval_purge('acme', '1 year', 1) AS purged;
SELECT flowai.approval_purge('acme', '1 year') AS purged;
SELECT flowai.approval_purge('acme', '1 year') AS purged;
SET ROLE acme_app;
SELECT subject_kind, subject_id, body ->> 'key' AS key, decision FROM flowai.approvals
WHERE subject_kind IN ('purged', 'tool') AND (body ->> 'namespace' = 'purged' OR subject_kind = 'purged') OR subject_id = 'new done' ORDER BY 1, 2, 3;
SELECT name, attributes FROM flowai.events WHERE name ~ 'purged$' ORDER BY event_id;

-- Whose they are, how old and how many has to be said.
SELECT flowai.plan_purge('acme', '1 year');
SET ROLE steward;
SELECT flowai.plan_purge('nobody', '1 year');
SELECT flowai.plan_purge(NULL, '1 year');
SELECT flowai.plan_purge('acme', NULL);
SELECT flowai.plan_purge('acme', '-1 year');
SELECT flowai.plan_purge('acme', '1 year', 0);
SELECT flowai.approval_purge('nobody', '1 year');
SELECT flowai.approval_policy_drop('acme', 'tool', 'kv_delete');
RESET ROLE;
