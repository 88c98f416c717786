-- Real queries, first part: the shapes of a decision-support benchmark over its eight tables. Each must be
-- let through, and return what the role itself is given without the guard.
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA h;
CREATE TABLE h.region (id int PRIMARY KEY, name text);
CREATE TABLE h.nation (id int PRIMARY KEY, name text, region int REFERENCES h.region);
CREATE TABLE h.supplier (id int PRIMARY KEY, name text, address text, nation int REFERENCES h.nation, phone text, balance numeric(15,2), note text);
CREATE TABLE h.customer (id int PRIMARY KEY, name text, address text, nation int REFERENCES h.nation, phone text, balance numeric(15,2), segment text, note text);
CREATE TABLE h.part (id int PRIMARY KEY, name text, maker text, brand text, kind text, size int, container text, price numeric(15,2));
CREATE TABLE h.partsupp (part int REFERENCES h.part, supplier int REFERENCES h.supplier, stock int, cost numeric(15,2), PRIMARY KEY (part, supplier));
CREATE TABLE h.orders (id int PRIMARY KEY, customer int REFERENCES h.customer, status char(1), total numeric(15,2), placed date, priority text, clerk text, note text);
CREATE TABLE h.lineitem (orders int REFERENCES h.orders, line int, part int, supplier int, quantity numeric(15,2), price numeric(15,2), discount numeric(15,2), tax numeric(15,2),
    returned char(1), status char(1), shipped date, committed date, received date, instruction text, mode text, note text,
    PRIMARY KEY (orders, line), FOREIGN KEY (part, supplier) REFERENCES h.partsupp);

INSERT INTO h.region SELECT i, (ARRAY['AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST'])[i + 1] FROM generate_series(0, 4) i;
INSERT INTO h.nation SELECT i, (ARRAY['KENYA', 'BRAZIL', 'CHINA', 'FRANCE', 'EGYPT', 'ALGERIA', 'CANADA', 'INDIA', 'GERMANY', 'SAUDI ARABIA'])[i + 1], i % 5 FROM generate_series(0, 9) i;
INSERT INTO h.supplier SELECT i, 'Supplier ' || i, 'Dock ' || i, i % 10, (10 + i % 10) || '-555-' || i, 100 * i - 300, CASE WHEN i % 7 = 0 THEN 'many Customer Complaints here' ELSE 'quiet' END FROM generate_series(1, 20) i;
INSERT INTO h.customer SELECT i, 'Customer ' || i, 'Road ' || i, i % 10, (10 + i % 10) || '-444-' || i, (i * 37) % 1000 - 200, (ARRAY['BUILDING', 'AUTOMOBILE', 'MACHINERY'])[i % 3 + 1], 'calls ' || i FROM generate_series(1, 60) i;
INSERT INTO h.part SELECT i, (ARRAY['green', 'forest', 'blue', 'lime'])[i % 4 + 1] || ' ' || (ARRAY['nut', 'bolt', 'pipe'])[i % 3 + 1], 'Maker ' || i % 3, 'Brand#' || i % 5, (ARRAY['PROMO BRASS', 'SMALL BRASS', 'PROMO STEEL', 'LARGE TIN', 'ECONOMY STEEL'])[i % 7 % 5 + 1], i % 20 + 1, (ARRAY['SM CASE', 'MED BOX', 'LG JAR', 'MED BAG'])[i % 4 + 1], 900 + i FROM generate_series(1, 40) i;
INSERT INTO h.partsupp SELECT p, (p * 3 + s * 5) % 20 + 1, (p * s * 13) % 500 + 50, (p * 7 + s * 11) % 90 + 10 FROM generate_series(1, 40) p, generate_series(0, 3) s;
INSERT INTO h.orders SELECT i, (i * 7) % 45 + 1, (ARRAY['O', 'F', 'P'])[i % 3 + 1], 1000 + (i * 971) % 90000, date '1993-01-01' + (i * 11) % 1800, (ARRAY['1-URGENT', '2-HIGH', '3-MEDIUM', '5-LOW'])[i % 4 + 1], 'Clerk ' || i % 9, CASE WHEN i % 6 = 0 THEN 'the special odd requests' ELSE 'plain' END FROM generate_series(1, 300) i;
INSERT INTO h.lineitem
SELECT o.id, l, ps.part, ps.supplier, (o.id * l * 3) % 50 + 1, 100 + (o.id * l * 17) % 9000, ((o.id + l) % 10) / 100.0, (l % 8) / 100.0,
       (ARRAY['R', 'A', 'N'])[(o.id + l) % 3 + 1], (ARRAY['O', 'F'])[o.id % 2 + 1], o.placed + l * 9, o.placed + 30 + l, CASE WHEN o.id % 4 = 0 AND l = 4 THEN o.placed + 20 ELSE o.placed + l * 13 + 5 END,
       (ARRAY['DELIVER IN PERSON', 'COLLECT COD', 'NONE'])[l % 3 + 1], (ARRAY['AIR', 'MAIL', 'SHIP', 'AIR REG', 'TRUCK'])[(o.id + l) % 5 + 1], 'n'
FROM h.orders o, generate_series(1, 4) l, LATERAL (SELECT part, supplier FROM h.partsupp WHERE part = (o.id * 5 + l * 3) % 40 + 1 ORDER BY supplier OFFSET (o.id + l) % 4 LIMIT 1) ps;
ANALYZE h.region, h.nation, h.supplier, h.customer, h.part, h.partsupp, h.orders, h.lineitem;
GRANT USAGE ON SCHEMA h TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA h TO PUBLIC;

CREATE SCHEMA real AUTHORIZATION acme_app;
SET ROLE acme_app;
-- Through the guard, and straight.
CREATE FUNCTION real.compare(sql text, OUT rows int, OUT same boolean, OUT error text) LANGUAGE plpgsql AS $$
DECLARE
    guarded jsonb := flowai.execute_query(sql, 1000);
    straight jsonb;
BEGIN
    EXECUTE 'SELECT jsonb_agg(to_jsonb(one_row)) FROM (' || rtrim(sql, E'; \n') || ') one_row' INTO straight;
    rows := guarded ->> 'row_count';
    same := guarded -> 'rows' = coalesce(straight, '[]');
    error := guarded ->> 'error';
END $$;
CREATE TABLE real.queries (id int PRIMARY KEY, about text, sql text);
SET search_path = h;
INSERT INTO real.queries VALUES
(1, 'priced summary of shipped lines', $$
    SELECT returned, status, sum(quantity) AS pieces, sum(price) AS gross, sum(price * (1 - discount)) AS net,
           sum(price * (1 - discount) * (1 + tax)) AS charge, avg(quantity), avg(price) AS price, avg(discount) AS discount, count(*)
    FROM lineitem WHERE shipped <= date '1998-12-01' - interval '90 day'
    GROUP BY returned, status ORDER BY returned, status;
$$),
(2, 'cheapest supplier in a region, correlated minimum', $$
    SELECT s.balance, s.name, n.name AS nation, p.id, p.maker, s.address, s.phone, s.note
    FROM part p, supplier s, partsupp ps, nation n, region r
    WHERE p.id = ps.part AND s.id = ps.supplier AND p.size < 19 AND p.kind LIKE '%BRASS'
      AND s.nation = n.id AND n.region = r.id AND r.name = 'EUROPE'
      AND ps.cost = (SELECT min(ps2.cost) FROM partsupp ps2, supplier s2, nation n2, region r2
                     WHERE p.id = ps2.part AND s2.id = ps2.supplier AND s2.nation = n2.id AND n2.region = r2.id AND r2.name = 'EUROPE')
    ORDER BY s.balance DESC, nation, s.name, p.id LIMIT 100
$$),
(3, 'unshipped orders by value', $$
    SELECT l.orders, sum(l.price * (1 - l.discount)) AS revenue, o.placed, o.priority
    FROM customer c, orders o, lineitem l
    WHERE c.segment = 'BUILDING' AND c.id = o.customer AND l.orders = o.id AND o.placed < date '1995-03-15' AND l.shipped > date '1995-02-15'
    GROUP BY l.orders, o.placed, o.priority ORDER BY revenue DESC, o.placed, l.orders LIMIT 10
$$),
(4, 'late orders by priority, EXISTS', $$
    SELECT priority, count(*) AS orders FROM orders o
    WHERE placed >= date '1993-07-01' AND placed < date '1993-07-01' + interval '6 month'
      AND EXISTS (SELECT * FROM lineitem l WHERE l.orders = o.id AND l.committed < l.received)
    GROUP BY priority ORDER BY priority
$$),
(5, 'local suppliers, six-way join', $$
    SELECT n.name, sum(l.price * (1 - l.discount)) AS revenue
    FROM customer c, orders o, lineitem l, supplier s, nation n, region r
    WHERE c.id = o.customer AND l.orders = o.id AND l.supplier = s.id AND c.nation = s.nation AND s.nation = n.id
      AND n.region = r.id AND r.name IN ('ASIA', 'EUROPE') AND o.placed BETWEEN '1993-01-01' AND '1997-12-31'
    GROUP BY n.name ORDER BY revenue DESC, n.name
$$),
(6, 'what small discounts cost', $$
    SELECT sum(price * discount) AS revenue FROM lineitem
    WHERE shipped >= date '1994-01-01' AND shipped < date '1994-01-01' + interval '1' year AND discount BETWEEN 0.06 - 0.01 AND 0.06 + 0.01 AND quantity < 24
$$),
(7, 'trade between two nations by year, subquery in FROM', $$
    SELECT seller, buyer, year, sum(volume) AS revenue
    FROM (SELECT n1.name AS seller, n2.name AS buyer, extract(year FROM l.shipped) AS year, l.price * (1 - l.discount) AS volume
          FROM supplier s, lineitem l, orders o, customer c, nation n1, nation n2
          WHERE s.id = l.supplier AND o.id = l.orders AND c.id = o.customer AND s.nation = n1.id AND c.nation = n2.id
            AND (n1.name = 'FRANCE' AND n2.name = 'GERMANY' OR n1.name = 'GERMANY' AND n2.name = 'FRANCE' OR n1.name = 'CHINA' AND n2.name = 'INDIA')
            AND l.shipped BETWEEN date '1993-01-01' AND date '1998-12-31') AS shipping
    GROUP BY seller, buyer, year ORDER BY seller, buyer, year
$$),
(8, 'market share, CASE inside an aggregate', $$
    SELECT year, round(sum(CASE WHEN nation = 'BRAZIL' THEN volume ELSE 0 END) / sum(volume), 6) AS share
    FROM (SELECT extract(year FROM o.placed) AS year, l.price * (1 - l.discount) AS volume, n2.name AS nation
          FROM part p, supplier s, lineitem l, orders o, customer c, nation n1, nation n2, region r
          WHERE p.id = l.part AND s.id = l.supplier AND l.orders = o.id AND o.customer = c.id AND c.nation = n1.id
            AND n1.region = r.id AND r.name IN ('AMERICA', 'ASIA') AND s.nation = n2.id AND p.kind LIKE '%STEEL') AS all_nations
    GROUP BY year ORDER BY year
$$),
(9, 'profit by nation and year', $$
    SELECT nation, year, sum(amount) AS profit
    FROM (SELECT n.name AS nation, extract(year FROM o.placed) AS year, l.price * (1 - l.discount) - ps.cost * l.quantity AS amount
          FROM part p, supplier s, lineitem l, partsupp ps, orders o, nation n
          WHERE s.id = l.supplier AND ps.supplier = l.supplier AND ps.part = l.part AND p.id = l.part AND o.id = l.orders AND s.nation = n.id AND p.name LIKE '%green%') AS profit
    GROUP BY nation, year ORDER BY nation, year DESC
$$),
(10, 'customers who returned', $$
    SELECT c.id, c.name, sum(l.price * (1 - l.discount)) AS revenue, c.balance, n.name AS nation, c.address, c.phone, c.note
    FROM customer c, orders o, lineitem l, nation n
    WHERE c.id = o.customer AND l.orders = o.id AND o.placed >= date '1993-10-01' AND o.placed < date '1993-10-01' + interval '3 month' AND l.returned = 'R' AND c.nation = n.id
    GROUP BY c.id, c.name, c.balance, c.phone, n.name, c.address, c.note ORDER BY revenue DESC, c.id FETCH FIRST 20 ROWS ONLY
$$),
(11, 'important stock, HAVING against a scalar subquery', $$
    SELECT ps.part, sum(ps.cost * ps.stock) AS value FROM partsupp ps, supplier s, nation n
    WHERE ps.supplier = s.id AND s.nation = n.id AND n.name = 'GERMANY'
    GROUP BY ps.part
    HAVING sum(ps.cost * ps.stock) > (SELECT sum(ps.cost * ps.stock) * 0.05 FROM partsupp ps, supplier s, nation n WHERE ps.supplier = s.id AND s.nation = n.id AND n.name = 'GERMANY')
    ORDER BY value DESC, ps.part
$$),
(12, 'priority by ship mode, conditional sums', $$
    SELECT l.mode, sum(CASE WHEN o.priority = '1-URGENT' OR o.priority = '2-HIGH' THEN 1 ELSE 0 END) AS high,
           sum(CASE WHEN o.priority <> '1-URGENT' AND o.priority <> '2-HIGH' THEN 1 ELSE 0 END) AS low
    FROM orders o, lineitem l
    WHERE o.id = l.orders AND l.mode IN ('MAIL', 'SHIP') AND l.committed < l.received AND l.shipped < l.committed AND l.received >= date '1994-01-01' AND l.received < date '1996-01-01'
    GROUP BY l.mode ORDER BY l.mode
$$),
(13, 'distribution of orders per customer, LEFT JOIN with a condition', $$
    SELECT orders, count(*) AS customers
    FROM (SELECT c.id, count(o.id) FROM customer c LEFT OUTER JOIN orders o ON c.id = o.customer AND o.note NOT LIKE '%special%requests%' GROUP BY c.id) AS per (customer, orders)
    GROUP BY orders ORDER BY customers DESC, orders DESC
$$),
(14, 'effect of promotion', $$
    SELECT 100.00 * sum(CASE WHEN p.kind LIKE 'PROMO%' THEN l.price * (1 - l.discount) ELSE 0 END) / sum(l.price * (1 - l.discount)) AS promotion
    FROM lineitem l, part p WHERE l.part = p.id AND l.shipped >= date '1995-09-01' AND l.shipped < date '1995-09-01' + interval '2 month'
$$),
(15, 'top supplier through a WITH used twice', $$
    WITH revenue (supplier, total) AS (SELECT supplier, sum(price * (1 - discount)) FROM lineitem
                                       WHERE shipped >= date '1996-01-01' AND shipped < date '1996-01-01' + interval '3 month' GROUP BY supplier)
    SELECT s.id, s.name, s.address, s.phone, r.total FROM supplier s, revenue r WHERE s.id = r.supplier AND r.total = (SELECT max(total) FROM revenue) ORDER BY s.id
$$),
(16, 'suppliers without complaints, NOT IN', $$
    SELECT p.brand, p.kind, p.size, count(DISTINCT ps.supplier) AS suppliers FROM partsupp ps, part p
    WHERE p.id = ps.part AND p.brand <> 'Brand#4' AND p.kind NOT LIKE 'ECONOMY%' AND p.size IN (2, 3, 4, 5, 9, 14, 19)
      AND ps.supplier NOT IN (SELECT id FROM supplier WHERE note LIKE '%Customer%Complaints%')
    GROUP BY p.brand, p.kind, p.size ORDER BY suppliers DESC, p.brand, p.kind, p.size
$$),
(17, 'small orders, correlated average', $$
    SELECT sum(l.price) / 7.0 AS yearly FROM lineitem l, part p
    WHERE p.id = l.part AND p.brand = 'Brand#3' AND p.container IN ('MED BOX', 'LG JAR') AND l.quantity < (SELECT 0.5 * avg(quantity) FROM lineitem WHERE part = p.id)
$$),
(18, 'large orders, IN over a grouped subquery', $$
    SELECT c.name, c.id AS customer, o.id, o.placed, o.total, sum(l.quantity) FROM customer c, orders o, lineitem l
    WHERE o.id IN (SELECT orders FROM lineitem GROUP BY orders HAVING sum(quantity) > 120) AND c.id = o.customer AND o.id = l.orders
    GROUP BY c.name, c.id, o.id, o.placed, o.total ORDER BY o.total DESC, o.placed LIMIT 100
$$),
(19, 'discounted revenue, disjunction of conjunctions', $$
    SELECT sum(l.price * (1 - l.discount)) AS revenue FROM lineitem l, part p
    WHERE (p.id = l.part AND p.brand = 'Brand#1' AND p.container IN ('SM CASE', 'MED BOX') AND l.quantity BETWEEN 1 AND 30 AND p.size BETWEEN 1 AND 15 AND l.mode IN ('AIR', 'AIR REG'))
       OR (p.id = l.part AND p.brand = 'Brand#2' AND p.container IN ('MED BAG', 'MED BOX') AND l.quantity >= 10 AND l.quantity <= 10 + 30 AND p.size BETWEEN 1 AND 20 AND l.mode IN ('AIR', 'AIR REG'))
       OR (p.id = l.part AND p.brand = 'Brand#3' AND p.container IN ('LG JAR', 'SM CASE') AND l.quantity BETWEEN 20 AND 50 AND p.size BETWEEN 1 AND 20 AND l.instruction = 'DELIVER IN PERSON')
$$),
(20, 'suppliers with more than half a year''s stock, IN inside IN', $$
    SELECT s.name, s.address FROM supplier s, nation n
    WHERE s.id IN (SELECT ps.supplier FROM partsupp ps
                   WHERE ps.part IN (SELECT id FROM part WHERE name LIKE 'forest%')
                     AND ps.stock > (SELECT 0.5 * sum(l.quantity) FROM lineitem l WHERE l.part = ps.part AND l.supplier = ps.supplier AND l.shipped >= date '1994-01-01' AND l.shipped < date '1995-01-01'))
      AND s.nation = n.id AND n.name IN ('CANADA', 'KENYA', 'FRANCE') ORDER BY s.name
$$),
(21, 'suppliers who kept an order waiting, EXISTS and NOT EXISTS', $$
    SELECT s.name, count(*) AS waiting FROM supplier s, lineitem l1, orders o, nation n
    WHERE s.id = l1.supplier AND o.id = l1.orders AND o.status = 'F' AND l1.received > l1.committed
      AND EXISTS (SELECT FROM lineitem l2 WHERE l2.orders = l1.orders AND l2.supplier <> l1.supplier)
      AND NOT EXISTS (SELECT FROM lineitem l3 WHERE l3.orders = l1.orders AND l3.supplier <> l1.supplier AND l3.received > l3.committed)
      AND s.nation = n.id AND n.name <> 'EGYPT'
    GROUP BY s.name ORDER BY waiting DESC, s.name LIMIT 100
$$),
(22, 'idle customers with money, by country code', $$
    SELECT code, count(*) AS customers, sum(balance) AS total
    FROM (SELECT substring(phone FROM 1 FOR 2) AS code, balance FROM customer c
          WHERE substring(phone FROM 1 FOR 2) IN ('13', '11', '17', '18', '16')
            AND balance > (SELECT avg(balance) FROM customer WHERE balance > 0.00 AND substring(phone FROM 1 FOR 2) IN ('13', '11', '17', '18', '16'))
            AND NOT EXISTS (SELECT * FROM orders o WHERE o.customer = c.id)) AS idle
    GROUP BY code ORDER BY code
$$);
SELECT q.id, q.about, v.ok, c.rows, c.same, c.error FROM real.queries q, flowai.validate_query(q.sql) v, real.compare(q.sql) c ORDER BY q.id;
-- What a verdict tells of a statement of this size.
SELECT v.relations, v.functions FROM real.queries q, flowai.validate_query(q.sql) v WHERE q.id = 20;
RESET ROLE;
DROP SCHEMA real, h CASCADE;
