-- Approvals: the durable record of what waits for a person, and of what the person decided; and the
-- policies that say when somebody has to be asked, and who may answer.
--
-- Policies are the administrators': an agent that could write them could let itself do anything.

ALTER FUNCTION flowai.approval_gate(text, jsonb) SET SCHEMA flowai_internal;

CREATE TABLE flowai.approval_policies (
    tenant_id        flowai.identifier NOT NULL,
    subject_kind     flowai.identifier NOT NULL,
    subject          flowai.identifier NOT NULL,
    policy           text COLLATE "C" NOT NULL,
    predicate_schema text,
    predicate_name   text,
    predicate_digest bytea,
    separate_duties  boolean NOT NULL,
    deciders         text,
    set_by           text NOT NULL,
    set_at           timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    CONSTRAINT approval_policies_pkey PRIMARY KEY (tenant_id, subject_kind, subject),
    CONSTRAINT approval_policies_policy_known CHECK (policy IN ('never', 'always', 'predicate')),
    CONSTRAINT approval_policies_predicate_whole CHECK (
        pg_catalog.num_nonnulls(predicate_schema, predicate_name, predicate_digest) OPERATOR(pg_catalog.=)
        CASE policy WHEN 'predicate' THEN 3 ELSE 0 END)
) PARTITION BY HASH (tenant_id);
COMMENT ON TABLE flowai.approval_policies IS 'When an approval is needed, and who may give it. Written by flowai.approval_policy_set and flowai.approval_policy_drop, for administrators. Without a policy plans and what flowai.approval_request asks need one, and tools do not.';
COMMENT ON COLUMN flowai.approval_policies.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.approval_policies.subject_kind IS 'plan, tool, or another kind of subject.';
COMMENT ON COLUMN flowai.approval_policies.subject IS 'The kind of a plan, the name of a tool, the id of another subject; * for those without a policy of their own.';
COMMENT ON COLUMN flowai.approval_policies.policy IS 'never, always, or predicate: a function is asked.';
COMMENT ON COLUMN flowai.approval_policies.predicate_schema IS 'Schema of the function (subject_kind text, subject text, body jsonb) that says whether an approval is needed; NULL for other policies.';
COMMENT ON COLUMN flowai.approval_policies.predicate_name IS 'Name of the function.';
COMMENT ON COLUMN flowai.approval_policies.predicate_digest IS 'SHA-256 over what the function was when the policy was set: one that was changed since is not asked, and an approval is needed.';
COMMENT ON COLUMN flowai.approval_policies.separate_duties IS 'Whether the login that asked may not decide. Without a policy it may.';
COMMENT ON COLUMN flowai.approval_policies.deciders IS 'The role whose members may decide; NULL for every role of the tenant.';
COMMENT ON COLUMN flowai.approval_policies.set_by IS 'The role that set it.';
COMMENT ON COLUMN flowai.approval_policies.set_at IS 'When.';
SELECT flowai_internal.make_tenant_table('flowai.approval_policies');

CREATE TABLE flowai.approvals (
    tenant_id        flowai.identifier NOT NULL,
    id               uuid NOT NULL,
    subject_kind     flowai.identifier NOT NULL,
    subject_id       flowai.identifier NOT NULL,
    subject_revision bigint NOT NULL,
    title            text NOT NULL,
    body             jsonb NOT NULL,
    body_hash        bytea NOT NULL,
    requested_by     text NOT NULL,
    requested_login  text NOT NULL,
    requested_at     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    expires_at       timestamptz,
    separate_duties  boolean NOT NULL DEFAULT false,
    deciders         text,
    decision         text COLLATE "C",
    comment          text,
    decided_by       text,
    decided_login    text,
    decided_at       timestamptz,
    used_at          timestamptz,
    CONSTRAINT approvals_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT approvals_decision_known CHECK (decision IN ('granted', 'denied', 'sent_back', 'withdrawn', 'waived', 'expired')),
    CONSTRAINT approvals_decided_once CHECK (pg_catalog.num_nonnulls(decision, decided_by, decided_login, decided_at) IN (0, 4)),
    CONSTRAINT approvals_comment_when_decided CHECK (comment IS NULL OR decision IS NOT NULL),
    CONSTRAINT approvals_body_hash_length CHECK (pg_catalog.octet_length(body_hash) OPERATOR(pg_catalog.=) 32),
    CONSTRAINT approvals_revision_positive CHECK (subject_revision OPERATOR(pg_catalog.>) 0),
    -- NULL, and so allowed, while nobody has decided.
    CONSTRAINT approvals_duties_separate CHECK (
        NOT separate_duties OR decision NOT IN ('granted', 'denied', 'sent_back') OR decided_login OPERATOR(pg_catalog.<>) requested_login),
    CONSTRAINT approvals_decided_in_time CHECK (
        decision NOT IN ('granted', 'denied', 'sent_back') OR expires_at IS NULL OR decided_at OPERATOR(pg_catalog.<) expires_at),
    CONSTRAINT approvals_used_when_granted CHECK (
        used_at IS NULL OR (decision IS NOT DISTINCT FROM 'granted' AND subject_kind OPERATOR(pg_catalog.=) 'tool'))
) PARTITION BY HASH (tenant_id);
-- One open approval for a subject. Calls of a tool are told apart by who makes them and with what.
CREATE UNIQUE INDEX approvals_open_idx ON flowai.approvals (tenant_id, subject_kind, subject_id)
    WHERE decision IS NULL AND subject_kind OPERATOR(pg_catalog.<>) 'tool';
CREATE UNIQUE INDEX approvals_open_tool_idx ON flowai.approvals (tenant_id, subject_id, requested_by, body_hash)
    WHERE decision IS NULL AND subject_kind OPERATOR(pg_catalog.=) 'tool';
-- Serves the look for what is open about a subject. Not the unique ones: a statement that takes the kind as an
-- argument has one plan for tools and for everything else.
CREATE INDEX approvals_subject_idx ON flowai.approvals (tenant_id, subject_kind, subject_id) WHERE decision IS NULL;
-- Serves the inbox, and nothing else: the planner takes what waits for one row, and would as soon read all of it as
-- look one up by its subject. So the predicate says more than such a statement does.
CREATE INDEX approvals_waiting_idx ON flowai.approvals (tenant_id, requested_at) WHERE decision IS NULL AND requested_at IS NOT NULL;
-- Serves the look for the last word about a call of a tool.
CREATE INDEX approvals_call_idx ON flowai.approvals (tenant_id, requested_by, subject_id, body_hash, requested_at)
    WHERE used_at IS NULL AND subject_kind OPERATOR(pg_catalog.=) 'tool';
-- Serves the outbox.
CREATE INDEX approvals_requested_idx ON flowai.approvals (tenant_id, requested_by, requested_at, id);
COMMENT ON TABLE flowai.approvals IS 'What waits for a person''s decision, and every decision made. Written by flowai.plan_submit, flowai.plan_cancel, flowai.call_tool and the functions flowai.approval_*.';
COMMENT ON COLUMN flowai.approvals.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.approvals.id IS 'Names the approval.';
COMMENT ON COLUMN flowai.approvals.subject_kind IS 'What sort of thing is asked about: plan, tool, or a word of the asker''s.';
COMMENT ON COLUMN flowai.approvals.subject_id IS 'Which one: the plan, the tool, another subject.';
COMMENT ON COLUMN flowai.approvals.subject_revision IS 'The plan''s revision when it was asked; 1 for other subjects.';
COMMENT ON COLUMN flowai.approvals.title IS 'What is asked, in one line.';
COMMENT ON COLUMN flowai.approvals.body IS 'What exactly is asked about: the plan''s body, the arguments of the tool.';
COMMENT ON COLUMN flowai.approvals.body_hash IS 'BLAKE3 of the exact body that is asked about: the decision holds for that one only.';
COMMENT ON COLUMN flowai.approvals.requested_by IS 'The role that asked.';
COMMENT ON COLUMN flowai.approvals.requested_login IS 'The login role behind it.';
COMMENT ON COLUMN flowai.approvals.requested_at IS 'When it asked.';
COMMENT ON COLUMN flowai.approvals.expires_at IS 'Until when it may be decided, and a grant for a tool be used; NULL for ever.';
COMMENT ON COLUMN flowai.approvals.separate_duties IS 'Whether the login that asked may not decide, as the policy was when it asked.';
COMMENT ON COLUMN flowai.approvals.deciders IS 'The role whose members may decide, as the policy was when it was asked; NULL for every role of the tenant.';
COMMENT ON COLUMN flowai.approvals.decision IS 'granted, denied or sent_back by a person; withdrawn by who asked, or with its plan; waived by a policy; expired, noted when it is asked anew or its plan goes on; NULL while open.';
COMMENT ON COLUMN flowai.approvals.comment IS 'What the person said about it; may be NULL.';
COMMENT ON COLUMN flowai.approvals.decided_by IS 'The role that decided.';
COMMENT ON COLUMN flowai.approvals.decided_login IS 'The login role behind it.';
COMMENT ON COLUMN flowai.approvals.decided_at IS 'When it decided.';
COMMENT ON COLUMN flowai.approvals.used_at IS 'When the call of the tool ran that it was granted for: each grant is for one that is committed.';
SELECT flowai_internal.make_tenant_table('flowai.approvals');

-- ----------------------------------------------------------------------------------------- policies

-- The policy of the tenant in force about a subject: its own, else that of every subject of the kind.
-- Found by name, because flowai_owner need not have USAGE on the function's schema.
CREATE FUNCTION flowai_internal.approval_policy(subject_kind text, subject text)
RETURNS TABLE (policy text, predicate text, function oid, unchanged boolean, separate_duties boolean, deciders text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.policy, quote_ident(p.predicate_schema) || '.' || quote_ident(p.predicate_name), f.oid,
           COALESCE(p.predicate_digest = flowai_internal.function_digest(f.oid), false), p.separate_duties, p.deciders
    FROM flowai.approval_policies p
    LEFT JOIN pg_proc f ON f.proname = p.predicate_name::name AND f.proargtypes = '25 25 3802'::oidvector
         AND f.pronamespace = (SELECT n.oid FROM pg_namespace n WHERE n.nspname = p.predicate_schema::name)
    WHERE p.tenant_id = flowai.current_tenant() AND p.subject_kind = $1 AND p.subject IN ($2, '*')
    ORDER BY p.subject = '*' LIMIT 1;
END;
COMMENT ON FUNCTION flowai_internal.approval_policy(text, text) IS 'The policy of the tenant in force about a subject, if there is one; unchanged: its function is what it was when the policy was set.';

CREATE FUNCTION flowai_internal.approval_may_decide(role text, deciders text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT deciders IS NULL OR COALESCE(pg_has_role(to_regrole(quote_ident(role))::oid, to_regrole(quote_ident(deciders))::oid, 'USAGE'), false);
END;
COMMENT ON FUNCTION flowai_internal.approval_may_decide(text, text) IS 'Whether a role has the privileges of the deciders. NULL deciders are everybody; a role that is gone is nobody.';

CREATE FUNCTION flowai_internal.approval_status(decision text, expires_at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN decision IS NOT NULL THEN decision
                WHEN expires_at OPERATOR(pg_catalog.<=) pg_catalog.clock_timestamp() THEN 'expired'
                ELSE 'open' END;
END;
COMMENT ON FUNCTION flowai_internal.approval_status(text, timestamptz) IS 'The decision; without one open, or expired after the deadline.';

-- ------------------------------------------------------------------------------------------ reading

-- Nothing but the server's own functions, so that read-only queries may read the views. The setting role is
-- what SET ROLE chose, also inside a function that somebody else defined.
CREATE VIEW flowai.approval_inbox WITH (security_invoker = true, security_barrier = true) AS
SELECT a.id, a.subject_kind, a.subject_id, a.subject_revision, a.title, a.requested_by, a.requested_at, a.expires_at, a.body
FROM flowai.approvals a
WHERE a.tenant_id = flowai.current_tenant() AND a.decision IS NULL AND a.requested_at IS NOT NULL
  AND (a.expires_at IS NULL OR a.expires_at > pg_catalog.clock_timestamp())
  AND (NOT a.separate_duties OR a.requested_login <> SESSION_USER)
  AND (a.deciders IS NULL OR COALESCE(pg_catalog.pg_has_role(
          COALESCE(NULLIF(pg_catalog.current_setting('role'), 'none'), SESSION_USER)::name, pg_catalog.to_regrole(pg_catalog.quote_ident(a.deciders))::oid, 'USAGE'), false));
COMMENT ON VIEW flowai.approval_inbox IS 'Approvals of the tenant in force that wait for a decision which this session may make.';
COMMENT ON COLUMN flowai.approval_inbox.id IS 'Names the approval: for flowai.approval_decide.';
COMMENT ON COLUMN flowai.approval_inbox.subject_kind IS 'What sort of thing is asked about.';
COMMENT ON COLUMN flowai.approval_inbox.subject_id IS 'Which one.';
COMMENT ON COLUMN flowai.approval_inbox.subject_revision IS 'Its revision.';
COMMENT ON COLUMN flowai.approval_inbox.title IS 'What is asked.';
COMMENT ON COLUMN flowai.approval_inbox.requested_by IS 'The role that asked.';
COMMENT ON COLUMN flowai.approval_inbox.requested_at IS 'When it asked.';
COMMENT ON COLUMN flowai.approval_inbox.expires_at IS 'Until when it may be decided; NULL for ever.';
COMMENT ON COLUMN flowai.approval_inbox.body IS 'What exactly is asked about.';

CREATE VIEW flowai.approval_outbox WITH (security_invoker = true, security_barrier = true) AS
SELECT a.id, a.subject_kind, a.subject_id, a.subject_revision, a.title, a.requested_at, a.expires_at,
       CASE WHEN a.decision IS NOT NULL THEN a.decision
            WHEN a.expires_at <= pg_catalog.clock_timestamp() THEN 'expired' ELSE 'open' END AS status, a.comment, a.decided_by, a.decided_at, a.used_at
FROM flowai.approvals a
WHERE a.tenant_id = flowai.current_tenant() AND a.requested_by = COALESCE(NULLIF(pg_catalog.current_setting('role'), 'none'), SESSION_USER);
COMMENT ON VIEW flowai.approval_outbox IS 'Approvals of the tenant in force that this role asked for, and what came of them.';
COMMENT ON COLUMN flowai.approval_outbox.id IS 'Names the approval.';
COMMENT ON COLUMN flowai.approval_outbox.subject_kind IS 'What sort of thing is asked about.';
COMMENT ON COLUMN flowai.approval_outbox.subject_id IS 'Which one.';
COMMENT ON COLUMN flowai.approval_outbox.subject_revision IS 'Its revision.';
COMMENT ON COLUMN flowai.approval_outbox.title IS 'What is asked.';
COMMENT ON COLUMN flowai.approval_outbox.requested_at IS 'When it was asked.';
COMMENT ON COLUMN flowai.approval_outbox.expires_at IS 'Until when it may be decided; NULL for ever.';
COMMENT ON COLUMN flowai.approval_outbox.status IS 'open, granted, denied, sent_back, withdrawn, waived or expired.';
COMMENT ON COLUMN flowai.approval_outbox.comment IS 'What was said about it; may be NULL.';
COMMENT ON COLUMN flowai.approval_outbox.decided_by IS 'The role that decided; NULL while open.';
COMMENT ON COLUMN flowai.approval_outbox.decided_at IS 'When; NULL while open.';
COMMENT ON COLUMN flowai.approval_outbox.used_at IS 'When the call of the tool ran that it was granted for; NULL before, and for other subjects.';

CREATE FUNCTION flowai.approval_get(approval uuid)
RETURNS TABLE (id uuid, subject_kind text, subject_id text, subject_revision bigint, title text, body jsonb, requested_by text,
               requested_at timestamptz, expires_at timestamptz, status text, comment text, decided_by text, decided_at timestamptz, used_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT a.id, a.subject_kind, a.subject_id, a.subject_revision, a.title, a.body, a.requested_by, a.requested_at, a.expires_at,
           flowai_internal.approval_status(a.decision, a.expires_at),
           a.comment, a.decided_by, a.decided_at, a.used_at
    FROM flowai.approvals a
    WHERE a.tenant_id = flowai.current_tenant() AND a.id = approval_get.approval;
END;

CREATE FUNCTION flowai.approval_list(which text DEFAULT 'asked', after uuid DEFAULT NULL, max_rows integer DEFAULT 100)
RETURNS TABLE (id uuid, subject_kind text, subject_id text, title text, requested_by text, requested_at timestamptz, expires_at timestamptz,
               status text, comment text, used_at timestamptz)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 100
BEGIN ATOMIC
    SELECT a.id, a.subject_kind, a.subject_id, a.title, a.requested_by, a.requested_at, a.expires_at,
           flowai_internal.approval_status(a.decision, a.expires_at), a.comment, a.used_at
    FROM flowai.approvals a
    WHERE flowai_internal.argument_word('which', approval_list.which, '{asked,waiting}')
      AND a.tenant_id = flowai.current_tenant()
      AND CASE approval_list.which WHEN 'asked' THEN a.requested_by = (SELECT w.role FROM flowai.whoami() AS w)
                                   WHEN 'waiting' THEN a.id IN (SELECT i.id FROM flowai.approval_inbox i) END
      AND (approval_list.after IS NULL OR (a.requested_at, a.id) < (
          SELECT l.requested_at, l.id FROM flowai.approvals l WHERE l.tenant_id = flowai.current_tenant() AND l.id = approval_list.after))
    ORDER BY a.requested_at DESC, a.id DESC
    LIMIT flowai_internal.page_rows(max_rows);
END;
