-- Approvals: the durable record of what waits for a person, and of what the person decided.

CREATE TABLE flowai.approvals (
    tenant_id        flowai.identifier NOT NULL,
    id               uuid NOT NULL,
    subject_kind     flowai.identifier NOT NULL,
    subject_id       flowai.identifier NOT NULL,
    subject_revision bigint NOT NULL,
    title            text NOT NULL,
    body_hash        bytea NOT NULL,
    requested_by     text NOT NULL,
    requested_at     timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    expires_at       timestamptz,
    decision         text COLLATE "C",
    comment          text,
    decided_by       text,
    decided_at       timestamptz,
    CONSTRAINT approvals_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT approvals_decision_known CHECK (decision IN ('granted', 'denied', 'sent_back', 'withdrawn')),
    CONSTRAINT approvals_decided_once CHECK (pg_catalog.num_nonnulls(decision, decided_by, decided_at) IN (0, 3)),
    CONSTRAINT approvals_comment_when_decided CHECK (comment IS NULL OR decision IS NOT NULL),
    CONSTRAINT approvals_body_hash_length CHECK (pg_catalog.octet_length(body_hash) OPERATOR(pg_catalog.=) 32)
) PARTITION BY HASH (tenant_id);
-- One open approval for a subject; serves the inbox too.
CREATE UNIQUE INDEX approvals_open_idx ON flowai.approvals (tenant_id, subject_kind, subject_id) WHERE decision IS NULL;
COMMENT ON TABLE flowai.approvals IS 'What waits for a person''s decision, and every decision made. Written by flowai.plan_submit, flowai.plan_cancel and flowai.approval_decide.';
COMMENT ON COLUMN flowai.approvals.tenant_id IS 'The tenant.';
COMMENT ON COLUMN flowai.approvals.id IS 'Names the approval.';
COMMENT ON COLUMN flowai.approvals.subject_kind IS 'What sort of thing is asked about: plan.';
COMMENT ON COLUMN flowai.approvals.subject_id IS 'Which one.';
COMMENT ON COLUMN flowai.approvals.subject_revision IS 'Its revision when it was asked.';
COMMENT ON COLUMN flowai.approvals.title IS 'What is asked, in one line.';
COMMENT ON COLUMN flowai.approvals.body_hash IS 'BLAKE3 of the exact body that is asked about: the decision holds for that one only.';
COMMENT ON COLUMN flowai.approvals.requested_by IS 'The role that asked.';
COMMENT ON COLUMN flowai.approvals.requested_at IS 'When it asked.';
COMMENT ON COLUMN flowai.approvals.expires_at IS 'Until when it may be decided; NULL for ever.';
COMMENT ON COLUMN flowai.approvals.decision IS 'granted, denied or sent_back; withdrawn if its subject was cancelled; NULL while open.';
COMMENT ON COLUMN flowai.approvals.comment IS 'What the person said about it; may be NULL.';
COMMENT ON COLUMN flowai.approvals.decided_by IS 'The role that decided.';
COMMENT ON COLUMN flowai.approvals.decided_at IS 'When it decided.';
SELECT flowai_internal.make_tenant_table('flowai.approvals');

CREATE VIEW flowai.approval_inbox WITH (security_invoker = true, security_barrier = true) AS
SELECT a.id, a.subject_kind, a.subject_id, a.subject_revision, a.title, a.requested_by, a.requested_at, a.expires_at
FROM flowai.approvals a
WHERE a.tenant_id = flowai.current_tenant() AND a.decision IS NULL
  AND (a.expires_at IS NULL OR a.expires_at > pg_catalog.statement_timestamp());
COMMENT ON VIEW flowai.approval_inbox IS 'Approvals of the tenant in force that wait for a decision.';
COMMENT ON COLUMN flowai.approval_inbox.id IS 'Names the approval: for flowai.approval_decide.';
COMMENT ON COLUMN flowai.approval_inbox.subject_kind IS 'What sort of thing is asked about.';
COMMENT ON COLUMN flowai.approval_inbox.subject_id IS 'Which one.';
COMMENT ON COLUMN flowai.approval_inbox.subject_revision IS 'Its revision.';
COMMENT ON COLUMN flowai.approval_inbox.title IS 'What is asked.';
COMMENT ON COLUMN flowai.approval_inbox.requested_by IS 'The role that asked.';
COMMENT ON COLUMN flowai.approval_inbox.requested_at IS 'When it asked.';
COMMENT ON COLUMN flowai.approval_inbox.expires_at IS 'Until when it may be decided; NULL for ever.';
