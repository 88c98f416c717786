-- Plans: what an agent means to do, before it does it. A title and ordered steps, each with the
-- references that it uses; decided by a person; run by exactly one worker.

CREATE DOMAIN flowai.plan_state AS text COLLATE "C"
    CONSTRAINT plan_state_known CHECK (VALUE IN ('draft', 'submitted', 'approved', 'running', 'succeeded', 'failed', 'cancelled'));
COMMENT ON DOMAIN flowai.plan_state IS 'Where a plan stands: draft, submitted, approved, running, then succeeded or failed; or cancelled, before it runs.';

CREATE DOMAIN flowai.step_state AS text COLLATE "C"
    CONSTRAINT step_state_known CHECK (VALUE IN ('pending', 'succeeded', 'failed'));
COMMENT ON DOMAIN flowai.step_state IS 'Where a step of a plan stands: pending, then succeeded or failed.';

CREATE TABLE flowai.plan_kinds (
    tenant_id  flowai.identifier NOT NULL,
    kind       flowai.identifier NOT NULL,
    revision   bigint NOT NULL,
    schema     jsonb NOT NULL,
    defined_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT plan_kinds_pkey PRIMARY KEY (tenant_id, kind),
    CONSTRAINT plan_kinds_revision_positive CHECK (revision OPERATOR(pg_catalog.>) 0)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai.plan_kinds IS 'Kinds of plans, each with the JSON Schema that a body must fit. Written by flowai.plan_kind_define.';
COMMENT ON COLUMN flowai.plan_kinds.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.plan_kinds.kind IS 'Name of the kind.';
COMMENT ON COLUMN flowai.plan_kinds.revision IS 'Counts the definitions, from 1.';
COMMENT ON COLUMN flowai.plan_kinds.schema IS 'JSON Schema 2020-12.';
COMMENT ON COLUMN flowai.plan_kinds.defined_at IS 'When this revision was defined.';
SELECT flowai_internal.make_tenant_table('flowai.plan_kinds');

CREATE TABLE flowai.plans (
    tenant_id        flowai.identifier NOT NULL,
    id               flowai.identifier NOT NULL,
    kind             flowai.identifier NOT NULL,
    state            flowai.plan_state NOT NULL DEFAULT 'draft',
    revision         bigint NOT NULL DEFAULT 1,
    title            text NOT NULL,
    body             jsonb NOT NULL,
    body_hash        bytea NOT NULL,
    created_by       text NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    submitted_at     timestamptz,
    approved_at      timestamptz,
    started_at       timestamptz,
    finished_at      timestamptz,
    outcome          jsonb,
    attempt          integer NOT NULL DEFAULT 0,
    transitions      integer NOT NULL DEFAULT 0,
    lease_hash       bytea,
    lease_expires_at timestamptz,
    CONSTRAINT plans_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT plans_body_hash_length CHECK (pg_catalog.octet_length(body_hash) OPERATOR(pg_catalog.=) 32),
    CONSTRAINT plans_revision_positive CHECK (revision OPERATOR(pg_catalog.>) 0),
    -- Whatever was started was claimed.
    CONSTRAINT plans_attempts_counted CHECK (attempt OPERATOR(pg_catalog.>=) pg_catalog.num_nonnulls(started_at)),
    -- What says something in a state, t, and what is NULL, f: the four times, the lease, the outcome. In one
    -- list, because the server reads the text of a constraint anew in every statement that writes, and with
    -- a condition for each column that was a tenth of what it costs to claim a plan.
    CONSTRAINT plans_columns_fit_state CHECK (
        pg_catalog.concat(submitted_at IS NOT NULL, approved_at IS NOT NULL, started_at IS NOT NULL, finished_at IS NOT NULL, ' ',
                          lease_hash IS NOT NULL, lease_expires_at IS NOT NULL, ' ', outcome IS NOT NULL, ' ', state)
        OPERATOR(pg_catalog.=) ANY ('{
            ffff ff f draft,
            tfff ff f submitted,
            ttff ff f approved,
            tttf tt f running,
            tttt ff f succeeded,
            tttt ff t succeeded,
            tttt ff t failed,
            ffft ff f cancelled,
            tfft ff f cancelled,
            ttft ff f cancelled}'))
) PARTITION BY HASH (tenant_id);
-- Serves plan_claim: the oldest approved plan, of a kind or of any.
CREATE INDEX plans_state_idx ON flowai.plans (tenant_id, state, approved_at, id);
-- Serves the taking back of plans whose lease is over: only those that run are in it.
CREATE INDEX plans_lease_idx ON flowai.plans (tenant_id, lease_expires_at) WHERE lease_expires_at IS NOT NULL;
-- Serves plan_purge; only plans that have ended are in it.
CREATE INDEX plans_finished_idx ON flowai.plans (tenant_id, finished_at, id) WHERE finished_at IS NOT NULL;
COMMENT ON TABLE flowai.plans IS 'Plans of the tenant. Written by flowai.plan_store and the functions that move a plan from state to state.';
COMMENT ON COLUMN flowai.plans.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.plans.id IS 'Name of the plan, chosen by its author.';
COMMENT ON COLUMN flowai.plans.kind IS 'Its kind, whose schema the body fitted when it was stored.';
COMMENT ON COLUMN flowai.plans.state IS 'Where it stands.';
COMMENT ON COLUMN flowai.plans.revision IS 'Counts the bodies stored, from 1: for compare-and-set.';
COMMENT ON COLUMN flowai.plans.title IS 'What it is about, in one line.';
COMMENT ON COLUMN flowai.plans.body IS 'Title and steps as they were stored.';
COMMENT ON COLUMN flowai.plans.body_hash IS 'BLAKE3 of the body: a decision holds for the body that was seen.';
COMMENT ON COLUMN flowai.plans.created_by IS 'The role that stored it first.';
COMMENT ON COLUMN flowai.plans.created_at IS 'When it was stored first.';
COMMENT ON COLUMN flowai.plans.submitted_at IS 'When it was submitted; NULL for a draft.';
COMMENT ON COLUMN flowai.plans.approved_at IS 'When it was approved.';
COMMENT ON COLUMN flowai.plans.started_at IS 'When a worker claimed it.';
COMMENT ON COLUMN flowai.plans.finished_at IS 'When it succeeded, failed or was cancelled.';
COMMENT ON COLUMN flowai.plans.outcome IS 'What came of it, or why it failed.';
COMMENT ON COLUMN flowai.plans.attempt IS 'How many workers have claimed it.';
COMMENT ON COLUMN flowai.plans.transitions IS 'How many moves its history has.';
COMMENT ON COLUMN flowai.plans.lease_hash IS 'SHA-256 of the token that the worker that has it shows; NULL unless running.';
COMMENT ON COLUMN flowai.plans.lease_expires_at IS 'Until when the worker has it.';
SELECT flowai_internal.make_tenant_table('flowai.plans');

CREATE TABLE flowai.plan_steps (
    tenant_id   flowai.identifier NOT NULL,
    plan_id     flowai.identifier NOT NULL,
    step_no     integer NOT NULL,
    operation   flowai.identifier NOT NULL,
    input       jsonb NOT NULL,
    state       flowai.step_state NOT NULL DEFAULT 'pending',
    result      jsonb,
    finished_at timestamptz,
    CONSTRAINT plan_steps_pkey PRIMARY KEY (tenant_id, plan_id, step_no),
    CONSTRAINT plan_steps_number_positive CHECK (step_no OPERATOR(pg_catalog.>) 0),
    CONSTRAINT plan_steps_input_object CHECK (pg_catalog.jsonb_typeof(input) OPERATOR(pg_catalog.=) 'object'),
    CONSTRAINT plan_steps_finished_when CHECK ((finished_at IS NULL) OPERATOR(pg_catalog.=) (state OPERATOR(pg_catalog.=) 'pending')),
    CONSTRAINT plan_steps_result_when CHECK (result IS NULL OR state OPERATOR(pg_catalog.<>) 'pending')
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai.plan_steps IS 'The steps of plans, in order, with what came of each.';
COMMENT ON COLUMN flowai.plan_steps.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.plan_steps.plan_id IS 'The plan.';
COMMENT ON COLUMN flowai.plan_steps.step_no IS 'Place in the plan, from 1.';
COMMENT ON COLUMN flowai.plan_steps.operation IS 'What to do, by name.';
COMMENT ON COLUMN flowai.plan_steps.input IS 'With what.';
COMMENT ON COLUMN flowai.plan_steps.state IS 'pending, succeeded or failed.';
COMMENT ON COLUMN flowai.plan_steps.result IS 'What came of it, or why it failed; may be NULL.';
COMMENT ON COLUMN flowai.plan_steps.finished_at IS 'When its worker said so.';
SELECT flowai_internal.make_tenant_table('flowai.plan_steps');
SELECT flowai_internal.make_tenant_reference('plan_steps_plan_known', 'flowai.plan_steps', 'tenant_id, plan_id', 'flowai.plans', 'tenant_id, id', 'CASCADE');

CREATE TABLE flowai.plan_refs (
    tenant_id flowai.identifier NOT NULL,
    plan_id   flowai.identifier NOT NULL,
    step_no   integer NOT NULL,
    kind      flowai.identifier NOT NULL,
    ref_id    text COLLATE "C" NOT NULL,
    CONSTRAINT plan_refs_pkey PRIMARY KEY (tenant_id, plan_id, step_no, kind, ref_id)
) PARTITION BY HASH (tenant_id);
-- Serves the question which plans need a reference.
CREATE INDEX plan_refs_ref_idx ON flowai.plan_refs (tenant_id, kind, ref_id);
COMMENT ON TABLE flowai.plan_refs IS 'Which references the steps of plans use. All resolved when the plan was stored.';
COMMENT ON COLUMN flowai.plan_refs.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.plan_refs.plan_id IS 'The plan.';
COMMENT ON COLUMN flowai.plan_refs.step_no IS 'The step.';
COMMENT ON COLUMN flowai.plan_refs.kind IS 'Kind of the reference.';
COMMENT ON COLUMN flowai.plan_refs.ref_id IS 'Id of the reference.';
SELECT flowai_internal.make_tenant_table('flowai.plan_refs');
SELECT flowai_internal.make_tenant_reference('plan_refs_step_known', 'flowai.plan_refs', 'tenant_id, plan_id, step_no', 'flowai.plan_steps', 'tenant_id, plan_id, step_no', 'CASCADE');

CREATE TABLE flowai.plan_transitions (
    tenant_id     flowai.identifier NOT NULL,
    plan_id       flowai.identifier NOT NULL,
    transition_no integer NOT NULL,
    from_state    flowai.plan_state NOT NULL,
    to_state      flowai.plan_state NOT NULL,
    revision      bigint NOT NULL,
    role          text NOT NULL,
    login         text NOT NULL,
    comment       text,
    moved_at      timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT plan_transitions_pkey PRIMARY KEY (tenant_id, plan_id, transition_no),
    -- The moves of core's plan.rs, once more: a test compares them.
    CONSTRAINT plan_transitions_legal CHECK (pg_catalog.concat(from_state, ' ', to_state) OPERATOR(pg_catalog.=) ANY ('{
        draft submitted, draft cancelled, submitted approved, submitted draft, submitted cancelled,
        approved running, approved cancelled, running approved, running succeeded, running failed}'))
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai.plan_transitions IS 'The history of plans: every move from state to state. Only ever added to.';
COMMENT ON COLUMN flowai.plan_transitions.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.plan_transitions.plan_id IS 'The plan.';
COMMENT ON COLUMN flowai.plan_transitions.transition_no IS 'Counts the moves of the plan, from 1.';
COMMENT ON COLUMN flowai.plan_transitions.from_state IS 'From where.';
COMMENT ON COLUMN flowai.plan_transitions.to_state IS 'To where.';
COMMENT ON COLUMN flowai.plan_transitions.revision IS 'The plan''s revision then.';
COMMENT ON COLUMN flowai.plan_transitions.role IS 'The role that moved it.';
COMMENT ON COLUMN flowai.plan_transitions.login IS 'The login role behind it.';
COMMENT ON COLUMN flowai.plan_transitions.comment IS 'What was said about it; NULL if nothing.';
COMMENT ON COLUMN flowai.plan_transitions.moved_at IS 'When.';
SELECT flowai_internal.make_tenant_table('flowai.plan_transitions');
SELECT flowai_internal.make_tenant_reference('plan_transitions_plan_known', 'flowai.plan_transitions', 'tenant_id, plan_id', 'flowai.plans', 'tenant_id, id', 'CASCADE');

-- ------------------------------------------------------------------------------------------ reading

CREATE FUNCTION flowai.plan_get(plan text)
RETURNS TABLE (id text, kind text, state text, revision bigint, title text, steps jsonb, created_by text, created_at timestamptz,
               submitted_at timestamptz, approved_at timestamptz, started_at timestamptz, finished_at timestamptz, outcome jsonb,
               attempt integer, lease_expires_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT p.id, p.kind, p.state, p.revision, p.title,
           (SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
                       'step_no', s.step_no, 'operation', s.operation, 'input', s.input, 'state', s.state, 'result', s.result,
                       'references', (SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('kind', r.kind, 'id', r.ref_id) ORDER BY r.kind, r.ref_id), '[]')
                                      FROM flowai.plan_refs r
                                      WHERE r.tenant_id = p.tenant_id AND r.plan_id = p.id AND r.step_no = s.step_no))
                   ORDER BY s.step_no)
            FROM flowai.plan_steps s WHERE s.tenant_id = p.tenant_id AND s.plan_id = p.id),
           p.created_by, p.created_at, p.submitted_at, p.approved_at, p.started_at, p.finished_at, p.outcome,
           p.attempt, p.lease_expires_at
    FROM flowai.plans p
    WHERE p.tenant_id = flowai.current_tenant() AND p.id = plan_get.plan;
END;

CREATE FUNCTION flowai.plan_history(plan text)
RETURNS TABLE (transition_no integer, from_state text, to_state text, revision bigint, role text, login text, comment text, moved_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
    SELECT t.transition_no, t.from_state, t.to_state, t.revision, t.role, t.login, t.comment, t.moved_at
    FROM flowai.plan_transitions t
    WHERE t.tenant_id = flowai.current_tenant() AND t.plan_id = plan_history.plan
    ORDER BY t.transition_no;
END;
