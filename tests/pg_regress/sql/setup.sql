-- What every other file builds on: the extension, two tenants, and a role of each sort.
SET client_min_messages = warning;
CREATE EXTENSION flowai_runtime;
CREATE ROLE acme_app LOGIN;
CREATE ROLE globex_app LOGIN;
CREATE ROLE pool LOGIN;
CREATE ROLE stranger LOGIN;
CREATE ROLE steward LOGIN;
GRANT flowai_admin TO steward;
SET ROLE steward;
SELECT flowai.tenant_create('acme', 'v1') IS NOT NULL AS created;
SELECT flowai.tenant_create('globex') IS NOT NULL AS created;
SELECT flowai.tenant_grant('acme', 'acme_app');
SELECT flowai.tenant_grant('globex', 'globex_app');
SELECT flowai.tenant_grant('acme', 'pool');
SELECT flowai.tenant_grant('globex', 'pool');
