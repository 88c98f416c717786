-- One corpus, from CSV on standard input, for a tenant, a role and a schema that are all named :corpus.
-- What is measured builds catalog and peer from it: see measure/build.py.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
CREATE ROLE :"corpus" LOGIN;
SELECT flowai.tenant_create(:'corpus') IS NOT NULL, flowai.tenant_grant(:'corpus', :'corpus');
CREATE SCHEMA :"corpus";
GRANT USAGE ON SCHEMA :"corpus" TO :"corpus";
SET search_path = :"corpus";

CREATE TABLE texts (id text, name text, section text, content text);
\copy texts FROM PSTDIN WITH (FORMAT csv)
CREATE TABLE entries_json AS
SELECT jsonb_agg(jsonb_build_object('id', id, 'itemType', split_part(id, ':', 1), 'name', name,
    'qualified_name', section || '.' || name, 'content', content, 'tags', jsonb_build_array(section))) AS entries FROM texts;

-- The peer: tsvector and GIN over the same texts, under the same row-level security.
CREATE TABLE gin_entries (
    tenant_id text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, name text NOT NULL, qualified_name text NOT NULL, content text NOT NULL,
    tags text[] NOT NULL, document tsvector NOT NULL, PRIMARY KEY (tenant_id, id));
ALTER TABLE gin_entries ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON gin_entries USING (tenant_id = flowai.current_tenant() AND (SELECT flowai.tenant_is(flowai.current_tenant())));

-- Any of the words, as somebody who searches a catalog means them. IMMUTABLE, so that it is folded to a
-- constant before the statement is planned.
CREATE FUNCTION any_word(query text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsquery('english', string_agg(quote_literal(w), ' | ')) FROM regexp_split_to_table($1, '\s+') w
$$;
-- The peer's fast form: its owner is not held to row-level security, so the GIN index can be used. Of the
-- forms tried, this was the fastest: rank narrow rows, then look up the ten that are left.
CREATE FUNCTION gin_search(query text, max_rows integer) RETURNS TABLE (id text, name text, score real)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 AS $$
DECLARE
    words tsquery := any_word(query);
    tenant text := current_schema;
BEGIN
    RETURN QUERY
    SELECT e.id, e.name, r.score FROM (
        SELECT g.ctid AS place, ts_rank(g.document, words) AS score, g.id FROM gin_entries g
        WHERE g.tenant_id = tenant AND g.document @@ words ORDER BY 2 DESC, 3 LIMIT max_rows) r
    JOIN gin_entries e ON e.ctid = r.place ORDER BY r.score DESC, r.id;
END $$;
-- Without this, the caller's path would decide whose tables the definer's function reads.
ALTER FUNCTION gin_search(text, integer) SET search_path FROM CURRENT;
GRANT SELECT ON entries_json, gin_entries TO :"corpus";

-- Questions as people ask them: real descriptions supply the words, two to four each.
CREATE TABLE questions (n integer PRIMARY KEY, query text NOT NULL);
INSERT INTO questions
SELECT row_number() OVER (ORDER BY md5(id)), words
FROM (SELECT t.id, (SELECT string_agg(w, ' ' ORDER BY md5(t.id || w)) FROM (
          SELECT w FROM (SELECT DISTINCT lower(m[1]) AS w FROM regexp_matches(split_part(t.content, E'\n', 1), '([A-Za-z]{4,})', 'g') m) d
          WHERE w NOT IN ('with', 'that', 'from', 'this', 'your') ORDER BY md5(w || t.id) LIMIT 2 + length(t.id) % 3) s) AS words
      FROM texts t ORDER BY md5('q' || t.id) LIMIT 200) q
WHERE words LIKE '% %' LIMIT 50;

-- Entries as somebody edits them, one at a time.
CREATE TABLE edits (n integer PRIMARY KEY, entry jsonb NOT NULL);
INSERT INTO edits
SELECT row_number() OVER (ORDER BY md5('e' || id)), jsonb_build_object('id', id, 'itemType', split_part(id, ':', 1), 'name', name,
    'qualified_name', section || '.' || name, 'content', content || ' (reviewed)', 'tags', jsonb_build_array(section))
FROM texts ORDER BY md5('e' || id) LIMIT 500;
GRANT SELECT ON questions, edits TO :"corpus";
