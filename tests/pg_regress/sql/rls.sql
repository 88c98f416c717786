-- The shape of isolation, read from the system catalogs: it holds for what is there and what comes.
CREATE TEMP VIEW tenant_table AS
SELECT c.oid, c.oid::regclass AS relation, c.relkind, c.relispartition, c.relrowsecurity, c.relforcerowsecurity, c.relowner
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('flowai', 'flowai_internal') AND c.relkind IN ('r', 'p')
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
  AND c.oid NOT IN ('flowai_internal.tenants'::regclass, 'flowai_internal.tenant_members'::regclass, 'flowai_internal.tenant_versions'::regclass,
                    -- Rows of one tenant or of nobody, under a policy of its own.
                    'flowai.allowed_functions'::regclass,
                    -- Written by administrators for tenants, who see some of its columns: see query_target.sql.
                    'flowai_internal.query_targets'::regclass);

-- Every tenant table: row security enabled and forced, owner, number of leaves.
SELECT t.relation, t.relrowsecurity AS enabled, t.relforcerowsecurity AS forced, t.relowner::regrole AS owner,
       (SELECT count(*) FROM pg_inherits i JOIN pg_class l ON l.oid = i.inhrelid
        WHERE i.inhparent = t.oid AND l.relrowsecurity AND l.relforcerowsecurity AND l.relowner = 'flowai_owner'::regrole) AS safe_leaves
FROM tenant_table t WHERE NOT t.relispartition AND t.oid <> 'flowai.events'::regclass ORDER BY t.relation::text;
-- Events have a leaf for each month.
SELECT t.relation, t.relrowsecurity AS enabled, t.relforcerowsecurity AS forced, t.relowner::regrole AS owner,
       (SELECT count(*) > 1 AND bool_and(l.relrowsecurity AND l.relforcerowsecurity AND l.relowner = 'flowai_owner'::regrole)
        FROM pg_inherits i JOIN pg_class l ON l.oid = i.inhrelid WHERE i.inhparent = t.oid) AS safe_leaves
FROM tenant_table t WHERE t.oid = 'flowai.events'::regclass;
-- Tables of the extension that are not tenant tables.
SELECT c.oid::regclass AS relation FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('flowai', 'flowai_internal') AND c.relkind IN ('r', 'p') AND c.oid NOT IN (SELECT oid FROM tenant_table) ORDER BY c.oid::regclass::text;
-- Exactly one policy on each, and it is the one.
SELECT count(*) = (SELECT count(*) FROM tenant_table) AS one_policy_each, count(DISTINCT polrelid) = count(*) AS no_second,
       pg_get_expr(polqual, polrelid) AS using_, pg_get_expr(polwithcheck, polrelid) AS with_check, polcmd, polpermissive, polroles
FROM pg_policy WHERE polrelid IN (SELECT oid FROM tenant_table) GROUP BY 3, 4, 5, 6, 7;
-- tenant_id leads every index, so that no index tells of another tenant's key.
SELECT i.indexrelid::regclass FROM pg_index i JOIN tenant_table t ON t.oid = i.indrelid
WHERE (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0]) IS DISTINCT FROM 'tenant_id';
-- Foreign keys carry the tenant on both sides.
SELECT conname, conrelid::regclass FROM pg_constraint k JOIN tenant_table t ON t.oid = k.conrelid
WHERE k.contype = 'f' AND NOT (
    EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND a.attname = 'tenant_id')
    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attnum = ANY (k.confkey) AND a.attname = 'tenant_id'));
-- Each goes from every leaf to the leaf that holds the same tenants.
SELECT k.conname, count(*), bool_and(pg_get_expr(here.relpartbound, here.oid) = pg_get_expr(there.relpartbound, there.oid)) AS same_tenants
FROM pg_constraint k JOIN tenant_table t ON t.oid = k.conrelid JOIN pg_class here ON here.oid = k.conrelid JOIN pg_class there ON there.oid = k.confrelid
WHERE k.contype = 'f' GROUP BY k.conname ORDER BY k.conname;
-- Every leaf is dumped, and so is every table that is in one piece: a member of the extension because it is said so,
SELECT t.relation FROM tenant_table t WHERE t.relkind = 'r'
  AND t.oid <> ALL ((SELECT extconfig FROM pg_extension WHERE extname = 'flowai_runtime')::oid[])
  AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = t.oid AND d.deptype = 'e');
-- others as any table is: the months of events, which are made later.
SELECT DISTINCT regexp_replace(t.relation::text, '_\d{4}_\d\d$', '_YYYY_MM') AS relation FROM tenant_table t
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = t.oid AND d.deptype = 'e');
-- No sequence, no rule, no trigger on a table, no large object, nothing of PUBLIC's but the two functions of the policy.
SELECT c.oid::regclass, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('flowai', 'flowai_internal') AND c.relkind NOT IN ('r', 'p', 'i', 'I', 'v', 't');
SELECT tgname, tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal AND tgrelid IN (SELECT oid FROM tenant_table);
-- Views run with the reader's rights.
SELECT c.oid::regclass, c.reloptions FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('flowai', 'flowai_internal') AND c.relkind = 'v' ORDER BY c.oid::regclass::text;
-- What flowai_user holds on relations: SELECT, and DML on views only.
SELECT c.relkind, privilege_type, count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
WHERE n.nspname IN ('flowai', 'flowai_internal') AND a.grantee IN (0, 'flowai_user'::regrole) GROUP BY 1, 2 ORDER BY 1, 2;
-- Who holds what on events, whole and in months: nobody UPDATE or TRUNCATE, the owner included.
SELECT a.grantee::regrole, privilege_type FROM pg_class c, aclexplode(c.relacl) a
WHERE c.oid = 'flowai.events'::regclass OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'flowai.events'::regclass) GROUP BY 1, 2 ORDER BY 1::text, 2;
SELECT n.nspname, a.grantee::regrole, a.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) a
WHERE n.nspname IN ('flowai', 'flowai_internal') AND a.grantee <> 'flowai_owner'::regrole ORDER BY 1, 2, 3;

-- A tenant at the tables: no DML, no lock, no leaf, no foreign row.
SET ROLE acme_app;
SELECT outcome FROM flowai.catalog_put('[{"id": "secret:acme", "itemType": "secret", "name": "plan of acme"}]');
SET ROLE globex_app;
SELECT count(*) FROM flowai.catalog_entries;
SELECT count(*) FROM flowai.catalog_entries WHERE tenant_id = 'acme';
SELECT * FROM flowai.get_catalog_entities('{secret:acme}');
DELETE FROM flowai.catalog WHERE id = 'secret:acme' RETURNING id;
SELECT * FROM flowai.catalog_delete('{secret:acme}');
-- The same id for another tenant is another entry, not a conflict.
SELECT outcome FROM flowai.catalog_put('[{"id": "secret:acme", "itemType": "secret", "name": "plan of globex"}]');
INSERT INTO flowai.catalog_entries (tenant_id) VALUES ('globex');
UPDATE flowai.catalog_entries SET name = 'x';
DELETE FROM flowai.catalog_entries;
TRUNCATE flowai.catalog_entries;
BEGIN;
LOCK TABLE flowai.catalog_entries IN ROW EXCLUSIVE MODE;
ROLLBACK;
BEGIN;
LOCK TABLE flowai.catalog IN ACCESS EXCLUSIVE MODE;
ROLLBACK;
CREATE TRIGGER t BEFORE INSERT ON flowai.catalog_entries FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
SELECT count(*) FROM flowai_internal.catalog_entries_00;
SELECT count(*) FROM flowai_internal.tenant_members;
SELECT count(*) FROM flowai_internal.tenant_keys;
COPY flowai.catalog_entries TO STDOUT;
SET row_security = off;
SELECT count(*) FROM flowai.catalog_entries;
RESET row_security;
SELECT count(*) FROM pg_stats WHERE schemaname IN ('flowai', 'flowai_internal');
SELECT deleted FROM flowai.catalog_delete('{secret:acme}');
SET ROLE acme_app;
SELECT name FROM flowai.catalog;
SELECT deleted FROM flowai.catalog_delete('{secret:acme}');
-- The owner and an administrator are bound too.
SET ROLE steward;
SELECT count(*) FROM flowai.catalog_entries;
RESET ROLE;
SET ROLE flowai_owner;
SELECT count(*) FROM flowai.catalog_entries;
