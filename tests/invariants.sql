-- What must hold of key/value entries, references, plans, approvals and events at every moment, whatever
-- clients, crashes and restores did: one row for each rule, with how many things were looked at and how
-- many break it. For a DBA, as superuser, after a restore or an accident:
--
--     psql -d DATABASE -f tests/invariants.sql
--
-- Every row should say 0 violations. It only reads, in one statement and so in one snapshot, on a standby
-- too; a role of a tenant may run it and sees its own tenant.
--
-- The rules that begin with "witnessed" compare the database with what clients were told. Whoever kept
-- account sets invariants.witnessed to it before, a JSON array of objects; without one they look at nothing:
--
--     {"what": "counted", tenant, namespace, key, acknowledged, in_doubt}   a sum of additions to a counter;
--                          in doubt is what was sent when the connection went
--     {"what": "balanced", tenant, namespace}                  additions here were in pairs that cancel out
--     {"what": "together", tenant, namespace, prefix}          keys of this prefix were written by batches only
--     {"what": "first", tenant, namespace, key, value}         a put where none was, which succeeded
--     {"what": "taken", tenant, namespace, key}                a delete that found the entry; never put again
--     {"what": "kept", tenant, namespace, key}                 a put of an entry that nobody tried to delete
--     {"what": "claimed", tenant, plan, attempt}               a claim that was given
--     {"what": "stepped", tenant, plan, step_no, state}        the end of a step that was accepted
--     {"what": "ended", tenant, plan, state}                   the end of a plan that was accepted
WITH witnessed AS MATERIALIZED (
    SELECT w.*
    FROM jsonb_to_recordset(COALESCE(NULLIF(current_setting('invariants.witnessed', true), ''), '[]')::jsonb) AS w(
        what text, tenant text, namespace text, key text, value jsonb, prefix text,
        acknowledged bigint, in_doubt bigint, plan text, attempt integer, step_no integer, state text)
),
unfinished AS (
    SELECT p.tenant_id, p.id FROM flowai.plans p WHERE p.state NOT IN ('succeeded', 'failed', 'cancelled')
),
-- Each move of each plan, beside the one before it.
moves AS MATERIALIZED (
    SELECT t.*, lag(t.to_state, 1, 'draft') OVER plan AS before, row_number() OVER plan AS place
    FROM flowai.plan_transitions t
    WINDOW plan AS (PARTITION BY t.tenant_id, t.plan_id ORDER BY t.transition_no)
),
plan_moves AS MATERIALIZED (
    SELECT m.tenant_id, m.plan_id,
           (array_agg(m.to_state ORDER BY m.transition_no DESC))[1] AS last,
           bool_and(m.from_state = m.before AND m.transition_no = m.place) AS chain,
           count(*) AS lines,
           count(*) FILTER (WHERE m.to_state = 'running') AS claims,
           count(*) FILTER (WHERE m.from_state = 'submitted' AND m.to_state = 'approved') AS granted,
           count(*) FILTER (WHERE m.from_state = 'submitted' AND m.to_state = 'draft') AS sent_back,
           count(*) FILTER (WHERE m.from_state = 'submitted' AND m.to_state = 'cancelled') AS ended,
           count(*) FILTER (WHERE m.to_state = 'submitted') AS asked
    FROM moves m GROUP BY m.tenant_id, m.plan_id
),
plan_steps AS MATERIALIZED (
    SELECT s.tenant_id, s.plan_id, count(*) AS steps, max(s.step_no) AS last_no,
           count(*) FILTER (WHERE s.state = 'succeeded') AS succeeded, count(*) FILTER (WHERE s.state <> 'pending') AS finished
    FROM flowai.plan_steps s GROUP BY s.tenant_id, s.plan_id
),
plan_approvals AS MATERIALIZED (
    -- One that ran out of time is asked anew while the plan waits on; a policy may have waived one.
    SELECT a.tenant_id, a.subject_id, count(*) FILTER (WHERE a.decision IS DISTINCT FROM 'expired') AS asked,
           count(*) FILTER (WHERE a.decision IS NULL) AS open,
           count(*) FILTER (WHERE a.decision IN ('granted', 'waived')) AS granted,
           count(*) FILTER (WHERE a.decision = 'sent_back') AS sent_back,
           count(*) FILTER (WHERE a.decision IN ('denied', 'withdrawn')) AS ended,
           -- Of the plan as it stands.
           count(*) FILTER (WHERE a.decision IS NULL AND a.body_hash = p.body_hash AND a.subject_revision = p.revision) AS open_now,
           count(*) FILTER (WHERE a.decision IN ('granted', 'waived') AND a.body_hash = p.body_hash AND a.subject_revision = p.revision) AS granted_now
    FROM flowai.approvals a JOIN flowai.plans p ON p.tenant_id = a.tenant_id AND p.id = a.subject_id
    WHERE a.subject_kind = 'plan' GROUP BY a.tenant_id, a.subject_id
),
-- Older events may have been purged, a month at a time.
kept_since AS MATERIALIZED (
    SELECT COALESCE(min(to_date(c.relname, '"events_"YYYY_MM'))::timestamp AT TIME ZONE 'UTC', 'infinity') AS moment
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'flowai.events'::regclass
),
move_events AS MATERIALIZED (
    SELECT e.tenant_id, e.attributes ->> 'plan' AS plan_id, e.attributes ->> 'from' AS from_state,
           e.attributes ->> 'to' AS to_state, (e.attributes ->> 'revision')::bigint AS revision, count(*) AS times
    FROM flowai.events e
    -- A plan of this name may have been purged before this one was stored.
    JOIN flowai.plans p ON p.tenant_id = e.tenant_id AND p.id = e.attributes ->> 'plan' AND p.created_at <= e.recorded_at
    WHERE e.name ^@ 'flowai.plan.' AND e.attributes ? 'from'
    GROUP BY 1, 2, 3, 4, 5
),
decision_events AS MATERIALIZED (
    SELECT e.tenant_id, e.attributes ->> 'approval' AS approval, e.name, count(*) AS times
    FROM flowai.events e WHERE e.name ^@ 'flowai.approval.' GROUP BY 1, 2, 3
),
move_counts AS MATERIALIZED (
    SELECT m.tenant_id, m.plan_id, m.from_state, m.to_state, m.revision, count(*) AS times,
           count(*) FILTER (WHERE m.moved_at >= k.moment) AS times_kept
    FROM moves m, kept_since k GROUP BY 1, 2, 3, 4, 5
),
checks (rule, subject, holds) AS (
    -- ------------------------------------------------------------------------------- key/value
    SELECT 'kv: one entry for a key', format('%s/%s/%s', e.tenant_id, e.namespace, e.key), count(*) = 1
    FROM flowai.kv_entries e GROUP BY e.tenant_id, e.namespace, e.key
    UNION ALL
    SELECT 'kv: versions and times are those of a life', format('%s/%s/%s', e.tenant_id, e.namespace, e.key),
           e.version > 0 AND e.updated_at >= e.created_at AND COALESCE(e.expires_at > e.created_at, true)
    FROM flowai.kv_entries e
    -- ------------------------------------------------------------------------------ references
    UNION ALL
    SELECT 'refs: each has a payload, and each payload a reference that expires with it', format('%s/%s/%s', tenant_id, kind, id),
           r.summary IS NOT NULL AND p.payload IS NOT NULL AND r.expires_at IS NOT DISTINCT FROM p.expires_at
    FROM flowai.refs r FULL JOIN flowai.ref_payloads p USING (tenant_id, kind, id)
    UNION ALL
    SELECT 'refs: what an unfinished plan uses is there', format('%s/%s/%s for %s', u.tenant_id, u.kind, u.ref_id, u.plan_id),
           r.id IS NOT NULL
    FROM flowai.plan_refs u JOIN unfinished p ON p.tenant_id = u.tenant_id AND p.id = u.plan_id
    LEFT JOIN flowai.refs r ON r.tenant_id = u.tenant_id AND r.kind = u.kind AND r.id = u.ref_id
    -- ----------------------------------------------------------------------------------- plans
    UNION ALL
    SELECT 'plans: the history leads from draft to the state, move by move', format('%s/%s', p.tenant_id, p.id),
           COALESCE(m.chain, true) AND COALESCE(m.lines, 0) = p.transitions AND COALESCE(m.last, 'draft') = p.state
    FROM flowai.plans p LEFT JOIN plan_moves m ON m.tenant_id = p.tenant_id AND m.plan_id = p.id
    UNION ALL
    SELECT 'plans: every move is a legal one', format('%s/%s: %s to %s', m.tenant_id, m.plan_id, m.from_state, m.to_state),
           (m.from_state, m.to_state) IN (
               ('draft', 'submitted'), ('draft', 'cancelled'),
               ('submitted', 'approved'), ('submitted', 'draft'), ('submitted', 'cancelled'),
               ('approved', 'running'), ('approved', 'cancelled'),
               ('running', 'approved'), ('running', 'succeeded'), ('running', 'failed'))
    FROM moves m
    UNION ALL
    SELECT 'plans: each attempt is one claim in the history', format('%s/%s', p.tenant_id, p.id), p.attempt = COALESCE(m.claims, 0)
    FROM flowai.plans p LEFT JOIN plan_moves m ON m.tenant_id = p.tenant_id AND m.plan_id = p.id
    UNION ALL
    SELECT 'plans: times, lease and outcome fit the state', format('%s/%s: %s', p.tenant_id, p.id, p.state),
           (p.lease_hash IS NOT NULL) = (p.state = 'running') AND (p.lease_expires_at IS NOT NULL) = (p.state = 'running')
           AND (p.started_at IS NOT NULL) = (p.state IN ('running', 'succeeded', 'failed'))
           AND (p.finished_at IS NOT NULL) = (p.state IN ('succeeded', 'failed', 'cancelled'))
           AND (p.submitted_at IS NOT NULL OR p.state IN ('draft', 'cancelled'))
           AND (p.approved_at IS NOT NULL OR p.state IN ('draft', 'submitted', 'cancelled'))
           AND (p.outcome IS NULL OR p.state IN ('succeeded', 'failed')) AND (p.outcome IS NOT NULL OR p.state <> 'failed')
    FROM flowai.plans p
    UNION ALL
    SELECT 'plans: no two have one lease', format('%s/%s', p.tenant_id, p.id),
           p.lease_hash IS NULL OR count(*) OVER (PARTITION BY p.lease_hash) = 1
    FROM flowai.plans p
    UNION ALL
    SELECT 'plans: steps are those of the body, and done by workers only', format('%s/%s: %s', p.tenant_id, p.id, p.state),
           s.steps = s.last_no AND s.steps = jsonb_array_length(p.body -> 'steps')
           AND (p.state <> 'succeeded' OR s.succeeded = s.steps) AND (p.attempt > 0 OR s.finished = 0)
    FROM flowai.plans p LEFT JOIN plan_steps s ON s.tenant_id = p.tenant_id AND s.plan_id = p.id
    -- ------------------------------------------------------------------------------- approvals
    UNION ALL
    SELECT 'approvals: what may run, runs or ran was granted as it stands', format('%s/%s: %s', p.tenant_id, p.id, p.state),
           COALESCE(a.granted_now, 0) = 1
    FROM flowai.plans p LEFT JOIN plan_approvals a ON a.tenant_id = p.tenant_id AND a.subject_id = p.id
    WHERE p.state IN ('approved', 'running', 'succeeded', 'failed')
    UNION ALL
    SELECT 'approvals: one is open for a submitted plan as it stands, none for others', format('%s/%s: %s', p.tenant_id, p.id, p.state),
           COALESCE(a.open_now, 0) = (p.state = 'submitted')::integer AND COALESCE(a.open, 0) = (p.state = 'submitted')::integer
    FROM flowai.plans p LEFT JOIN plan_approvals a ON a.tenant_id = p.tenant_id AND a.subject_id = p.id
    UNION ALL
    SELECT 'approvals: every decision is a move, every move out of submitted a decision', format('%s/%s', p.tenant_id, p.id),
           (COALESCE(a.asked, 0), COALESCE(a.granted, 0), COALESCE(a.sent_back, 0), COALESCE(a.ended, 0))
           = (COALESCE(m.asked, 0), COALESCE(m.granted, 0), COALESCE(m.sent_back, 0), COALESCE(m.ended, 0))
    FROM flowai.plans p
    LEFT JOIN plan_approvals a ON a.tenant_id = p.tenant_id AND a.subject_id = p.id
    LEFT JOIN plan_moves m ON m.tenant_id = p.tenant_id AND m.plan_id = p.id
    -- ---------------------------------------------------------------------------------- events
    UNION ALL
    SELECT 'events: every move of a plan was told, as often as it happened',
           format('%s/%s: %s to %s', m.tenant_id, m.plan_id, m.from_state, m.to_state), COALESCE(e.times, 0) >= m.times_kept
    FROM move_counts m
    LEFT JOIN move_events e ON (e.tenant_id, e.plan_id, e.from_state, e.to_state, e.revision)
                             = (m.tenant_id, m.plan_id, m.from_state, m.to_state, m.revision)
    WHERE m.times_kept > 0
    UNION ALL
    SELECT 'events: nothing was told of plans that did not happen',
           format('%s/%s: %s to %s', e.tenant_id, e.plan_id, e.from_state, e.to_state), e.times <= COALESCE(m.times, 0)
    FROM move_events e
    JOIN flowai.plans p ON p.tenant_id = e.tenant_id AND p.id = e.plan_id
    LEFT JOIN move_counts m ON (m.tenant_id, m.plan_id, m.from_state, m.to_state, m.revision)
                             = (e.tenant_id, e.plan_id, e.from_state, e.to_state, e.revision)
    UNION ALL
    SELECT 'events: every decision was told once', format('%s/%s: %s', a.tenant_id, a.id, a.decision), COALESCE(e.times, 0) = 1
    FROM flowai.approvals a
    LEFT JOIN decision_events e ON e.tenant_id = a.tenant_id AND e.approval = a.id::text AND e.name = 'flowai.approval.' || a.decision
    WHERE a.decision IN ('granted', 'denied', 'sent_back') AND a.decided_at >= (SELECT k.moment FROM kept_since k)
    -- ------------------------------------------------------------------- what clients were told
    UNION ALL
    SELECT 'witnessed: no addition is lost, and none is counted twice',
           format('%s/%s/%s: %s acknowledged, %s in doubt, %s there', w.tenant, w.namespace, w.key, w.acknowledged, w.in_doubt, e.value),
           COALESCE((e.value #>> '{}')::bigint, 0) BETWEEN w.acknowledged AND w.acknowledged + w.in_doubt
    FROM witnessed w
    LEFT JOIN flowai.kv_entries e ON e.tenant_id = w.tenant AND e.namespace = w.namespace AND e.key = w.key
    WHERE w.what = 'counted'
    UNION ALL
    SELECT 'witnessed: a transaction counts whole or not at all', format('%s/%s: the sum is %s', w.tenant, w.namespace, s.sum), s.sum = 0
    FROM witnessed w
    CROSS JOIN LATERAL (SELECT sum((e.value #>> '{}')::bigint) FROM flowai.kv_entries e
                        WHERE e.tenant_id = w.tenant AND e.namespace = w.namespace) s
    WHERE w.what = 'balanced' AND s.sum IS NOT NULL
    UNION ALL
    SELECT 'witnessed: a batch is written whole', format('%s/%s/%s*: %s', w.tenant, w.namespace, w.prefix, s.values), s.different = 1
    FROM witnessed w
    CROSS JOIN LATERAL (SELECT count(DISTINCT e.value) AS different, array_agg(e.value) AS values FROM flowai.kv_entries e
                        WHERE e.tenant_id = w.tenant AND e.namespace = w.namespace AND e.key ^@ w.prefix) s
    WHERE w.what = 'together' AND s.different > 0
    UNION ALL
    SELECT 'witnessed: of those who put where nothing was one was first', format('%s/%s/%s', w.tenant, w.namespace, w.key),
           count(*) = 1 AND bool_and(e.value IS NOT DISTINCT FROM w.value)
    FROM witnessed w
    LEFT JOIN flowai.kv_entries e ON e.tenant_id = w.tenant AND e.namespace = w.namespace AND e.key = w.key
    WHERE w.what = 'first' GROUP BY w.tenant, w.namespace, w.key
    UNION ALL
    SELECT 'witnessed: what was deleted was deleted by one, and is gone', format('%s/%s/%s', w.tenant, w.namespace, w.key),
           count(*) = 1 AND bool_and(e.key IS NULL)
    FROM witnessed w
    LEFT JOIN flowai.kv_entries e ON e.tenant_id = w.tenant AND e.namespace = w.namespace AND e.key = w.key
    WHERE w.what = 'taken' GROUP BY w.tenant, w.namespace, w.key
    UNION ALL
    SELECT 'witnessed: what was put and never deleted is there', format('%s/%s/%s', w.tenant, w.namespace, w.key), e.key IS NOT NULL
    FROM witnessed w
    LEFT JOIN flowai.kv_entries e ON e.tenant_id = w.tenant AND e.namespace = w.namespace AND e.key = w.key
    WHERE w.what = 'kept'
    UNION ALL
    SELECT 'witnessed: each attempt at a plan was given to one worker', format('%s/%s: attempt %s', w.tenant, w.plan, w.attempt),
           count(*) = 1 AND bool_and(COALESCE(w.attempt BETWEEN 1 AND p.attempt, false))
    FROM witnessed w LEFT JOIN flowai.plans p ON p.tenant_id = w.tenant AND p.id = w.plan
    WHERE w.what = 'claimed' GROUP BY w.tenant, w.plan, w.attempt
    UNION ALL
    SELECT 'witnessed: each step was ended by one worker', format('%s/%s: step %s', w.tenant, w.plan, w.step_no),
           count(*) = 1 AND bool_and(s.state IS NOT DISTINCT FROM w.state)
    FROM witnessed w LEFT JOIN flowai.plan_steps s ON s.tenant_id = w.tenant AND s.plan_id = w.plan AND s.step_no = w.step_no
    WHERE w.what = 'stepped' GROUP BY w.tenant, w.plan, w.step_no
    UNION ALL
    SELECT 'witnessed: each plan was ended by one worker', format('%s/%s', w.tenant, w.plan),
           count(*) = 1 AND bool_and(p.state IS NOT DISTINCT FROM w.state)
    FROM witnessed w LEFT JOIN flowai.plans p ON p.tenant_id = w.tenant AND p.id = w.plan
    WHERE w.what = 'ended' GROUP BY w.tenant, w.plan
)
SELECT c.rule, count(*) AS checked, count(*) FILTER (WHERE c.holds IS NOT TRUE) AS violations,
       min(c.subject) FILTER (WHERE c.holds IS NOT TRUE) AS example
FROM checks c GROUP BY c.rule ORDER BY c.rule COLLATE "C";
