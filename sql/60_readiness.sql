-- Whether what the runtime promises holds in this database, asked of the system catalogs each time.
--
-- A check counts the objects that it looked at and names the broken ones. One that found nothing to look
-- at has failed: a promise about no objects is no promise. What this version does not have is not promised, and
-- nobody can mend it: its status says so, in other words than those of a failure. Advisory checks tell of
-- a set-up that is allowed, but weaker than it could be. tests/pg_regress/sql/readiness.sql breaks every
-- property once and sees its check fail.

CREATE FUNCTION flowai_internal.readiness_checks()
RETURNS TABLE (capability text, name text, advisory boolean, built boolean, objects bigint, broken text[])
LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 60
SET search_path = pg_catalog, pg_temp
-- Compiling so many small plans takes the server longer than all of them take to run.
SET jit = off
SET quote_all_identifiers = off
AS $$
WITH RECURSIVE
-- What the subsystems of the seed are called there.
routing (title) AS (VALUES ('Multi-tenant routing and config separation')),
storage (title) AS (VALUES ('Tenant-scoped session/state storage')),
packs (title) AS (VALUES ('Multi-pack flow isolation (same flow id)')),
components (title) AS (VALUES ('Component cache correctness across packs')),
artifacts (title) AS (VALUES ('Pack artifact cache correctness across tenants')),
secrets (title) AS (VALUES ('Secrets isolation')),
bindings (title) AS (VALUES ('.gtbind consumption at runtime')),
telemetry (title) AS (VALUES ('Telemetry tenant attribution')),

ours AS (
    SELECT c.*, n.nspname, format('%I.%I', n.nspname, c.relname) AS label
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('flowai', 'flowai_internal')
),
relation AS (SELECT * FROM ours WHERE relkind IN ('r', 'p', 'v', 'm', 'f')),
-- Tables that administrators write about tenants, under policies of their own where a tenant reads them, and what
-- was installed. They are compared with how they were installed.
exempt (label) AS (VALUES ('flowai_internal.tenants'), ('flowai_internal.tenant_members'), ('flowai_internal.tenant_versions'),
                          ('flowai_internal.query_targets'), ('flowai.allowed_functions'), ('flowai_internal.installed_facts')),
tenant_table AS (
    SELECT o.*, a.attnum AS tenant_column, a.attnotnull AS tenant_not_null, a.attcollation AS tenant_collation
    FROM ours o
    LEFT JOIN pg_attribute a ON a.attrelid = o.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
    WHERE o.relkind IN ('r', 'p') AND o.label NOT IN (SELECT label FROM exempt)
),
policy AS (
    SELECT t.label, p.*, pg_get_expr(p.polqual, p.polrelid) AS using_text, pg_get_expr(p.polwithcheck, p.polrelid) AS check_text
    FROM tenant_table t JOIN pg_policy p ON p.polrelid = t.oid
),
key AS (
    SELECT t.label, i.indexrelid::regclass::text AS index, i.indisprimary, i.indisunique OR i.indisexclusion AS is_key,
           i.indkey[0] = t.tenant_column AS led
    FROM tenant_table t JOIN pg_index i ON i.indrelid = t.oid
),
reference AS (
    SELECT t.label, k.conname,
           EXISTS (SELECT FROM unnest(k.conkey, k.confkey) AS pair (here, there)
                   JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.here AND a.attname = 'tenant_id'
                   JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = pair.there AND b.attname = 'tenant_id') AS carries
    FROM tenant_table t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
),
relation_right AS (
    SELECT r.label, r.relkind, r.nspname, a.grantee, a.privilege_type
    FROM relation r, aclexplode(COALESCE(r.relacl, acldefault('r', r.relowner))) a
    WHERE a.grantee <> r.relowner
),
routine AS (
    SELECT p.*, n.nspname, p.oid::regprocedure::text AS label
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname IN ('flowai', 'flowai_internal')
),
routine_right AS (
    SELECT r.label, r.proname, r.nspname, a.grantee
    FROM routine r, aclexplode(COALESCE(r.proacl, acldefault('f', r.proowner))) a
    WHERE a.grantee <> r.proowner
),
member AS (
    SELECT m.tenant_id, m.member, COALESCE(r.rolname::text, m.member::oid::text) AS label, r.oid AS role,
           r.rolsuper, r.rolbypassrls
    FROM flowai_internal.tenant_members m LEFT JOIN pg_roles r ON r.oid = m.member
),
fixed_role AS (SELECT * FROM pg_roles WHERE rolname IN ('flowai_owner', 'flowai_admin', 'flowai_user')),
namespace AS (SELECT * FROM pg_namespace WHERE nspname IN ('flowai', 'flowai_internal')),
namespace_right AS (
    SELECT n.nspname, a.grantee, a.privilege_type
    FROM namespace n, aclexplode(COALESCE(n.nspacl, acldefault('n', n.nspowner))) a WHERE a.grantee <> n.nspowner
),
event_table AS (SELECT * FROM tenant_table WHERE label = 'flowai.events'),
fact AS MATERIALIZED (
    SELECT name, object, f.digest IS NOT DISTINCT FROM i.digest AS ok
    FROM flowai_internal.facts() f FULL JOIN flowai_internal.installed_facts i USING (name, object)
    -- Another index than ours makes nothing faulty but itself, and has checks of its own.
    WHERE i.digest IS NOT NULL OR name <> 'indexes_as_installed'
),
-- Who can be whom by SET ROLE, and whose tenants that are.
reach (role, reached) AS (
    SELECT a.member, a.roleid FROM pg_auth_members a
    UNION SELECT r.role, a.roleid FROM reach r JOIN pg_auth_members a ON a.member = r.reached
),
role_tenant AS (
    SELECT m.role, m.tenant_id::text FROM member m WHERE m.role IS NOT NULL
    UNION SELECT r.role, m.tenant_id::text FROM reach r JOIN member m ON m.role = r.reached
),
server_right AS MATERIALIZED (
    SELECT oid FROM pg_roles
    WHERE rolname IN ('flowai_owner', 'pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files',
                      'pg_write_server_files', 'pg_execute_server_program')
       OR rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication
),
outsider AS MATERIALIZED (SELECT oid FROM pg_roles WHERE rolsuper OR rolbypassrls),
-- Code of others that reads our tables with rights that row-level security does not bind.
lender (label, ok) AS (
    SELECT DISTINCT v.oid::regclass::text, v.relowner NOT IN (SELECT oid FROM outsider) OR 'security_invoker=true' = ANY (v.reloptions) IS TRUE
    FROM ours o
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = o.oid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class v ON v.oid = w.ev_class
    WHERE v.relnamespace NOT IN (SELECT n.oid FROM namespace n)
    UNION ALL
    SELECT p.oid::regprocedure::text, p.proowner NOT IN (SELECT oid FROM outsider)
    FROM pg_proc p
    WHERE p.prosecdef AND p.pronamespace NOT IN (SELECT n.oid FROM namespace n)
      AND (p.prosrc ~* '\mflowai' OR EXISTS (
           SELECT FROM pg_depend d JOIN ours o ON o.oid = d.refobjid
           WHERE d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_proc'::regclass AND d.objid = p.oid))
),
check_row (capability, name, advisory, object, ok) AS (
    -- ------------------------------------------------------------------ rows and who sees them
    SELECT storage.title, 'tenant_id_present', false, t.label, t.tenant_column IS NOT NULL FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'tenant_id_not_null', false, t.label, COALESCE(t.tenant_not_null, false) FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'tenant_id_collation_c', false, t.label, COALESCE(t.tenant_collation = '"C"'::regcollation, false) FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'row_security_enabled', false, t.label, t.relrowsecurity FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'row_security_forced', false, t.label, t.relforcerowsecurity FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'one_policy', false, t.label, (SELECT count(*) FROM policy p WHERE p.polrelid = t.oid) = 1 FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'policy_for_all', false, p.label, p.polcmd = '*' AND p.polpermissive AND p.polroles = '{0}' FROM storage, policy p
    UNION ALL SELECT storage.title, 'policy_canonical', false, p.label,
        p.using_text = p.check_text AND p.using_text IN (
            '(((tenant_id)::text = flowai.current_tenant()) AND flowai.tenant_is(flowai.current_tenant()))',
            '(((tenant_id)::text = flowai.current_tenant()) AND ( SELECT flowai.tenant_is(flowai.current_tenant()) AS tenant_is))')
        FROM storage, policy p
    UNION ALL SELECT storage.title, 'primary_key_led_by_tenant', false, t.label, COALESCE((SELECT bool_and(k.led) FROM key k WHERE k.label = t.label AND k.indisprimary), false) FROM storage, tenant_table t
        -- Events are keyed in each month by itself.
        WHERE NOT EXISTS (SELECT FROM pg_partitioned_table p WHERE p.partrelid = t.oid AND p.partstrat = 'r')
    UNION ALL SELECT storage.title, 'unique_keys_led_by_tenant', false, k.index, k.led FROM storage, key k WHERE k.is_key
    UNION ALL SELECT storage.title, 'indexes_led_by_tenant', false, k.index, k.led FROM storage, key k
    UNION ALL SELECT storage.title, 'foreign_keys_carry_tenant', false, r.label || '.' || r.conname, r.carries FROM storage, reference r
    UNION ALL SELECT storage.title, 'no_inheritance_but_partitions', false, t.label,
        t.relispartition OR NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = t.oid) FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'partitions_out_of_reach', false, t.label, t.nspname = 'flowai_internal' FROM storage, tenant_table t WHERE t.relispartition
    UNION ALL SELECT storage.title, 'partitions_complete', false, t.label, (SELECT count(*) FROM pg_inherits i WHERE i.inhparent = t.oid) = 16
        FROM storage, tenant_table t JOIN pg_partitioned_table p ON p.partrelid = t.oid WHERE p.partstrat = 'h'
    UNION ALL SELECT storage.title, 'tables_logged', false, t.label, t.relpersistence = 'p' FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'tables_read_only_to_roles', false, r.label, NOT EXISTS (
            SELECT FROM relation_right g WHERE g.label = r.label AND g.privilege_type <> 'SELECT') FROM storage, relation r WHERE r.relkind IN ('r', 'p')
    UNION ALL SELECT storage.title, 'nothing_public', false, r.label, NOT EXISTS (
            SELECT FROM relation_right g WHERE g.label = r.label AND g.grantee = 0) FROM storage, relation r
    UNION ALL SELECT storage.title, 'internal_tables_ungranted', false, r.label, NOT EXISTS (
            SELECT FROM relation_right g WHERE g.label = r.label) FROM storage, relation r WHERE r.nspname = 'flowai_internal'
    UNION ALL SELECT storage.title, 'columns_read_only_to_roles', false, r.label, NOT EXISTS (
            SELECT FROM pg_attribute a, aclexplode(a.attacl) g WHERE a.attrelid = r.oid AND g.privilege_type <> 'SELECT') FROM storage, relation r
    UNION ALL SELECT storage.title, 'relations_owned_by_owner', false, r.label, pg_get_userbyid(r.relowner) = 'flowai_owner' FROM storage, relation r
    UNION ALL SELECT storage.title, 'no_triggers_on_tables', false, t.label, NOT EXISTS (
            SELECT FROM pg_trigger g WHERE g.tgrelid = t.oid AND NOT g.tgisinternal) FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'no_rules_on_tables', false, t.label, NOT EXISTS (
            SELECT FROM pg_rewrite w WHERE w.ev_class = t.oid) FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'views_invoke_reader', false, r.label, 'security_invoker=true' = ANY (r.reloptions) IS TRUE FROM storage, relation r WHERE r.relkind = 'v'
    UNION ALL SELECT storage.title, 'tables_and_views_only', false, o.label, o.relkind IN ('r', 'p', 'v', 'i', 'I', 't', 'c') FROM storage, ours o
    UNION ALL SELECT storage.title, 'no_extended_statistics', false, t.label, NOT EXISTS (
            SELECT FROM pg_statistic_ext s WHERE s.stxrelid = t.oid) FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'not_published', true, t.label, NOT EXISTS (
            SELECT FROM pg_publication_rel p WHERE p.prrelid = t.oid)
            AND NOT EXISTS (SELECT FROM pg_publication WHERE puballtables)
            AND NOT EXISTS (SELECT FROM pg_publication_namespace p WHERE p.pnnspid = t.relnamespace) FROM storage, tenant_table t
    UNION ALL SELECT storage.title, 'installed_tables_dumped', false, t.label, t.oid = ANY (x.extconfig)
        FROM storage, tenant_table t JOIN pg_depend d ON d.objid = t.oid AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass
        JOIN pg_extension x ON x.oid = d.refobjid AND x.extname = 'flowai_runtime' WHERE t.relkind = 'r'
    UNION ALL SELECT storage.title, 'no_default_privileges', false, o.rolname, NOT EXISTS (
            SELECT FROM pg_default_acl d WHERE d.defaclrole = o.oid OR d.defaclnamespace IN (SELECT n.oid FROM namespace n)) FROM storage, fixed_role o
    -- What no transition, decision or claim may break is a constraint on each leaf.
    UNION ALL SELECT storage.title, 'rules_are_constraints', false, t.label || '.' || rule.name, EXISTS (
            SELECT FROM pg_constraint k WHERE k.conrelid = t.oid AND k.conname = rule.name AND k.contype = 'c' AND k.convalidated)
        FROM storage, (VALUES ('plans', 'plans_columns_fit_state'), ('plans', 'plans_attempts_counted'), ('plan_transitions', 'plan_transitions_legal'),
                              ('approvals', 'approvals_decided_once'), ('approvals', 'approvals_decided_in_time'),
                              ('approvals', 'approvals_duties_separate'), ('approvals', 'approvals_used_when_granted'),
                              ('approval_policies', 'approval_policies_predicate_whole')) AS rule (relation, name)
        JOIN tenant_table t ON t.relname ~ ('^' || rule.relation || '(_\d\d)?$')
    UNION ALL SELECT storage.title, 'sessions_built', false, t.label, true FROM storage, tenant_table t WHERE t.label = 'flowai.sessions'

    UNION ALL SELECT storage.title, f.name, false, f.object, f.ok FROM storage, fact f WHERE f.name <> 'routines_as_installed'
    UNION ALL SELECT storage.title, 'no_rights_lent', true, l.label, l.ok FROM storage, lender l

    -- ------------------------------------------------------------------- who is which tenant
    UNION ALL SELECT routing.title, f.name, false, f.object, f.ok FROM routing, fact f WHERE f.name = 'routines_as_installed'
    UNION ALL SELECT routing.title, 'current_tenant_trustworthy', false, r.label,
        r.provolatile = 's' AND r.proleakproof AND r.proparallel = 's' AND r.prosupport <> 0 AND NOT r.prosecdef
        AND (SELECT l.lanname FROM pg_language l WHERE l.oid = r.prolang) = 'c' AND r.prosrc = 'current_tenant_wrapper'
        FROM routing, routine r WHERE r.nspname = 'flowai' AND r.proname = 'current_tenant'
    UNION ALL SELECT routing.title, 'tenant_is_trustworthy', false, r.label,
        r.provolatile = 's' AND r.proleakproof AND r.proparallel = 's' AND NOT r.prosecdef
        AND (SELECT l.lanname FROM pg_language l WHERE l.oid = r.prolang) = 'c' AND r.prosrc = 'tenant_is_wrapper'
        FROM routing, routine r WHERE r.nspname = 'flowai' AND r.proname = 'tenant_is'
    UNION ALL SELECT routing.title, 'routines_of_extension', false, r.label, EXISTS (
            SELECT FROM pg_depend d JOIN pg_extension x ON x.oid = d.refobjid
            WHERE d.objid = r.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND x.extname = 'flowai_runtime') FROM routing, routine r
    UNION ALL SELECT routing.title, 'tenant_is_no_argument', false, r.label,
        NOT COALESCE(r.proargnames[1:r.pronargs] && '{tenant,tenant_id}', false) OR r.proname IN ('tenant_is', 'use_tenant')
        FROM routing, routine r WHERE EXISTS (
            SELECT FROM routine_right g WHERE g.label = r.label AND (g.grantee = 0 OR pg_get_userbyid(g.grantee) = 'flowai_user'))
    UNION ALL SELECT routing.title, 'definer_path_pinned', false, r.label, r.proconfig @> '{"search_path=pg_catalog, pg_temp"}' IS TRUE FROM routing, routine r WHERE r.prosecdef
    UNION ALL SELECT routing.title, 'routines_owned_by_owner', false, r.label, pg_get_userbyid(r.proowner) = 'flowai_owner' FROM routing, routine r
    UNION ALL SELECT routing.title, 'no_public_execute', false, r.label, r.proname IN ('current_tenant', 'tenant_is') OR pg_catalog.starts_with(r.proname, 'bounded_') OR NOT EXISTS (
            SELECT FROM routine_right g WHERE g.label = r.label AND g.grantee = 0) FROM routing, routine r
    UNION ALL SELECT routing.title, 'acting_for_tenants_ungranted', false, r.label, NOT EXISTS (
            SELECT FROM routine_right g WHERE g.label = r.label) FROM routing, routine r WHERE r.proname IN ('act_for', 'approval_gate')
    UNION ALL SELECT routing.title, 'administration_for_administrators', false, r.label, NOT EXISTS (
            SELECT FROM routine_right g WHERE g.label = r.label AND pg_get_userbyid(g.grantee) <> 'flowai_admin')
        FROM routing, routine r WHERE r.nspname = 'flowai' AND r.proargnames[1:r.pronargs] && '{tenant}' AND r.proname NOT IN ('tenant_is', 'use_tenant')
    UNION ALL SELECT routing.title, 'roles_plain', false, o.rolname,
        NOT (o.rolsuper OR o.rolbypassrls OR o.rolcanlogin OR o.rolcreaterole OR o.rolcreatedb OR o.rolreplication) FROM routing, fixed_role o
    UNION ALL SELECT routing.title, 'owner_has_no_members', false, o.rolname, NOT EXISTS (
            SELECT FROM pg_auth_members m WHERE m.roleid = o.oid) FROM routing, fixed_role o WHERE o.rolname = 'flowai_owner'
    UNION ALL SELECT routing.title, 'administrators_are_no_tenants', false, o.rolname, NOT EXISTS (
            SELECT FROM member m WHERE pg_has_role(m.role, o.oid, 'MEMBER')) FROM routing, fixed_role o WHERE o.rolname = 'flowai_admin'
    UNION ALL SELECT routing.title, 'members_exist', false, m.label, m.role IS NOT NULL FROM routing, member m
    UNION ALL SELECT routing.title, 'members_bound_by_row_security', false, m.label, NOT COALESCE(m.rolsuper OR m.rolbypassrls, false) FROM routing, member m
    UNION ALL SELECT routing.title, 'members_without_server_rights', false, m.label, m.role IS NULL OR NOT EXISTS (
            SELECT FROM server_right p WHERE pg_has_role(m.role, p.oid, 'MEMBER')) FROM routing, member m
    UNION ALL SELECT routing.title, 'members_may_use', false, m.label, m.role IS NULL OR pg_has_role(m.role, 'flowai_user', 'MEMBER') FROM routing, member m
    UNION ALL SELECT routing.title, 'authority_ungranted', false, r.label, NOT EXISTS (
            SELECT FROM relation_right g WHERE g.label = r.label)
        FROM routing, relation r WHERE r.label IN ('flowai_internal.tenants', 'flowai_internal.tenant_members', 'flowai_internal.tenant_keys')
    UNION ALL SELECT routing.title, 'schemas_owned_by_owner', false, n.nspname, pg_get_userbyid(n.nspowner) = 'flowai_owner' FROM routing, namespace n
    UNION ALL SELECT routing.title, 'schemas_closed', false, n.nspname, NOT EXISTS (
            SELECT FROM namespace_right g WHERE g.nspname = n.nspname
              AND (g.privilege_type = 'CREATE' OR g.grantee = 0 OR n.nspname = 'flowai_internal')) FROM routing, namespace n
    UNION ALL SELECT routing.title, 'tenants_differ_by_more_than_case', false, i.indexrelid::regclass::text, i.indisunique AND i.indisvalid
        FROM routing, pg_index i WHERE i.indexrelid = to_regclass('flowai_internal.tenants_case_idx')
    UNION ALL SELECT routing.title, 'selector_is_a_setting', false, s.name, s.context = 'user' AND s.vartype = 'string'
        FROM routing, pg_settings s WHERE s.name IN ('flowai.tenant', 'flowai.workspace')
    UNION ALL SELECT routing.title, 'version_installed', false, x.extname, x.extversion = a.default_version
        FROM routing, pg_extension x JOIN pg_available_extensions a ON a.name = x.extname WHERE x.extname = 'flowai_runtime'
    UNION ALL SELECT routing.title, 'user_role_not_handed_on', false, pg_get_userbyid(a.member), NOT a.admin_option OR pg_get_userbyid(a.member) = 'flowai_owner'
        FROM routing, pg_auth_members a WHERE a.roleid = 'flowai_user'::regrole
    -- The role is one for all databases of the cluster: who may not come here does not matter.
    UNION ALL SELECT routing.title, 'user_role_for_members', true, pg_get_userbyid(a.member), pg_get_userbyid(a.member) = 'flowai_owner'
            OR a.member IN (SELECT t.role FROM role_tenant t)
        FROM routing, pg_auth_members a WHERE a.roleid = 'flowai_user'::regrole AND has_database_privilege(a.member, current_database(), 'CONNECT')
    UNION ALL SELECT routing.title, 'one_tenant_per_role', true, pg_get_userbyid(t.role), count(*) = 1
        FROM routing, role_tenant t WHERE t.role NOT IN (SELECT oid FROM outsider) GROUP BY routing.title, t.role
    -- Whoever works for one tenant needs no preloading. For a role of several, no cursor WITH HOLD is then declared
    -- before the library is there to refuse it.
    UNION ALL SELECT routing.title, 'library_preloaded', true, 'flowai_runtime', NOT EXISTS (
            SELECT FROM role_tenant t WHERE t.role NOT IN (SELECT oid FROM outsider) GROUP BY t.role HAVING count(*) > 1)
         OR EXISTS (
            SELECT FROM pg_settings s WHERE s.name IN ('session_preload_libraries', 'shared_preload_libraries')
              AND 'flowai_runtime' = ANY (regexp_split_to_array(replace(s.setting, '$libdir/', ''), '\s*,\s*'))) FROM routing
    UNION ALL SELECT routing.title, 'no_pinned_foreign_tenant', true, COALESCE(pg_get_userbyid(s.setrole), 'every role'),
        NOT EXISTS (SELECT FROM unnest(s.setconfig) c WHERE c ~ '^flowai\.tenant=.'
                    AND NOT EXISTS (SELECT FROM member m WHERE m.role = s.setrole AND m.tenant_id = substr(c, 15)))
        FROM routing, (SELECT setrole, setconfig FROM pg_db_role_setting UNION ALL SELECT 10, '{}') s

    -- --------------------------------------------------------------------------- what is told
    UNION ALL SELECT telemetry.title, 'events_stamped', false, t.label || '.' || a.attname, a.attnotnull
        FROM telemetry, event_table t JOIN pg_attribute a ON a.attrelid = t.oid
         AND a.attname IN ('tenant_id', 'event_id', 'recorded_at', 'role', 'login', 'transaction_id', 'backend_pid')
    -- Months too; and of the owner, whose functions write: not even they change an event.
    UNION ALL SELECT telemetry.title, 'events_append_only', false, t.label, NOT EXISTS (
            SELECT FROM aclexplode(COALESCE(t.relacl, acldefault('r', t.relowner))) g
            WHERE g.privilege_type <> 'SELECT' AND (g.grantee <> t.relowner OR g.privilege_type IN ('UPDATE', 'TRUNCATE')))
        FROM telemetry, tenant_table t
        WHERE t.oid = 'flowai.events'::regclass OR EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = t.oid AND i.inhparent = 'flowai.events'::regclass)
    UNION ALL SELECT telemetry.title, 'events_emitted_by_definer', false, r.label, r.prosecdef FROM telemetry, routine r WHERE r.nspname = 'flowai' AND r.proname = 'event_emit'
    UNION ALL SELECT telemetry.title, 'statements_not_logged', true, s.name, s.setting <> 'all' FROM telemetry, pg_settings s WHERE s.name = 'log_statement'
    UNION ALL SELECT telemetry.title, 'parameters_not_logged', true, s.name, s.setting IN ('-1', '0') FROM telemetry, pg_settings s
        WHERE s.name IN ('log_parameter_max_length_on_error')

    -- ------------------------------------------------------------- what is not built says so
    UNION ALL SELECT packs.title, 'flows_built', false, t.label, true FROM packs, tenant_table t WHERE t.label = 'flowai.flows'
    UNION ALL SELECT components.title, 'artifacts_built', false, t.label, true FROM components, tenant_table t WHERE t.label = 'flowai.artifacts'
    UNION ALL SELECT artifacts.title, 'packs_built', false, t.label, true FROM artifacts, tenant_table t WHERE t.label = 'flowai.packs'
    UNION ALL SELECT secrets.title, 'secrets_built', false, t.label, true FROM secrets, tenant_table t WHERE t.label = 'flowai_internal.secrets'
    UNION ALL SELECT bindings.title, 'bindings_built', false, t.label, true FROM bindings, tenant_table t WHERE t.label = 'flowai.bindings'
),
-- Every check there is, so that one without an object is seen. Without tenants there are no members. A name that
-- ends with _built is not a check, but a part of the capability that a version has or has not.
expected (name, capability, advisory, may_be_empty) AS (
    SELECT e.name, c.title, e.advisory, e.may_be_empty
    FROM (VALUES
        ('storage', 'tenant_id_present', false, false), ('storage', 'tenant_id_not_null', false, false), ('storage', 'tenant_id_collation_c', false, false),
        ('storage', 'row_security_enabled', false, false), ('storage', 'row_security_forced', false, false), ('storage', 'one_policy', false, false),
        ('storage', 'policy_for_all', false, false), ('storage', 'policy_canonical', false, false), ('storage', 'primary_key_led_by_tenant', false, false),
        ('storage', 'unique_keys_led_by_tenant', false, false), ('storage', 'indexes_led_by_tenant', false, false), ('storage', 'foreign_keys_carry_tenant', false, false),
        ('storage', 'no_inheritance_but_partitions', false, false), ('storage', 'partitions_out_of_reach', false, false), ('storage', 'partitions_complete', false, false),
        ('storage', 'tables_logged', false, false), ('storage', 'tables_read_only_to_roles', false, false), ('storage', 'nothing_public', false, false),
        ('storage', 'internal_tables_ungranted', false, false), ('storage', 'columns_read_only_to_roles', false, false), ('storage', 'relations_owned_by_owner', false, false),
        ('storage', 'no_triggers_on_tables', false, false), ('storage', 'no_rules_on_tables', false, false), ('storage', 'views_invoke_reader', false, false),
        ('storage', 'tables_and_views_only', false, false), ('storage', 'no_extended_statistics', false, false), ('storage', 'not_published', true, false),
        ('storage', 'rules_are_constraints', false, false),
        ('storage', 'rights_as_installed', false, false), ('storage', 'row_security_as_installed', false, false), ('storage', 'columns_as_installed', false, false),
        ('storage', 'constraints_as_installed', false, false), ('storage', 'triggers_as_installed', false, false), ('storage', 'indexes_as_installed', false, false),
        ('storage', 'views_as_installed', false, false), ('storage', 'no_rights_lent', true, true), ('routing', 'routines_as_installed', false, false),
        ('routing', 'user_role_not_handed_on', false, false), ('routing', 'user_role_for_members', true, false),
        ('storage', 'installed_tables_dumped', false, false), ('storage', 'no_default_privileges', false, false), ('storage', 'sessions_built', false, false),
        ('routing', 'current_tenant_trustworthy', false, false), ('routing', 'tenant_is_trustworthy', false, false), ('routing', 'routines_of_extension', false, false),
        ('routing', 'tenant_is_no_argument', false, false), ('routing', 'definer_path_pinned', false, false), ('routing', 'routines_owned_by_owner', false, false),
        ('routing', 'no_public_execute', false, false), ('routing', 'acting_for_tenants_ungranted', false, false), ('routing', 'administration_for_administrators', false, false),
        ('routing', 'roles_plain', false, false), ('routing', 'owner_has_no_members', false, false), ('routing', 'administrators_are_no_tenants', false, false),
        ('routing', 'members_exist', false, true), ('routing', 'members_bound_by_row_security', false, true), ('routing', 'members_without_server_rights', false, true),
        ('routing', 'members_may_use', false, true), ('routing', 'authority_ungranted', false, false), ('routing', 'schemas_owned_by_owner', false, false),
        ('routing', 'schemas_closed', false, false), ('routing', 'tenants_differ_by_more_than_case', false, false), ('routing', 'selector_is_a_setting', false, false),
        ('routing', 'version_installed', false, false), ('routing', 'one_tenant_per_role', true, true), ('routing', 'library_preloaded', true, false),
        ('routing', 'no_pinned_foreign_tenant', true, false),
        ('telemetry', 'events_stamped', false, false), ('telemetry', 'events_append_only', false, false), ('telemetry', 'events_emitted_by_definer', false, false),
        ('telemetry', 'statements_not_logged', true, false), ('telemetry', 'parameters_not_logged', true, false),
        ('packs', 'flows_built', false, false), ('components', 'artifacts_built', false, false), ('artifacts', 'packs_built', false, false),
        ('secrets', 'secrets_built', false, false), ('bindings', 'bindings_built', false, false)
    ) AS e (subsystem, name, advisory, may_be_empty)
    JOIN (SELECT 'storage' AS subsystem, title FROM storage UNION ALL SELECT 'routing', title FROM routing
          UNION ALL SELECT 'packs', title FROM packs UNION ALL SELECT 'components', title FROM components
          UNION ALL SELECT 'artifacts', title FROM artifacts UNION ALL SELECT 'secrets', title FROM secrets
          UNION ALL SELECT 'bindings', title FROM bindings UNION ALL SELECT 'telemetry', title FROM telemetry) AS c USING (subsystem)
)
SELECT e.capability, e.name, e.advisory, count(r.object) > 0 OR NOT e.name ~ '_built$', count(r.object),
       CASE WHEN count(r.object) = 0 AND e.name ~ '_built$' THEN '{"not part of this version"}'
            WHEN count(r.object) = 0 AND NOT e.may_be_empty THEN '{"nothing to check"}'
            ELSE COALESCE(array_agg(DISTINCT r.object ORDER BY r.object) FILTER (WHERE NOT r.ok), '{}') END
FROM expected e LEFT JOIN check_row r ON r.capability = e.capability AND r.name = e.name
GROUP BY e.capability, e.name, e.advisory, e.may_be_empty
$$;
COMMENT ON FUNCTION flowai_internal.readiness_checks() IS 'Every check of flowai.readiness(): whether this version has what it is about, how many objects it looked at, and which are broken.';

CREATE FUNCTION flowai.readiness()
RETURNS TABLE (capability text, status text, checks bigint, failing jsonb)
LANGUAGE sql STABLE PARALLEL RESTRICTED SECURITY DEFINER ROWS 8
SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- Loads the library, so that its settings are there to be looked at; whatever flowai.tenant says.
    SELECT w.login FROM flowai.whoami() AS w;
    SELECT c.capability,
           CASE WHEN bool_or(c.built AND cardinality(c.broken) > 0 AND NOT c.advisory) THEN 'not ready'
                WHEN bool_or(c.built AND cardinality(c.broken) > 0) THEN 'partially ready'
                WHEN NOT bool_or(c.built) THEN 'not built'
                WHEN NOT bool_and(c.built) THEN 'partially built'
                ELSE 'ready' END,
           count(*),
           COALESCE(jsonb_object_agg(c.name, to_jsonb(c.broken[1:20]) ORDER BY c.name) FILTER (WHERE cardinality(c.broken) > 0), '{}')
    FROM flowai_internal.readiness_checks() AS c
    GROUP BY c.capability
    ORDER BY c.capability COLLATE "C";
END;

-- Two tenants that nobody else ever sees: each does the same work under the same names, then looks for the
-- other's. Everything is rolled back; only the answers stay.
CREATE FUNCTION flowai.selftest()
RETURNS TABLE (probe text, ok boolean)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER ROWS 20
SET search_path = pg_catalog, pg_temp
SET max_parallel_workers_per_gather = 0
AS $$
DECLARE
    one CONSTANT text := 'selftest ' || gen_random_uuid();
    two CONSTANT text := 'selftest ' || gen_random_uuid();
    tenant text;
    handle text;
    handles text[] := '{}';
    approval uuid;
    approvals uuid[] := '{}';
    names text[] := '{}';
    answers boolean[] := '{}';
BEGIN
    BEGIN
        -- Whatever tenant is selected, if only one that the caller may not use.
        PERFORM set_config('flowai.tenant', '', true);
        INSERT INTO flowai_internal.tenants (tenant_id, version) VALUES (one, 'selftest'), (two, 'selftest');
        FOREACH tenant IN ARRAY ARRAY[one, two] LOOP
            PERFORM flowai_internal.act_for(tenant);
            PERFORM flowai.kv_put('selftest', 'shared', to_jsonb(tenant));
            PERFORM flowai.catalog_put(jsonb_build_array(jsonb_build_object(
                'id', 'selftest:shared', 'itemType', 'document', 'name', 'canary', 'content', 'canary of ' || tenant)));
            PERFORM flowai.ref_kind_define('selftest');
            SELECT p.id INTO handle FROM flowai.ref_put('selftest', '{"canary": true}') AS p;
            handles := handles || handle;
            PERFORM flowai.plan_kind_define('selftest', '{"type": "object"}');
            PERFORM flowai.plan_store('selftest', 'shared', jsonb_build_object('title', tenant, 'steps',
                jsonb_build_array(jsonb_build_object('operation', 'none', 'input', '{}'::jsonb))));
            SELECT r.approval INTO approval FROM flowai.approval_request('selftest', 'shared', to_jsonb(tenant)) AS r;
            approvals := approvals || approval;
        END LOOP;

        PERFORM flowai_internal.act_for(two);
        names := names || 'key/value: the same key is the tenant''s own'::text;
        answers := answers || ((SELECT g.value FROM flowai.kv_get('selftest', 'shared') AS g) = to_jsonb(two));
        names := names || 'key/value: the table shows one tenant''s rows'::text;
        answers := answers || (NOT EXISTS (SELECT FROM flowai.kv_entries e WHERE e.tenant_id <> two)
                               AND EXISTS (SELECT FROM flowai.kv_entries e));
        names := names || 'catalog: the same id is the tenant''s own'::text;
        answers := answers || ((SELECT array_agg(c.content) FROM flowai.catalog c) = ARRAY['canary of ' || two]);
        names := names || 'search: finds the tenant''s entry alone'::text;
        answers := answers || ((SELECT array_agg(s.total) FROM flowai.search_catalog('canary') AS s) = ARRAY[1::bigint]);
        names := names || 'reference: equal payloads have different ids'::text;
        answers := answers || (handles[1] <> handles[2]);
        names := names || 'reference: another tenant''s id is not found'::text;
        BEGIN
            PERFORM flowai.ref_resolve('selftest', handles[1]);
            answers := answers || false;
        EXCEPTION WHEN no_data_found THEN
            answers := answers || true;
        END;
        names := names || 'plan: the same id is the tenant''s own'::text;
        answers := answers || ((SELECT array_agg(p.title) FROM flowai.plans p) = ARRAY[two]);
        names := names || 'approval: the same subject is the tenant''s own'::text;
        answers := answers || ((SELECT array_agg(i.body) FROM flowai.approval_inbox i) = ARRAY[to_jsonb(two)]);
        names := names || 'approval: another tenant''s cannot be decided'::text;
        BEGIN
            PERFORM flowai.approval_decide(approvals[1], 'granted');
            answers := answers || false;
        EXCEPTION WHEN no_data_found THEN
            answers := answers || true;
        END;
        names := names || 'a row for another tenant is refused'::text;
        BEGIN
            INSERT INTO flowai.kv_entries SELECT (jsonb_populate_record(NULL::flowai.kv_entries,
                to_jsonb(e) || jsonb_build_object('tenant_id', one, 'key', 'forged'))).* FROM flowai.kv_entries e;
            answers := answers || false;
        EXCEPTION
            WHEN insufficient_privilege THEN
                answers := answers || true;
            WHEN OTHERS THEN
                answers := answers || false;
        END;
        DELETE FROM flowai.kv_entries;
        PERFORM flowai.catalog_delete('{selftest:shared}');
        PERFORM flowai_internal.act_for(one);
        names := names || 'what one deletes the other keeps'::text;
        answers := answers || (EXISTS (SELECT FROM flowai.kv_get('selftest', 'shared'))
                               AND EXISTS (SELECT FROM flowai.search_catalog('canary')));
        PERFORM flowai_internal.act_for(NULL);
        names := names || 'without a tenant there are no rows'::text;
        answers := answers || (flowai.current_tenant() IS NOT NULL
                               OR (NOT EXISTS (SELECT FROM flowai.kv_entries) AND NOT EXISTS (SELECT FROM flowai.refs)));
        RAISE EXCEPTION USING ERRCODE = 'FL001', MESSAGE = 'everything is taken back';
    EXCEPTION WHEN SQLSTATE 'FL001' THEN
        NULL;
    END;
    RETURN QUERY SELECT n.name, n.answer IS TRUE FROM unnest(names, answers) AS n (name, answer);
END $$;
