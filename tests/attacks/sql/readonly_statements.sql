-- Attacks on read-only SQL: statements that are not one SELECT.
--
-- All of these must fail on structure alone, before anything is looked up. "at" is where in the text the verdict
-- points; "!" stands for "read-only violation".
\set ECHO none
\getenv sources PG_ABS_SRCDIR
\set fixture :sources /fixtures/readonly.psql
\i :fixture

-- Several statements, and comments, quotes and escapes that would hide where one ends: the server's own lexer
-- decides, so none can hide. Alone, the first statement would be allowed in each.
INSERT INTO arena.attacks VALUES
(1, 'two statements', 'SELECT 1; SELECT 2'),
(2, 'a write after a read', 'SELECT 1; DELETE FROM shop.log'),
(3, 'leave the transaction first', 'COMMIT; DROP SCHEMA shop CASCADE'),
(4, 'abort the subtransaction', 'SELECT 1; ROLLBACK; DELETE FROM shop.log'),
(5, 'blank statements between', 'SELECT 1;; ;; SELECT 2'),
(6, 'line comment ended by CR', E'SELECT 1 --\r; DELETE FROM shop.log'),
(7, 'line comment ended by LF', E'SELECT 1 -- x\n; DELETE FROM shop.log'),
(8, 'nested comment that ends once too often', 'SELECT 1 /* /* */ */ ; DELETE FROM shop.log /* */'),
(9, 'comment of another product''s sort', 'SELECT 1 # ; ' || E'\n; DELETE FROM shop.log'),
(10, 'executable comment of another product', 'SELECT 1 /*!; DELETE FROM shop.log */; DELETE FROM shop.log'),
(11, 'comment in front', '/* SELECT */ DELETE FROM shop.log'),
(12, 'line comment in front', E'-- SELECT\nDELETE FROM shop.log'),
(13, 'backslash before the quote', $$SELECT '\'; DELETE FROM shop.log; --'$$),
(14, 'backslash in an E string', $$SELECT E'\\'; DELETE FROM shop.log; --'$$),
(15, 'doubled quotes', $$SELECT ''''; DELETE FROM shop.log; --'$$),
(16, 'dollar quote with a tag', 'SELECT $a$ $$ $a$; DELETE FROM shop.log'),
(17, 'dollar signs that are part of a name', 'SELECT 1 AS a$$; DELETE FROM shop.log --$$'),
(18, 'operator, then dollars', 'SELECT 1 ?a$$$; DELETE FROM shop.log --$$'),
(19, 'Unicode escape string', $$SELECT U&'\0027'; DELETE FROM shop.log$$),
(20, 'escape character of one''s own', $$SELECT U&'!0027' UESCAPE '!'; DELETE FROM shop.log$$),
(21, 'quoted name with a semicolon', 'SELECT 1 AS ";"; DELETE FROM shop.log'),
(22, 'continued string', E'SELECT ''a''\n''b''; DELETE FROM shop.log'),
(23, 'bit string', $$SELECT B'1'; DELETE FROM shop.log$$),
(24, 'form feed and vertical tab', E'SELECT 1\f;\x0bDELETE FROM shop.log'),
(25, 'no-break space as a blank', U&'SELECT 1;\00A0DELETE FROM shop.log'),
(26, 'full-width semicolon, then a real one', U&'SELECT 1 AS x\FF1B; DELETE FROM shop.log'),
(27, 'Greek question mark, which looks like a semicolon', U&'SELECT 1 \037E DELETE FROM shop.log'),
(28, 'text that runs backwards', U&'SELECT 1 AS \202Ea\202C; DELETE FROM shop.log'),
(29, 'byte order mark in front', U&'\FEFFDELETE FROM shop.log'),
(30, 'line separator ends no comment, a line feed does', U&'SELECT 1 --\2028 x' || E'\n; DELETE FROM shop.log'),
(31, 'a word that looks like SELECT', U&'\0405ELECT 1'),
(32, 'a parenthesis too many', 'SELECT 1) ; DELETE FROM shop.log; (SELECT 1'),
(33, 'end of a subquery that was not begun', 'SELECT 1) x; DELETE FROM shop.log; --'),
(34, 'psql''s own commands', E'SELECT 1 \\g |id'),
(35, 'psql''s copy', '\copy shop.products TO PROGRAM ''id'''),
(36, 'end of the protocol''s string', E'SELECT 1;\x01DELETE FROM shop.log'),
(37, 'nothing', ''), (38, 'blanks', E' \t\r\n '), (39, 'semicolons', ';;;'), (40, 'a comment', '/* SELECT 1 */ -- SELECT 2'),
(41, 'an open string', 'SELECT ''a'), (42, 'an open comment', 'SELECT 1 /* a'), (43, 'an open name', 'SELECT "a'), (44, 'an open dollar quote', 'SELECT $a$ $$');

-- Every command of the server but SELECT and VALUES. Each would do something, if it were let through; most could
-- be run by the attacker's role without the guard.
INSERT INTO arena.attacks
SELECT 100 + row_number() OVER (), split_part(command, '|', 1), split_part(command, '|', 2)
FROM unnest(string_to_array(trim(E' \n' FROM $$
ABORT|ABORT
ALTER AGGREGATE|ALTER AGGREGATE lab.a(int) RENAME TO b
ALTER COLLATION|ALTER COLLATION lab.c RENAME TO d
ALTER CONVERSION|ALTER CONVERSION lab.c RENAME TO d
ALTER DATABASE|ALTER DATABASE regression SET flowai.tenant = 'globex'
ALTER DEFAULT PRIVILEGES|ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC
ALTER DOMAIN|ALTER DOMAIN lab.d DROP NOT NULL
ALTER EVENT TRIGGER|ALTER EVENT TRIGGER e DISABLE
ALTER EXTENSION|ALTER EXTENSION flowai_runtime UPDATE
ALTER FOREIGN DATA WRAPPER|ALTER FOREIGN DATA WRAPPER w OPTIONS (a 'b')
ALTER FOREIGN TABLE|ALTER FOREIGN TABLE lab.f RENAME TO g
ALTER FUNCTION|ALTER FUNCTION lab.f() SECURITY DEFINER
ALTER GROUP|ALTER GROUP acme_app ADD USER globex_app
ALTER INDEX|ALTER INDEX lab.i RENAME TO j
ALTER LANGUAGE|ALTER LANGUAGE plpgsql RENAME TO x
ALTER LARGE OBJECT|ALTER LARGE OBJECT 1 OWNER TO globex_app
ALTER MATERIALIZED VIEW|ALTER MATERIALIZED VIEW lab.m RENAME TO n
ALTER OPERATOR|ALTER OPERATOR lab.+ (int, int) SET (RESTRICT = NONE)
ALTER OPERATOR CLASS|ALTER OPERATOR CLASS lab.o USING btree RENAME TO p
ALTER OPERATOR FAMILY|ALTER OPERATOR FAMILY lab.o USING btree RENAME TO p
ALTER POLICY|ALTER POLICY own ON shop.secrets USING (true)
ALTER PROCEDURE|ALTER PROCEDURE lab.p() RENAME TO q
ALTER PUBLICATION|ALTER PUBLICATION p ADD TABLE shop.log
ALTER ROLE|ALTER ROLE acme_app SET flowai.tenant = 'globex'
ALTER ROUTINE|ALTER ROUTINE lab.p() RENAME TO q
ALTER RULE|ALTER RULE r ON lab.t RENAME TO s
ALTER SCHEMA|ALTER SCHEMA lab RENAME TO den
ALTER SEQUENCE|ALTER SEQUENCE shop.numbers RESTART
ALTER SERVER|ALTER SERVER s OPTIONS (a 'b')
ALTER STATISTICS|ALTER STATISTICS lab.s RENAME TO t
ALTER SUBSCRIPTION|ALTER SUBSCRIPTION s DISABLE
ALTER SYSTEM|ALTER SYSTEM SET work_mem = '1GB'
ALTER TABLE|ALTER TABLE lab.t ADD x int
ALTER TABLESPACE|ALTER TABLESPACE pg_default RENAME TO x
ALTER TEXT SEARCH CONFIGURATION|ALTER TEXT SEARCH CONFIGURATION lab.c RENAME TO d
ALTER TEXT SEARCH DICTIONARY|ALTER TEXT SEARCH DICTIONARY lab.c RENAME TO d
ALTER TEXT SEARCH PARSER|ALTER TEXT SEARCH PARSER lab.c RENAME TO d
ALTER TEXT SEARCH TEMPLATE|ALTER TEXT SEARCH TEMPLATE lab.c RENAME TO d
ALTER TRIGGER|ALTER TRIGGER t ON lab.t RENAME TO u
ALTER TYPE|ALTER TYPE lab.t ADD VALUE 'x'
ALTER USER|ALTER USER acme_app PASSWORD 'x'
ALTER USER MAPPING|ALTER USER MAPPING FOR acme_app SERVER s OPTIONS (a 'b')
ALTER VIEW|ALTER VIEW shop.secrets_by_owner RENAME TO x
ANALYZE|ANALYZE shop.products
BEGIN|BEGIN ISOLATION LEVEL SERIALIZABLE
CALL|CALL lab.p()
CHECKPOINT|CHECKPOINT
CLOSE|CLOSE ALL
CLUSTER|CLUSTER shop.products
COMMENT|COMMENT ON TABLE lab.t IS 'x'
COMMIT|COMMIT
COMMIT AND CHAIN|COMMIT AND CHAIN
COMMIT PREPARED|COMMIT PREPARED 'x'
COPY TO|COPY shop.products TO STDOUT
COPY FROM|COPY shop.log FROM STDIN
COPY TO PROGRAM|COPY (SELECT 1) TO PROGRAM 'id'
COPY FROM a file|COPY shop.log FROM '/etc/passwd'
COPY of a write|COPY (DELETE FROM shop.log RETURNING 1) TO STDOUT
CREATE ACCESS METHOD|CREATE ACCESS METHOD a TYPE INDEX HANDLER bthandler
CREATE AGGREGATE|CREATE AGGREGATE lab.a(int) (sfunc = int4pl, stype = int)
CREATE CAST|CREATE CAST (text AS int) WITH INOUT
CREATE COLLATION|CREATE COLLATION lab.c (locale = 'C')
CREATE CONVERSION|CREATE CONVERSION lab.c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8
CREATE DATABASE|CREATE DATABASE x
CREATE DOMAIN|CREATE DOMAIN lab.d AS int
CREATE EVENT TRIGGER|CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION x()
CREATE EXTENSION|CREATE EXTENSION hstore SCHEMA lab
CREATE FOREIGN DATA WRAPPER|CREATE FOREIGN DATA WRAPPER w
CREATE FOREIGN TABLE|CREATE FOREIGN TABLE lab.f (a int) SERVER s
CREATE FUNCTION|CREATE FUNCTION lab.f() RETURNS int LANGUAGE sql AS 'SELECT 1'
CREATE GROUP|CREATE GROUP x
CREATE INDEX|CREATE INDEX ON lab.t (a)
CREATE INDEX CONCURRENTLY|CREATE INDEX CONCURRENTLY ON shop.products (name)
CREATE LANGUAGE|CREATE LANGUAGE plx HANDLER plpgsql_call_handler
CREATE MATERIALIZED VIEW|CREATE MATERIALIZED VIEW lab.m AS SELECT 1
CREATE OPERATOR|CREATE OPERATOR lab.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl)
CREATE OPERATOR CLASS|CREATE OPERATOR CLASS lab.o FOR TYPE int USING btree AS FUNCTION 1 btint4cmp(int, int)
CREATE OPERATOR FAMILY|CREATE OPERATOR FAMILY lab.o USING btree
CREATE POLICY|CREATE POLICY mine ON shop.secrets USING (true)
CREATE PROCEDURE|CREATE PROCEDURE lab.p() LANGUAGE sql AS 'SELECT 1'
CREATE PUBLICATION|CREATE PUBLICATION p FOR ALL TABLES
CREATE ROLE|CREATE ROLE x SUPERUSER
CREATE RULE|CREATE RULE r AS ON INSERT TO shop.log DO INSTEAD NOTHING
CREATE SCHEMA|CREATE SCHEMA x
CREATE SEQUENCE|CREATE SEQUENCE lab.s
CREATE TEMPORARY SEQUENCE|CREATE TEMP SEQUENCE s
CREATE SERVER|CREATE SERVER s FOREIGN DATA WRAPPER w
CREATE STATISTICS|CREATE STATISTICS lab.s ON name, price FROM shop.products
CREATE SUBSCRIPTION|CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p
CREATE TABLE|CREATE TABLE lab.x (a int)
CREATE TEMPORARY TABLE|CREATE TEMP TABLE x (a int)
CREATE UNLOGGED TABLE|CREATE UNLOGGED TABLE lab.x (a int)
CREATE TABLE AS|CREATE TABLE lab.x AS SELECT * FROM shop.secrets
CREATE TABLE AS EXECUTE|CREATE TABLE lab.x AS EXECUTE p
CREATE TABLESPACE|CREATE TABLESPACE x LOCATION '/tmp'
CREATE TEXT SEARCH CONFIGURATION|CREATE TEXT SEARCH CONFIGURATION lab.c (COPY = english)
CREATE TEXT SEARCH DICTIONARY|CREATE TEXT SEARCH DICTIONARY lab.d (TEMPLATE = simple)
CREATE TEXT SEARCH PARSER|CREATE TEXT SEARCH PARSER lab.p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype)
CREATE TEXT SEARCH TEMPLATE|CREATE TEXT SEARCH TEMPLATE lab.t (LEXIZE = dsimple_lexize)
CREATE TRANSFORM|CREATE TRANSFORM FOR int LANGUAGE plpgsql (FROM SQL WITH FUNCTION x(internal))
CREATE TRIGGER|CREATE TRIGGER t BEFORE INSERT ON shop.log FOR EACH ROW EXECUTE FUNCTION lab.f()
CREATE TYPE|CREATE TYPE lab.t AS ENUM ('a')
CREATE TYPE, a shell|CREATE TYPE lab.t
CREATE USER|CREATE USER x
CREATE USER MAPPING|CREATE USER MAPPING FOR acme_app SERVER s
CREATE VIEW|CREATE VIEW lab.v AS SELECT * FROM shop.secrets
DEALLOCATE|DEALLOCATE ALL
DECLARE|DECLARE c CURSOR FOR SELECT 1
DECLARE WITH HOLD|DECLARE c CURSOR WITH HOLD FOR SELECT * FROM shop.secrets
DELETE|DELETE FROM shop.log
DELETE WHERE CURRENT OF|DELETE FROM shop.log WHERE CURRENT OF c
DISCARD|DISCARD ALL
DISCARD PLANS|DISCARD PLANS
DO|DO 'BEGIN DELETE FROM shop.log; END'
DROP AGGREGATE|DROP AGGREGATE lab.a(int)
DROP CAST|DROP CAST IF EXISTS (text AS int)
DROP DATABASE|DROP DATABASE prepared
DROP EXTENSION|DROP EXTENSION flowai_runtime CASCADE
DROP FUNCTION|DROP FUNCTION shop.write(text)
DROP INDEX|DROP INDEX shop.products_pkey
DROP MATERIALIZED VIEW|DROP MATERIALIZED VIEW IF EXISTS lab.m
DROP OPERATOR|DROP OPERATOR IF EXISTS lab.+ (int, int)
DROP OWNED|DROP OWNED BY acme_app
DROP POLICY|DROP POLICY own ON shop.secrets
DROP ROLE|DROP ROLE globex_app
DROP SCHEMA|DROP SCHEMA lab CASCADE
DROP SEQUENCE|DROP SEQUENCE shop.numbers
DROP TABLE|DROP TABLE shop.products
DROP TYPE|DROP TYPE IF EXISTS lab.t
DROP VIEW|DROP VIEW shop.secrets_by_owner
END|END
EXECUTE|EXECUTE p
EXPLAIN|EXPLAIN SELECT 1
EXPLAIN ANALYZE|EXPLAIN ANALYZE SELECT 1
EXPLAIN ANALYZE of a write|EXPLAIN ANALYZE DELETE FROM shop.log
EXPLAIN ANALYZE CREATE TABLE AS|EXPLAIN ANALYZE CREATE TABLE lab.x AS SELECT 1
FETCH|FETCH ALL FROM c
GRANT|GRANT ALL ON SCHEMA lab TO PUBLIC
GRANT of a role|GRANT acme_app TO globex_app
IMPORT FOREIGN SCHEMA|IMPORT FOREIGN SCHEMA x FROM SERVER s INTO lab
INSERT|INSERT INTO shop.log VALUES ('x')
INSERT RETURNING|INSERT INTO shop.log SELECT 'x' RETURNING line
INSERT ON CONFLICT|INSERT INTO shop.products VALUES (1) ON CONFLICT DO NOTHING
LISTEN|LISTEN x
LOAD|LOAD 'auto_explain'
LOCK|LOCK TABLE shop.products
LOCK IN ACCESS SHARE MODE|LOCK TABLE shop.products IN ACCESS SHARE MODE
MERGE|MERGE INTO shop.log USING shop.products ON false WHEN NOT MATCHED THEN INSERT VALUES (name)
MOVE|MOVE ALL FROM c
NOTIFY|NOTIFY x, 'y'
PREPARE|PREPARE p AS SELECT 1
PREPARE of a write|PREPARE p AS DELETE FROM shop.log
PREPARE TRANSACTION|PREPARE TRANSACTION 'x'
REASSIGN OWNED|REASSIGN OWNED BY acme_app TO globex_app
REFRESH MATERIALIZED VIEW|REFRESH MATERIALIZED VIEW lab.m
REINDEX|REINDEX TABLE shop.products
RELEASE SAVEPOINT|RELEASE SAVEPOINT s
RESET|RESET flowai.tenant
RESET ALL|RESET ALL
REVOKE|REVOKE SELECT ON shop.products FROM PUBLIC
ROLLBACK|ROLLBACK
ROLLBACK PREPARED|ROLLBACK PREPARED 'x'
ROLLBACK TO SAVEPOINT|ROLLBACK TO SAVEPOINT s
SAVEPOINT|SAVEPOINT s
SECURITY LABEL|SECURITY LABEL ON TABLE lab.t IS 'x'
SET|SET flowai.tenant = 'globex'
SET LOCAL|SET LOCAL row_security = off
SET TIME ZONE|SET TIME ZONE 'UTC'
SET NAMES|SET NAMES 'LATIN1'
SET CONSTRAINTS|SET CONSTRAINTS ALL DEFERRED
SET ROLE|SET ROLE globex_app
SET SESSION AUTHORIZATION|SET SESSION AUTHORIZATION postgres
SET TRANSACTION|SET TRANSACTION READ WRITE
SET SESSION CHARACTERISTICS|SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE
SET TRANSACTION SNAPSHOT|SET TRANSACTION SNAPSHOT '00000003-0000001B-1'
SHOW|SHOW ALL
START TRANSACTION|START TRANSACTION
TRUNCATE|TRUNCATE shop.log
UNLISTEN|UNLISTEN *
UPDATE|UPDATE shop.products SET price = 0
UPDATE FROM|UPDATE shop.products p SET price = 0 FROM shop.log
VACUUM|VACUUM FULL shop.products
a replication command|IDENTIFY_SYSTEM
$$), E'\n')) AS c(command);

-- SELECT INTO at every place where the grammar has it.
INSERT INTO arena.attacks VALUES
(401, 'INTO', 'SELECT * INTO lab.x FROM shop.products'), (402, 'INTO with no columns', 'SELECT INTO lab.x FROM shop.products'),
(403, 'INTO TEMP', 'SELECT 1 AS a INTO TEMP x'), (404, 'INTO UNLOGGED TABLE', 'SELECT 1 AS a INTO UNLOGGED TABLE lab.x'),
(405, 'in the left arm of a UNION', 'SELECT 1 AS a INTO lab.x UNION SELECT 2'), (406, 'in the right arm', 'SELECT 1 AS a UNION SELECT 2 INTO lab.x'),
(407, 'in parentheses', '(SELECT 1 AS a INTO lab.x)'), (408, 'in a subquery', 'SELECT * FROM (SELECT 1 AS a INTO lab.x) y'),
(409, 'in WITH', 'WITH w AS (SELECT 1 AS a INTO lab.x) SELECT * FROM w'), (410, 'in a scalar subquery', 'SELECT (SELECT 1 AS a INTO lab.x)'),
(411, 'in EXISTS', 'SELECT EXISTS (SELECT 1 AS a INTO lab.x)'), (412, 'below three levels', 'SELECT (SELECT b FROM (WITH w AS ((SELECT 1 AS b INTO lab.x)) TABLE w) q)'),
(413, 'after WITH', 'WITH w AS (SELECT 1 AS a) SELECT a INTO lab.x FROM w'), (414, 'with a schema that is temporary', 'SELECT 1 AS a INTO pg_temp.x'),

-- Row locks at every place, in every strength. They write to the rows and make writers wait.
(431, 'FOR UPDATE', 'SELECT * FROM shop.products FOR UPDATE'), (432, 'FOR NO KEY UPDATE', 'SELECT * FROM shop.products FOR NO KEY UPDATE'),
(433, 'FOR SHARE', 'SELECT * FROM shop.products FOR SHARE'), (434, 'FOR KEY SHARE', 'SELECT * FROM shop.products FOR KEY SHARE'),
(435, 'OF, NOWAIT', 'SELECT * FROM shop.products p, shop.log l FOR UPDATE OF p NOWAIT'), (436, 'SKIP LOCKED', 'SELECT * FROM shop.products FOR UPDATE SKIP LOCKED'),
(437, 'two clauses', 'SELECT * FROM shop.products p, shop.log l FOR UPDATE OF p FOR SHARE OF l'), (438, 'before LIMIT', 'SELECT * FROM shop.products FOR UPDATE LIMIT 1'),
(439, 'in a subquery', 'SELECT * FROM (SELECT * FROM shop.products FOR UPDATE) x'), (440, 'in WITH', 'WITH w AS (SELECT * FROM shop.products FOR UPDATE) SELECT * FROM w'),
(441, 'in a scalar subquery', 'SELECT (SELECT id FROM shop.products ORDER BY id FOR UPDATE LIMIT 1)'), (442, 'in EXISTS', 'SELECT 1 WHERE EXISTS (SELECT FROM shop.products FOR UPDATE)'),
(443, 'in LATERAL', 'SELECT * FROM shop.log, LATERAL (SELECT * FROM shop.products FOR SHARE) x'), (444, 'in an arm of a UNION', '(SELECT id FROM shop.products FOR UPDATE) UNION ALL SELECT 1'),
(445, 'in IN', 'SELECT 1 WHERE 1 IN (SELECT id FROM shop.products FOR UPDATE)'), (446, 'below three levels', 'SELECT * FROM (SELECT * FROM (WITH w AS (SELECT * FROM shop.log FOR KEY SHARE) TABLE w) a) b'),
(447, 'in ORDER BY', 'SELECT 1 ORDER BY (SELECT id FROM shop.products LIMIT 1 FOR UPDATE)'), (448, 'over a view', 'SELECT * FROM shop.secrets_by_owner FOR UPDATE'),

-- Statements that write inside WITH, at every depth.
(461, 'INSERT', 'WITH w AS (INSERT INTO shop.log VALUES (''x'') RETURNING line) SELECT * FROM w'), (462, 'INSERT without RETURNING', 'WITH w AS (INSERT INTO shop.log VALUES (''x'')) SELECT 1'),
(463, 'UPDATE', 'WITH w AS (UPDATE shop.products SET price = 0 RETURNING 1) SELECT * FROM w'), (464, 'DELETE', 'WITH w AS (DELETE FROM shop.log RETURNING 1) SELECT * FROM w'),
(465, 'MERGE', 'WITH w AS (MERGE INTO shop.log USING shop.products ON false WHEN NOT MATCHED THEN INSERT VALUES (name)) SELECT 1'),
(466, 'the second of two', 'WITH a AS (SELECT 1), b AS (DELETE FROM shop.log RETURNING 1) SELECT * FROM a'), (467, 'never read', 'WITH w AS (DELETE FROM shop.log) SELECT 1'),
(468, 'WITH in front of DELETE', 'WITH w AS (SELECT 1) DELETE FROM shop.log'), (469, 'WITH in front of INSERT', 'WITH w AS (SELECT ''x'') INSERT INTO shop.log SELECT * FROM w'),
(470, 'WITH in front of UPDATE', 'WITH w AS (SELECT 1) UPDATE shop.products SET price = 0'), (471, 'in a subquery', 'SELECT * FROM (WITH w AS (DELETE FROM shop.log RETURNING 1) SELECT * FROM w) x'),
(472, 'in WITH in WITH', 'WITH a AS (WITH b AS (DELETE FROM shop.log RETURNING 1) SELECT * FROM b) SELECT * FROM a'), (473, 'in VALUES', 'VALUES ((WITH w AS (DELETE FROM shop.log RETURNING 1) SELECT 1))'),
(474, 'in a scalar subquery', 'SELECT (WITH w AS (DELETE FROM shop.log RETURNING 1) SELECT count(*) FROM w)'), (475, 'in a UNION', 'SELECT 1 UNION (WITH w AS (DELETE FROM shop.log RETURNING 1) SELECT * FROM w)'),
(476, 'recursive', 'WITH RECURSIVE w AS (DELETE FROM shop.log RETURNING 1) SELECT * FROM w'), (477, 'in LIMIT', 'SELECT 1 LIMIT (WITH w AS (DELETE FROM shop.log RETURNING 1) SELECT count(*) FROM w)'),
(478, 'MATERIALIZED', 'WITH w AS MATERIALIZED (DELETE FROM shop.log RETURNING 1) SELECT * FROM w'), (479, 'in EXISTS', 'SELECT 1 WHERE EXISTS (WITH w AS (DELETE FROM shop.log RETURNING 1) SELECT * FROM w)'),
(480, 'a write in FROM', 'SELECT * FROM (DELETE FROM shop.log RETURNING 1) x'), (481, 'a write in IN', 'SELECT 1 WHERE 1 IN (DELETE FROM shop.log RETURNING 1)'),
(482, 'a utility command in WITH', 'WITH w AS (TRUNCATE shop.log) SELECT 1'), (483, 'a write in brackets', '[DELETE FROM shop.log]'), (484, 'a write in parentheses', '(DELETE FROM shop.log RETURNING 1)');

\i :remember
-- Read-only, so that refusals are not put on record, which would take a transaction id.
BEGIN READ ONLY;
SELECT id, tries, verdict, at, code, error FROM arena.outcomes ORDER BY id;
SELECT pg_current_xact_id_if_assigned() AS transaction_id;
COMMIT;
\echo what got through, and what was damaged
SELECT count(*) AS attacks, count(*) FILTER (WHERE verdict IS NULL) AS validated, count(rows) AS ran FROM arena.outcomes;
SELECT * FROM arena.damage_to_session;
\connect - postgres
SET client_min_messages = error;
SELECT * FROM arena.damage_to_database;
