-- Every operation on a plan in every state: what it does, or by which rule it is refused. And how long what
-- has a life lives: exactly as long as was said.
SET ROLE acme_app;
SELECT flowai.plan_kind_define('k', '{}');
SET client_min_messages = warning;

CREATE FUNCTION pg_temp.body(title text) RETURNS jsonb LANGUAGE sql
RETURN jsonb_build_object('title', title, 'steps', jsonb_build_array(jsonb_build_object('operation', 'o')));

-- A new plan, led to a state the way that leads there.
CREATE FUNCTION pg_temp.plan_in(state text, OUT plan text, OUT token uuid) LANGUAGE plpgsql AS $$
BEGIN
    plan := state;
    PERFORM flowai.plan_store('k', plan, pg_temp.body('t'));
    IF state = 'draft' THEN RETURN; END IF;
    PERFORM flowai.plan_submit(plan);
    IF state = 'submitted' THEN RETURN; END IF;
    PERFORM flowai.approval_decide(a.id, CASE state WHEN 'cancelled' THEN 'denied' ELSE 'granted' END)
    FROM flowai.approvals a WHERE a.subject_id = plan;
    IF state IN ('approved', 'cancelled') THEN RETURN; END IF;
    SELECT c.token INTO token FROM flowai.plan_claim(plan) c;
    IF state = 'running' THEN RETURN; END IF;
    IF state = 'failed' THEN
        PERFORM flowai.plan_fail(plan, token, '"why"');
    ELSE
        PERFORM flowai.plan_step_finish(plan, token, 1);
        PERFORM flowai.plan_finish(plan, token);
    END IF;
END $$;

-- Tries a call on such a plan and undoes all of it: the state it led to, or the rule that refused it.
CREATE FUNCTION pg_temp.try(state text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    subject record;
    answer text;
BEGIN
    BEGIN
        subject := pg_temp.plan_in(state);
        EXECUTE 'SELECT ' || call USING subject.plan, COALESCE(subject.token, '00000000-0000-0000-0000-000000000000');
        SELECT CASE WHEN p.state = try.state THEN 'stays' ELSE p.state END INTO answer FROM flowai.plan_get(subject.plan) p;
        RAISE EXCEPTION USING ERRCODE = 'ZZ999', MESSAGE = answer;
    EXCEPTION
        WHEN SQLSTATE 'ZZ999' THEN RETURN '-> ' || answer;
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS answer = CONSTRAINT_NAME;
            RETURN SQLSTATE || ' ' || answer;
    END;
END $$;

SELECT c.operation, s.state, pg_temp.try(s.state, c.call) AS outcome
FROM (VALUES
    (1, 'store anew', 'revision FROM flowai.plan_store(''k'', $1, pg_temp.body(''other''))'),
    (2, 'revise', 'revision FROM flowai.plan_store(''k'', $1, pg_temp.body(''other''), 1)'),
    (3, 'submit', 'state FROM flowai.plan_submit($1)'),
    (4, 'grant', 'flowai.approval_decide(a.id, ''granted'') FROM flowai.approvals a WHERE a.subject_id = $1'),
    (5, 'deny', 'flowai.approval_decide(a.id, ''denied'') FROM flowai.approvals a WHERE a.subject_id = $1'),
    (6, 'send back', 'flowai.approval_decide(a.id, ''sent_back'') FROM flowai.approvals a WHERE a.subject_id = $1'),
    (7, 'cancel', 'state FROM flowai.plan_cancel($1)'),
    (8, 'claim', 'token FROM flowai.plan_claim($1)'),
    (9, 'heartbeat', 'flowai.plan_heartbeat($1, $2)'),
    (10, 'finish step', 'flowai.plan_step_finish($1, $2, 1)'),
    (11, 'fail step', 'flowai.plan_step_fail($1, $2, 1)'),
    (12, 'finish', 'state FROM flowai.plan_finish($1, $2)'),
    (13, 'fail', 'state FROM flowai.plan_fail($1, $2, ''"why"'')'),
    (14, 'finish all', 'flowai.plan_step_finish($1, $2, 1), (SELECT state FROM flowai.plan_finish($1, $2))')
) AS c(n, operation, call)
CROSS JOIN (VALUES (1, 'draft'), (2, 'submitted'), (3, 'approved'), (4, 'running'), (5, 'succeeded'), (6, 'failed'), (7, 'cancelled')) AS s(n, state)
ORDER BY c.n, s.n;
-- Nothing is left of it.
SELECT count(*) FROM flowai.plans;

-- -------------------------------------------------------------------------------- how long is a life

CREATE TEMP TABLE lives (n integer, ttl interval);
INSERT INTO lives VALUES (1, '1 microsecond'), (2, '1 millisecond'), (3, '999 milliseconds'), (4, '1 day -1 millisecond'),
    (5, '1 day'), (6, '1000 years'), (7, '0'), (8, '-1 millisecond'), (9, '1000 years 1 microsecond'), (10, '178000000 years');
CREATE FUNCTION pg_temp.life(call text, ttl interval) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    exact boolean;
    rule text;
BEGIN
    EXECUTE call USING ttl INTO exact;
    RETURN CASE WHEN exact THEN 'exact' ELSE 'inexact' END;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS rule = CONSTRAINT_NAME;
    RETURN SQLSTATE || ' ' || rule;
END $$;
SELECT flowai.ref_kind_define('k');
-- Evaluated after the write whose answer it takes, so that it sees the row.
CREATE FUNCTION pg_temp.lives(name text, expires_at timestamptz, ttl interval) RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT lives.expires_at = e.created_at + ttl AND e.expires_at = lives.expires_at FROM flowai.kv_entries e WHERE e.key = name
            UNION ALL
            SELECT lives.expires_at = r.created_at + ttl AND r.expires_at = lives.expires_at FROM flowai.refs r WHERE r.id = name);
END $$;
SELECT l.ttl,
    pg_temp.life('SELECT pg_temp.lives(''put '' || $1, w.expires_at, $1) FROM flowai.kv_put(''l'', ''put '' || $1, ''1'', $1) w', l.ttl) AS put,
    pg_temp.life('SELECT pg_temp.lives(''absent '' || $1, w.expires_at, $1) FROM flowai.kv_put_if_absent(''l'', ''absent '' || $1, ''1'', $1) w', l.ttl) AS absent,
    pg_temp.life('SELECT pg_temp.lives(''count '' || $1, w.expires_at, $1) FROM flowai.kv_increment(''l'', ''count '' || $1, 1, $1) w', l.ttl) AS increment,
    pg_temp.life('SELECT pg_temp.lives(''many '' || $1, w.expires_at, $1) FROM flowai.kv_put_many(''l'', jsonb_build_array(jsonb_build_object(''key'', ''many '' || $1, ''value'', 1)), $1) w', l.ttl) AS many,
    pg_temp.life('SELECT pg_temp.lives(w.id, w.expires_at, $1) FROM flowai.ref_put(''k'', to_jsonb($1), ttl => $1) w', l.ttl) AS ref
FROM lives l ORDER BY l.n;
