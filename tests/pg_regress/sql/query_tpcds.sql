-- Real queries, second part: the 99 shapes of a decision-support benchmark with three sales channels. Each must
-- be let through, and return what the role itself is given without the guard.
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA d;
SET search_path = d;
CREATE TABLE dates (id int PRIMARY KEY, day date, year int, quarter int, month int, dom int, dow int, day_name text, week int, month_seq int, quarter_name text, holiday boolean);
CREATE TABLE times (id int PRIMARY KEY, hour int, minute int, meal text);
CREATE TABLE bands (id int PRIMARY KEY, low int, high int);
CREATE TABLE people (id int PRIMARY KEY, gender char(1), marital char(1), education text, estimate int, credit text, dependants int, employed int, college int);
CREATE TABLE households (id int PRIMARY KEY, band int REFERENCES bands, potential text, dependants int, vehicles int);
CREATE TABLE addresses (id int PRIMARY KEY, street text, city text, county text, state char(2), zip text, country text, gmt numeric(5,2), kind text);
CREATE TABLE customers (id int PRIMARY KEY, code text, person int REFERENCES people, household int REFERENCES households, address int REFERENCES addresses, salutation text, first text, last text, preferred char(1), birth_day int, birth_month int, birth_year int, birth_country text, email text, first_sold int, first_shipped int);
CREATE TABLE items (id int PRIMARY KEY, sku text, about text, price numeric(7,2), wholesale numeric(7,2), brand_id int, brand text, class_id int, class text, category_id int, category text, maker_id int, maker text, size text, color text, unit text, manager int, product text);
CREATE TABLE stores (id int PRIMARY KEY, code text, name text, employees int, hours text, manager text, market int, company int, city text, county text, state char(2), zip text, gmt numeric(5,2), surface int);
CREATE TABLE centers (id int PRIMARY KEY, code text, name text, manager text, county text);
CREATE TABLE catalog_pages (id int PRIMARY KEY, code text);
CREATE TABLE web_pages (id int PRIMARY KEY, characters int);
CREATE TABLE sites (id int PRIMARY KEY, code text, name text, company text);
CREATE TABLE warehouses (id int PRIMARY KEY, name text, surface int, city text, county text, state char(2), country text);
CREATE TABLE modes (id int PRIMARY KEY, kind text, code text, carrier text);
CREATE TABLE reasons (id int PRIMARY KEY, about text);
CREATE TABLE promotions (id int PRIMARY KEY, name text, mail char(1), email char(1), event char(1), tv char(1));
CREATE TABLE stock (day int REFERENCES dates, item int REFERENCES items, warehouse int REFERENCES warehouses, on_hand int, PRIMARY KEY (day, item, warehouse));
CREATE TABLE store_sales (sold int, sold_time int, item int, customer int, person int, household int, address int, store int, promotion int, ticket int,
    quantity int, wholesale numeric(7,2), list numeric(7,2), price numeric(7,2), ext_discount numeric(9,2), ext_price numeric(9,2), ext_wholesale numeric(9,2), ext_list numeric(9,2), tax numeric(9,2), coupon numeric(9,2), paid numeric(9,2), profit numeric(9,2), PRIMARY KEY (ticket, item));
CREATE TABLE catalog_sales (sold int, sold_time int, shipped int, item int, customer int, person int, household int, address int, ship_customer int, ship_address int, center int, page int, mode int, warehouse int, promotion int, ticket int,
    quantity int, wholesale numeric(7,2), list numeric(7,2), price numeric(7,2), ext_discount numeric(9,2), ext_price numeric(9,2), ext_wholesale numeric(9,2), ext_list numeric(9,2), tax numeric(9,2), coupon numeric(9,2), ship_cost numeric(9,2), paid numeric(9,2), profit numeric(9,2), PRIMARY KEY (ticket, item));
CREATE TABLE web_sales (sold int, sold_time int, shipped int, item int, customer int, person int, household int, ship_household int, address int, ship_customer int, ship_address int, page int, site int, mode int, warehouse int, promotion int, ticket int,
    quantity int, wholesale numeric(7,2), list numeric(7,2), price numeric(7,2), ext_discount numeric(9,2), ext_price numeric(9,2), ext_wholesale numeric(9,2), ext_list numeric(9,2), tax numeric(9,2), coupon numeric(9,2), ship_cost numeric(9,2), paid numeric(9,2), profit numeric(9,2), PRIMARY KEY (ticket, item));
CREATE TABLE store_returns (returned int, item int, customer int, person int, household int, address int, store int, reason int, ticket int, quantity int, amount numeric(9,2), fee numeric(9,2), loss numeric(9,2), PRIMARY KEY (ticket, item));
CREATE TABLE catalog_returns (returned int, item int, customer int, address int, center int, page int, warehouse int, reason int, ticket int, quantity int, amount numeric(9,2), fee numeric(9,2), refunded numeric(9,2), credit numeric(9,2), loss numeric(9,2), PRIMARY KEY (ticket, item));
CREATE TABLE web_returns (returned int, item int, customer int, person int, refunded_person int, address int, page int, reason int, ticket int, quantity int, amount numeric(9,2), fee numeric(9,2), refunded numeric(9,2), loss numeric(9,2), PRIMARY KEY (ticket, item));

INSERT INTO dates SELECT i, d, extract(year FROM d), extract(quarter FROM d), extract(month FROM d), extract(day FROM d), extract(dow FROM d), to_char(d, 'FMDay'), 5100 + (i + 3) / 7, (extract(year FROM d) - 1900) * 12 + extract(month FROM d) - 1, to_char(d, 'YYYY"Q"Q'), i % 50 = 0
    FROM generate_series(0, 1825) i, LATERAL (SELECT date '1998-01-01' + i AS d) x;
INSERT INTO times SELECT i, i, m * 15, CASE WHEN i BETWEEN 6 AND 9 THEN 'breakfast' WHEN i BETWEEN 17 AND 20 THEN 'dinner' END FROM generate_series(0, 23) i, LATERAL (SELECT i % 4 AS m) x;
INSERT INTO bands SELECT i, i * 10000, (i + 1) * 10000 FROM generate_series(1, 9) i;
INSERT INTO people SELECT i, (ARRAY['M', 'F'])[i % 2 + 1], (ARRAY['M', 'S', 'D', 'W', 'U'])[i % 5 + 1], (ARRAY['College', '2 yr Degree', '4 yr Degree', 'Advanced Degree', 'Secondary', 'Unknown'])[i % 6 + 1], 500 * (i % 5 + 1), (ARRAY['Good', 'Low Risk', 'High Risk'])[i % 3 + 1], i % 4, i % 3, i % 2 FROM generate_series(1, 60) i;
INSERT INTO households SELECT i, i % 9 + 1, (ARRAY['>10000', '5001-10000', '1001-5000', '0-500', 'Unknown'])[i % 5 + 1], i % 8, i % 5 FROM generate_series(1, 40) i;
INSERT INTO addresses SELECT i, i || ' Elm', (ARRAY['Midway', 'Fairview', 'Oakland', 'Salem'])[i % 4 + 1], (ARRAY['Ziebach County', 'Walker County', 'Rush County'])[i % 3 + 1], (ARRAY['TN', 'GA', 'TX', 'OH', 'CA', 'IL'])[i % 6 + 1], lpad((30000 + i * 731 % 60000)::text, 5, '0'), 'United States', -5 - i % 3, (ARRAY['single family', 'apartment', 'condo'])[i % 3 + 1] FROM generate_series(1, 60) i;
INSERT INTO customers SELECT i, 'C' || lpad(i::text, 6, '0'), i % 60 + 1, i % 40 + 1, i % 60 + 1, (ARRAY['Mr.', 'Ms.', 'Dr.'])[i % 3 + 1], 'First' || i % 7, 'Last' || i % 11, (ARRAY['Y', 'N'])[i % 2 + 1], i % 28 + 1, i % 12 + 1, 1930 + i % 60, (ARRAY['CANADA', 'PERU', 'CHAD'])[i % 3 + 1], 'c' || i || '@x.test', i % 300, i % 300 + 20 FROM generate_series(1, 90) i;
INSERT INTO items SELECT i, 'I' || lpad((i / 2)::text, 5, '0'), 'item about ' || i, 10 + i, 5 + i / 2.0, i % 10 * 1000 + i % 4, 'brand ' || i % 10, i % 5, (ARRAY['shirts', 'pants', 'computers', 'accent', 'self-help'])[i % 5 + 1], i % 4, (ARRAY['Women', 'Music', 'Electronics', 'Books'])[i % 4 + 1], i % 12, 'maker ' || i % 12, (ARRAY['small', 'medium', 'large', 'N/A'])[i % 4 + 1], (ARRAY['pale', 'chiffon', 'smoke', 'orchid', 'slate', 'navy'])[i % 6 + 1], (ARRAY['Each', 'Oz', 'Box'])[i % 3 + 1], i % 9, 'product ' || i FROM generate_series(1, 48) i;
INSERT INTO stores SELECT i, 'S' || i, (ARRAY['ese', 'able', 'ought'])[i % 3 + 1], 200 + i * 10, '8AM-8PM', 'Manager ' || i, i % 3 + 5, 1, (ARRAY['Midway', 'Fairview'])[i % 2 + 1], (ARRAY['Ziebach County', 'Walker County'])[i % 2 + 1], (ARRAY['TN', 'GA', 'TX'])[i % 3 + 1], lpad((30000 + i * 731)::text, 5, '0'), -5 - i % 3, 1000 * i FROM generate_series(1, 6) i;
INSERT INTO centers SELECT i, 'CC' || i, 'Center ' || i, 'Boss ' || i, 'Walker County' FROM generate_series(1, 3) i;
INSERT INTO catalog_pages SELECT i, 'CP' || i FROM generate_series(1, 8) i;
INSERT INTO web_pages SELECT i, 5000 + i * 30 FROM generate_series(1, 8) i;
INSERT INTO sites SELECT i, 'W' || i, 'site_' || i, 'pri' FROM generate_series(1, 4) i;
INSERT INTO warehouses SELECT i, 'Warehouse number ' || i, i * 1000, 'Salem', 'Walker County', (ARRAY['TN', 'GA'])[i % 2 + 1], 'United States' FROM generate_series(1, 4) i;
INSERT INTO modes SELECT i, (ARRAY['EXPRESS', 'OVERNIGHT', 'REGULAR'])[i % 3 + 1], 'AIR', (ARRAY['DHL', 'BARIAN', 'UPS'])[i % 3 + 1] FROM generate_series(1, 6) i;
INSERT INTO reasons SELECT i, 'reason ' || i FROM generate_series(1, 5) i;
INSERT INTO promotions SELECT i, 'promo ' || i, (ARRAY['Y', 'N'])[i % 2 + 1], (ARRAY['N', 'Y'])[i % 2 + 1], 'N', (ARRAY['Y', 'N'])[i % 3 / 2 + 1] FROM generate_series(1, 10) i;
INSERT INTO stock SELECT w * 7, i, h, (w * i * 17 + h * 31) % 900 FROM generate_series(0, 200, 2) w, generate_series(1, 48) i, generate_series(1, 4) h WHERE (i + h) % 3 = 0;
CREATE FUNCTION pg_temp.base(i int, OUT sold int, OUT item int, OUT customer int, OUT ticket int, OUT quantity int, OUT wholesale numeric, OUT list numeric, OUT price numeric) LANGUAGE sql AS $$
    SELECT i / 4 * 13 % 1750, (i * 7 + i / 48) % 48 + 1, i / 4 * 3 % 90 + 1, i / 4, i % 100 + 1, i * 3 % 80 + 5.0, i * 3 % 80 + 10 + i % 7, (i * 3 % 80 + 10 + i % 7) * (i % 9 + 2) / 10.0 $$;
INSERT INTO store_sales SELECT b.sold, i % 24, b.item, b.customer, b.ticket % 60 + 1, b.ticket % 40 + 1, b.ticket * 5 % 60 + 1, b.ticket % 6 + 1, i % 10 + 1, b.ticket, b.quantity, b.wholesale, b.list, b.price,
    (b.list - b.price) * b.quantity, b.price * b.quantity, b.wholesale * b.quantity, b.list * b.quantity, b.price * b.quantity * 0.08, CASE WHEN i % 5 = 0 THEN 30 ELSE 0 END, b.price * b.quantity, (b.price - b.wholesale) * b.quantity FROM generate_series(1, 1400) i, pg_temp.base(i) b;
INSERT INTO catalog_sales SELECT b.sold + 40, i % 24, b.sold + 40 + i % 150, b.item, b.customer, b.ticket % 60 + 1, b.ticket % 40 + 1, b.ticket * 5 % 60 + 1, (b.customer + i % 2) % 90 + 1, (b.ticket * 5 + i % 3) % 60 + 1, b.ticket % 3 + 1, i % 8 + 1, i % 6 + 1, i % 4 + 1, i % 10 + 1, b.ticket, b.quantity, b.wholesale, b.list, b.price,
    (b.list - b.price) * b.quantity, b.price * b.quantity, b.wholesale * b.quantity, b.list * b.quantity, b.price * b.quantity * 0.08, CASE WHEN i % 4 = 0 THEN 20 ELSE 0 END, 9, b.price * b.quantity, (b.price - b.wholesale) * b.quantity FROM generate_series(1, 1000) i, pg_temp.base(i) b;
INSERT INTO web_sales SELECT b.sold + 20, i % 24, b.sold + 20 + i % 130, b.item, b.customer, b.ticket % 60 + 1, b.ticket % 40 + 1, b.ticket % 40 + 1, b.ticket * 5 % 60 + 1, (b.customer + i % 2) % 90 + 1, (b.ticket * 5 + i % 3) % 60 + 1, i % 8 + 1, b.ticket % 4 + 1, i % 6 + 1, i % 4 + 1, i % 10 + 1, b.ticket, b.quantity, b.wholesale, b.list, b.price,
    (b.list - b.price) * b.quantity, b.price * b.quantity, b.wholesale * b.quantity, b.list * b.quantity, b.price * b.quantity * 0.08, CASE WHEN i % 6 = 0 THEN 10 ELSE 0 END, 7, b.price * b.quantity, (b.price - b.wholesale) * b.quantity FROM generate_series(1, 1000) i, pg_temp.base(i) b;
INSERT INTO store_returns SELECT sold + 5 + item % 90, item, customer, person, household, address, store, item % 5 + 1, ticket, quantity / 2, ext_price / 2, 10, ext_price / 3 FROM store_sales WHERE (ticket + item) % 3 = 0;
INSERT INTO catalog_returns SELECT sold + 9 + item % 70, item, customer, address, center, page, warehouse, item % 5 + 1, ticket, quantity / 2, ext_price / 2, 10, ext_price / 4, ext_price / 5, ext_price / 3 FROM catalog_sales WHERE (ticket + item) % 4 = 0;
INSERT INTO web_returns SELECT sold + 7 + item % 50, item, customer, person, person, address, page, item % 5 + 1, ticket, quantity / 2, ext_price / 2, 10, ext_price / 4, ext_price / 3 FROM web_sales WHERE (ticket + item) % 4 = 1;
ANALYZE dates, times, bands, people, households, addresses, customers, items, stores, centers, catalog_pages, web_pages, sites, warehouses, modes, reasons, promotions, stock, store_sales, catalog_sales, web_sales, store_returns, catalog_returns, web_returns;
GRANT USAGE ON SCHEMA d TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA d TO PUBLIC;

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
INSERT INTO real.queries VALUES
(1, 'WITH and a correlated average over it', $$
    WITH totals AS (SELECT r.customer, r.store, sum(r.amount) AS total FROM store_returns r, dates d WHERE r.returned = d.id AND d.year = 2000 GROUP BY r.customer, r.store)
    SELECT c.code FROM totals t1, stores s, customers c
    WHERE t1.total > (SELECT avg(t2.total) * 1.2 FROM totals t2 WHERE t1.store = t2.store) AND s.id = t1.store AND s.state = 'TN' AND t1.customer = c.id
    ORDER BY c.code LIMIT 100
$$),
(2, 'UNION ALL in WITH, weeks of two years side by side', $$
    WITH both_channels AS (SELECT sold, ext_price FROM web_sales UNION ALL SELECT sold, ext_price FROM catalog_sales),
    weeks AS (SELECT d.week, sum(CASE WHEN d.day_name = 'Sunday' THEN b.ext_price END) AS sunday, sum(CASE WHEN d.day_name = 'Monday' THEN b.ext_price END) AS monday, sum(CASE WHEN d.day_name = 'Friday' THEN b.ext_price END) AS friday
              FROM both_channels b, dates d WHERE d.id = b.sold GROUP BY d.week)
    SELECT y.week, round(y.sunday / z.sunday, 2) AS sunday, round(y.monday / z.monday, 2) AS monday, round(y.friday / z.friday, 2) AS friday
    FROM (SELECT w.* FROM weeks w WHERE week IN (SELECT week FROM dates WHERE year = 1999)) y, (SELECT w.* FROM weeks w WHERE week IN (SELECT week FROM dates WHERE year = 2000)) z
    WHERE y.week = z.week - 53 ORDER BY y.week
$$),
(3, 'brands of one maker in a month', $$
    SELECT d.year, i.brand_id, i.brand, sum(ss.ext_price) AS total FROM dates d, store_sales ss, items i
    WHERE d.id = ss.sold AND ss.item = i.id AND i.maker_id = 7 AND d.month = 11 GROUP BY d.year, i.brand, i.brand_id ORDER BY d.year, total DESC, i.brand_id LIMIT 100
$$),
(4, 'growth in three channels, one WITH joined six times', $$
    WITH yearly AS (
        SELECT c.code, c.first, c.last, d.year, sum((ss.ext_list - ss.ext_wholesale - ss.ext_discount + ss.ext_price) / 2) AS total, 's' AS channel FROM customers c, store_sales ss, dates d WHERE c.id = ss.customer AND ss.sold = d.id GROUP BY c.code, c.first, c.last, d.year
        UNION ALL SELECT c.code, c.first, c.last, d.year, sum((cs.ext_list - cs.ext_wholesale - cs.ext_discount + cs.ext_price) / 2), 'c' FROM customers c, catalog_sales cs, dates d WHERE c.id = cs.customer AND cs.sold = d.id GROUP BY c.code, c.first, c.last, d.year
        UNION ALL SELECT c.code, c.first, c.last, d.year, sum((ws.ext_list - ws.ext_wholesale - ws.ext_discount + ws.ext_price) / 2), 'w' FROM customers c, web_sales ws, dates d WHERE c.id = ws.customer AND ws.sold = d.id GROUP BY c.code, c.first, c.last, d.year)
    SELECT s2.code, s2.first, s2.last FROM yearly s1, yearly s2, yearly c1, yearly c2, yearly w1, yearly w2
    WHERE s2.code = s1.code AND s1.code = c2.code AND s1.code = c1.code AND s1.code = w1.code AND s1.code = w2.code
      AND s1.channel = 's' AND c1.channel = 'c' AND w1.channel = 'w' AND s2.channel = 's' AND c2.channel = 'c' AND w2.channel = 'w'
      AND s1.year = 1999 AND s2.year = 2000 AND c1.year = 1999 AND c2.year = 2000 AND w1.year = 1999 AND w2.year = 2000 AND s1.total > 0 AND c1.total > 0 AND w1.total > 0
      AND CASE WHEN c1.total > 0 THEN c2.total / c1.total END > CASE WHEN s1.total > 0 THEN s2.total / s1.total END * 0.5
    ORDER BY s2.code LIMIT 100
$$),
(5, 'sales and returns of all channels, ROLLUP', $$
    WITH ssr AS (SELECT s.code, sum(price) AS sales, sum(profit) AS profit, sum(amount) AS returns, sum(loss) AS loss
                 FROM (SELECT store, sold AS day, ext_price AS price, profit, 0::numeric AS amount, 0::numeric AS loss FROM store_sales UNION ALL SELECT store, returned, 0, 0, amount, loss FROM store_returns) x, dates d, stores s
                 WHERE x.day = d.id AND d.day BETWEEN date '2000-08-01' AND date '2000-08-01' + 60 AND x.store = s.id GROUP BY s.code),
    csr AS (SELECT p.code, sum(price) AS sales, sum(profit) AS profit, sum(amount) AS returns, sum(loss) AS loss
            FROM (SELECT page, sold AS day, ext_price AS price, profit, 0::numeric AS amount, 0::numeric AS loss FROM catalog_sales UNION ALL SELECT page, returned, 0, 0, amount, loss FROM catalog_returns) x, dates d, catalog_pages p
            WHERE x.day = d.id AND d.day BETWEEN date '2000-08-01' AND date '2000-08-01' + 60 AND x.page = p.id GROUP BY p.code),
    wsr AS (SELECT t.code, sum(price) AS sales, sum(profit) AS profit, sum(amount) AS returns, sum(loss) AS loss
            FROM (SELECT site, sold AS day, ext_price AS price, profit, 0::numeric AS amount, 0::numeric AS loss FROM web_sales
                  UNION ALL SELECT ws.site, wr.returned, 0, 0, wr.amount, wr.loss FROM web_returns wr LEFT OUTER JOIN web_sales ws ON wr.item = ws.item AND wr.ticket = ws.ticket) x, dates d, sites t
            WHERE x.day = d.id AND d.day BETWEEN date '2000-08-01' AND date '2000-08-01' + 60 AND x.site = t.id GROUP BY t.code)
    SELECT channel, id, sum(sales) AS sales, sum(returns) AS returns, sum(profit) AS profit
    FROM (SELECT 'store' AS channel, 'store' || code AS id, sales, returns, profit - loss AS profit FROM ssr UNION ALL SELECT 'catalog', 'page' || code, sales, returns, profit - loss FROM csr UNION ALL SELECT 'web', 'site' || code, sales, returns, profit - loss FROM wsr) x
    GROUP BY ROLLUP (channel, id) ORDER BY channel NULLS LAST, id NULLS LAST LIMIT 100
$$),
(6, 'states whose customers buy above the category''s average', $$
    SELECT a.state, count(*) AS n FROM addresses a, customers c, store_sales s, dates d, items i
    WHERE a.id = c.address AND c.id = s.customer AND s.sold = d.id AND s.item = i.id
      AND d.month_seq = (SELECT DISTINCT month_seq FROM dates WHERE year = 2001 AND month = 1)
      AND i.price > 1.2 * (SELECT avg(j.price) FROM items j WHERE j.category = i.category)
    GROUP BY a.state HAVING count(*) >= 1 ORDER BY n, a.state LIMIT 100
$$),
(7, 'averages for one demographic without promotion', $$
    SELECT i.sku, avg(ss.quantity) AS a1, avg(ss.list) AS a2, avg(ss.coupon) AS a3, avg(ss.price) AS a4 FROM store_sales ss, people p, dates d, items i, promotions o
    WHERE ss.sold = d.id AND ss.item = i.id AND ss.person = p.id AND ss.promotion = o.id AND p.gender = 'M' AND p.education = 'College' AND (o.email = 'N' OR o.event = 'N') AND d.year = 2000
    GROUP BY i.sku ORDER BY i.sku LIMIT 100
$$),
(8, 'INTERSECT of zip codes', $$
    SELECT s.name, sum(ss.profit) FROM store_sales ss, dates d, stores s,
        (SELECT zip FROM (SELECT substr(zip, 1, 5) AS zip FROM addresses WHERE substr(zip, 1, 2) IN ('30', '31', '32', '33', '34')
                          INTERSECT SELECT zip FROM (SELECT substr(a.zip, 1, 5) AS zip, count(*) AS n FROM addresses a, customers c WHERE a.id = c.address AND c.preferred = 'Y' GROUP BY a.zip HAVING count(*) >= 1) a1) a2) v
    WHERE ss.store = s.id AND ss.sold = d.id AND d.quarter = 2 AND d.year = 1998 AND substr(s.zip, 1, 2) = substr(v.zip, 1, 2) GROUP BY s.name ORDER BY s.name LIMIT 100
$$),
(9, 'buckets of scalar subqueries in CASE', $$
    SELECT CASE WHEN (SELECT count(*) FROM store_sales WHERE quantity BETWEEN 1 AND 20) > 200 THEN (SELECT avg(ext_discount) FROM store_sales WHERE quantity BETWEEN 1 AND 20) ELSE (SELECT avg(paid) FROM store_sales WHERE quantity BETWEEN 1 AND 20) END AS b1,
           CASE WHEN (SELECT count(*) FROM store_sales WHERE quantity BETWEEN 21 AND 40) > 2000 THEN (SELECT avg(ext_discount) FROM store_sales WHERE quantity BETWEEN 21 AND 40) ELSE (SELECT avg(paid) FROM store_sales WHERE quantity BETWEEN 21 AND 40) END AS b2
    FROM reasons WHERE id = 1
$$),
(10, 'EXISTS in one channel and in either of two others', $$
    SELECT p.gender, p.marital, p.education, count(*) AS n, p.estimate, count(*) AS m, p.credit, count(*) AS o
    FROM customers c, addresses a, people p
    WHERE c.address = a.id AND a.county IN ('Rush County', 'Walker County') AND p.id = c.person
      AND EXISTS (SELECT * FROM store_sales s, dates d WHERE c.id = s.customer AND s.sold = d.id AND d.year = 2001 AND d.month BETWEEN 1 AND 4 + 3)
      AND (EXISTS (SELECT * FROM web_sales s, dates d WHERE c.id = s.customer AND s.sold = d.id AND d.year = 2001 AND d.month BETWEEN 1 AND 4 + 3)
        OR EXISTS (SELECT * FROM catalog_sales s, dates d WHERE c.id = s.ship_customer AND s.sold = d.id AND d.year = 2001 AND d.month BETWEEN 1 AND 4 + 3))
    GROUP BY p.gender, p.marital, p.education, p.estimate, p.credit ORDER BY 1, 2, 3, 5, 7 LIMIT 100
$$),
(11, 'growth in two channels', $$
    WITH yearly AS (
        SELECT c.code, c.preferred, d.year, sum(ss.ext_list - ss.ext_discount) AS total, 's' AS channel FROM customers c, store_sales ss, dates d WHERE c.id = ss.customer AND ss.sold = d.id GROUP BY 1, 2, 3
        UNION ALL SELECT c.code, c.preferred, d.year, sum(ws.ext_list - ws.ext_discount), 'w' FROM customers c, web_sales ws, dates d WHERE c.id = ws.customer AND ws.sold = d.id GROUP BY 1, 2, 3)
    SELECT s2.code, s2.preferred FROM yearly s1, yearly s2, yearly w1, yearly w2
    WHERE s2.code = s1.code AND s1.code = w2.code AND s1.code = w1.code AND s1.channel = 's' AND w1.channel = 'w' AND s2.channel = 's' AND w2.channel = 'w'
      AND s1.year = 2001 AND s2.year = 2001 + 1 AND w1.year = 2001 AND w2.year = 2001 + 1 AND s1.total > 0 AND w1.total > 0
      AND CASE WHEN w1.total > 0 THEN w2.total / w1.total ELSE 0.0 END > CASE WHEN s1.total > 0 THEN s2.total / s1.total ELSE 0.0 END
    ORDER BY 1, 2 LIMIT 100
$$),
(12, 'share of an item in its class, a window over an aggregate', $$
    SELECT i.sku, i.about, i.category, i.class, i.price, sum(ws.ext_price) AS revenue, round(sum(ws.ext_price) * 100 / sum(sum(ws.ext_price)) OVER (PARTITION BY i.class), 4) AS share
    FROM web_sales ws, items i, dates d WHERE ws.item = i.id AND i.category IN ('Books', 'Women', 'Music') AND ws.sold = d.id AND d.day BETWEEN date '1999-02-22' AND (date '1999-02-22' + interval '30 days')
    GROUP BY i.sku, i.about, i.category, i.class, i.price ORDER BY i.category, i.class, i.sku, i.about, share LIMIT 100
$$),
(13, 'averages under a disjunction of demographics and places', $$
    SELECT avg(ss.quantity), avg(ss.ext_price) AS e, avg(ss.ext_wholesale) AS w, sum(ss.ext_wholesale) FROM store_sales ss, stores s, people p, households h, addresses a, dates d
    WHERE s.id = ss.store AND ss.sold = d.id AND d.year = 2001
      AND (ss.household = h.id AND p.id = ss.person AND p.marital = 'M' AND p.education = 'College' AND ss.price BETWEEN 1 AND 150 AND h.dependants <= 5
        OR ss.household = h.id AND p.id = ss.person AND p.marital = 'S' AND ss.price BETWEEN 5 AND 100 AND h.dependants >= 1)
      AND (ss.address = a.id AND a.country = 'United States' AND a.state IN ('TX', 'OH', 'TN') AND ss.profit BETWEEN -3000 AND 2000 OR ss.address = a.id AND a.state IN ('GA', 'CA') AND ss.profit > -150)
$$),
(14, 'items sold in all channels, INTERSECT and ROLLUP', $$
    WITH common AS (SELECT i.id FROM items i, (SELECT j.brand_id, j.class_id, j.category_id FROM store_sales ss, items j, dates d WHERE ss.item = j.id AND ss.sold = d.id AND d.year BETWEEN 1999 AND 1999 + 2
                        INTERSECT SELECT j.brand_id, j.class_id, j.category_id FROM catalog_sales cs, items j, dates d WHERE cs.item = j.id AND cs.sold = d.id AND d.year BETWEEN 1999 AND 1999 + 2
                        INTERSECT SELECT j.brand_id, j.class_id, j.category_id FROM web_sales ws, items j, dates d WHERE ws.item = j.id AND ws.sold = d.id AND d.year BETWEEN 1999 AND 1999 + 2) x
                    WHERE i.brand_id = x.brand_id AND i.class_id = x.class_id AND i.category_id = x.category_id),
    average AS (SELECT avg(quantity * list) AS typical FROM (SELECT quantity, list FROM store_sales UNION ALL SELECT quantity, list FROM catalog_sales UNION ALL SELECT quantity, list FROM web_sales) x)
    SELECT channel, brand_id, sum(sales) AS sales, sum(n) AS n
    FROM (SELECT 'store' AS channel, i.brand_id, sum(s.quantity * s.list) AS sales, count(*) AS n FROM store_sales s, items i WHERE s.item IN (SELECT id FROM common) AND s.item = i.id GROUP BY i.brand_id HAVING sum(s.quantity * s.list) > (SELECT typical FROM average)
          UNION ALL SELECT 'catalog', i.brand_id, sum(s.quantity * s.list), count(*) FROM catalog_sales s, items i WHERE s.item IN (SELECT id FROM common) AND s.item = i.id GROUP BY i.brand_id HAVING sum(s.quantity * s.list) > (SELECT typical FROM average)
          UNION ALL SELECT 'web', i.brand_id, sum(s.quantity * s.list), count(*) FROM web_sales s, items i WHERE s.item IN (SELECT id FROM common) AND s.item = i.id GROUP BY i.brand_id HAVING sum(s.quantity * s.list) > (SELECT typical FROM average)) y
    GROUP BY ROLLUP (channel, brand_id) ORDER BY channel, brand_id LIMIT 100
$$),
(15, 'catalog sales by zip or state', $$
    SELECT a.zip, sum(cs.price) FROM catalog_sales cs, customers c, addresses a, dates d
    WHERE cs.customer = c.id AND c.address = a.id AND (substr(a.zip, 1, 5) IN ('31462', '33655', '40000') OR a.state IN ('CA', 'GA') OR cs.price > 60) AND cs.sold = d.id AND d.quarter = 2 AND d.year = 2001
    GROUP BY a.zip ORDER BY a.zip LIMIT 100
$$),
(16, 'orders from several warehouses and never returned', $$
    SELECT count(DISTINCT c1.ticket) AS "order count", sum(c1.ship_cost) AS "total shipping cost", sum(c1.profit) AS "total net profit" FROM catalog_sales c1, dates d, addresses a, centers cc
    WHERE d.day BETWEEN '2000-02-01' AND date '2000-02-01' + interval '6 months' AND c1.shipped = d.id AND c1.ship_address = a.id AND a.state IN ('GA', 'TN') AND c1.center = cc.id AND cc.county = 'Walker County'
      AND EXISTS (SELECT * FROM catalog_sales c2 WHERE c1.ticket = c2.ticket AND c1.warehouse <> c2.warehouse) AND NOT EXISTS (SELECT * FROM catalog_returns r WHERE c1.ticket = r.ticket AND c1.item = r.item)
    ORDER BY count(DISTINCT c1.ticket) LIMIT 100
$$),
(17, 'sold, returned and bought again: deviations', $$
    SELECT i.sku, s.state, count(ss.quantity) AS n, avg(ss.quantity) AS a, stddev_samp(ss.quantity) AS dev, round(stddev_samp(ss.quantity) / avg(ss.quantity), 6) AS cov, count(sr.quantity) AS rn, avg(sr.quantity) AS ra, count(cs.quantity) AS cn
    FROM store_sales ss, store_returns sr, catalog_sales cs, dates d1, dates d2, dates d3, stores s, items i
    WHERE d1.year = 2000 AND d1.id = ss.sold AND i.id = ss.item AND s.id = ss.store AND ss.customer = sr.customer AND ss.item = sr.item AND ss.ticket = sr.ticket AND sr.returned = d2.id AND d2.quarter_name >= '2000Q1'
      AND sr.customer = cs.customer AND sr.item = cs.item AND cs.sold = d3.id AND d3.year IN (2000, 2001)
    GROUP BY i.sku, s.state ORDER BY i.sku, s.state LIMIT 100
$$),
(18, 'ROLLUP over four columns with casts', $$
    SELECT i.sku, a.country, a.state, a.county, avg(CAST(cs.quantity AS numeric(12,2))) AS a1, avg(CAST(cs.list AS numeric(12,2))) AS a2, avg(CAST(c.birth_year AS numeric(12,2))) AS a3, avg(CAST(p.dependants AS numeric(12,2))) AS a4
    FROM catalog_sales cs, people p, people p2, customers c, addresses a, dates d, items i
    WHERE cs.sold = d.id AND cs.item = i.id AND cs.person = p.id AND cs.customer = c.id AND p.gender = 'F' AND p.education = 'Unknown' AND c.person = p2.id AND c.address = a.id AND c.birth_month IN (1, 6, 8, 9, 12, 2, 3) AND d.year = 1998
    GROUP BY ROLLUP (i.sku, a.country, a.state, a.county) ORDER BY a.country NULLS LAST, a.state NULLS LAST, a.county NULLS LAST, i.sku NULLS LAST LIMIT 100
$$),
(19, 'brands whose customers live elsewhere than the store', $$
    SELECT i.brand_id, i.brand, i.maker_id, i.maker, sum(ss.ext_price) AS total FROM dates d, store_sales ss, items i, customers c, addresses a, stores s
    WHERE d.id = ss.sold AND ss.item = i.id AND i.manager = 8 AND d.month = 11 AND d.year = 1998 AND ss.customer = c.id AND c.address = a.id AND substr(a.zip, 1, 3) <> substr(s.zip, 1, 3) AND ss.store = s.id
    GROUP BY i.brand, i.brand_id, i.maker_id, i.maker ORDER BY total DESC, i.brand, i.brand_id, i.maker_id LIMIT 100
$$),
(20, 'share in class, catalog', $$
    SELECT i.sku, i.class, sum(cs.ext_price) AS revenue, sum(cs.ext_price) * 100.0 / sum(sum(cs.ext_price)) OVER (PARTITION BY i.class) AS share FROM catalog_sales cs, items i, dates d
    WHERE cs.item = i.id AND i.category IN ('Electronics', 'Books') AND cs.sold = d.id AND d.day BETWEEN CAST('1999-02-22' AS date) AND CAST('1999-02-22' AS date) + 60 GROUP BY i.sku, i.class ORDER BY i.class, i.sku, share
$$),
(21, 'stock before and after a day', $$
    SELECT * FROM (SELECT w.name, i.sku, sum(CASE WHEN d.day < date '1999-03-11' THEN k.on_hand ELSE 0 END) AS before, sum(CASE WHEN d.day >= date '1999-03-11' THEN k.on_hand ELSE 0 END) AS after
                   FROM stock k, warehouses w, items i, dates d WHERE i.price BETWEEN 20.99 AND 41.49 AND i.id = k.item AND k.warehouse = w.id AND k.day = d.id AND d.day BETWEEN date '1999-03-11' - interval '60 days' AND date '1999-03-11' + interval '60 days' GROUP BY w.name, i.sku) x
    WHERE CASE WHEN before > 0 THEN after / before ELSE NULL END BETWEEN 2.0 / 3.0 AND 3.0 / 2.0 ORDER BY name, sku LIMIT 100
$$),
(22, 'average stock, ROLLUP by product', $$
    SELECT i.product, i.brand, i.class, i.category, avg(k.on_hand) AS on_hand FROM stock k, dates d, items i WHERE k.day = d.id AND k.item = i.id AND d.month_seq BETWEEN 1200 AND 1200 + 11
    GROUP BY ROLLUP (i.product, i.brand, i.class, i.category) ORDER BY on_hand, i.product NULLS LAST, i.brand NULLS LAST, i.class NULLS LAST, i.category NULLS LAST LIMIT 100
$$),
(23, 'frequent items and best customers, WITH upon WITH', $$
    WITH frequent AS (SELECT substr(i.about, 1, 30) AS about, i.id, d.day, count(*) AS n FROM store_sales ss, dates d, items i WHERE ss.sold = d.id AND ss.item = i.id AND d.year IN (1999, 1999 + 1, 1999 + 2) GROUP BY substr(i.about, 1, 30), i.id, d.day HAVING count(*) >= 1),
    most AS (SELECT max(total) AS best FROM (SELECT c.id, sum(ss.quantity * ss.price) AS total FROM store_sales ss, customers c, dates d WHERE ss.customer = c.id AND ss.sold = d.id AND d.year IN (1999, 2000) GROUP BY c.id) x),
    best AS (SELECT c.id, sum(ss.quantity * ss.price) AS total FROM store_sales ss, customers c WHERE ss.customer = c.id GROUP BY c.id HAVING sum(ss.quantity * ss.price) > 0.5 * (SELECT best FROM most))
    SELECT last, first, sales FROM (SELECT c.last, c.first, sum(cs.quantity * cs.list) AS sales FROM catalog_sales cs, customers c WHERE cs.item IN (SELECT id FROM frequent) AND cs.customer IN (SELECT id FROM best) AND cs.customer = c.id GROUP BY c.last, c.first
        UNION ALL SELECT c.last, c.first, sum(ws.quantity * ws.list) FROM web_sales ws, customers c WHERE ws.item IN (SELECT id FROM frequent) AND ws.customer IN (SELECT id FROM best) AND ws.customer = c.id GROUP BY c.last, c.first) y ORDER BY last, first, sales LIMIT 100
$$),
(24, 'paid for returned goods, HAVING over the WITH itself', $$
    WITH paid AS (SELECT c.last, c.first, s.name, i.color, sum(ss.paid) AS netpaid FROM store_sales ss, store_returns sr, stores s, items i, customers c, addresses a
                  WHERE ss.ticket = sr.ticket AND ss.item = sr.item AND ss.customer = c.id AND ss.item = i.id AND ss.store = s.id AND c.address = a.id AND c.birth_country <> upper(a.country) AND s.market <= 7 GROUP BY c.last, c.first, s.name, i.color)
    SELECT last, first, name, sum(netpaid) AS paid FROM paid WHERE color = 'pale' GROUP BY last, first, name HAVING sum(netpaid) > (SELECT 0.05 * avg(netpaid) FROM paid) ORDER BY last, first, name
$$),
(25, 'profit of sold, returned, bought again', $$
    SELECT i.sku, i.about, s.code, s.name, sum(ss.profit) AS sales, sum(sr.loss) AS loss, sum(cs.profit) AS catalog FROM store_sales ss, store_returns sr, catalog_sales cs, dates d1, dates d2, dates d3, stores s, items i
    WHERE d1.month BETWEEN 2 AND 8 AND d1.year = 2001 AND d1.id = ss.sold AND i.id = ss.item AND s.id = ss.store AND ss.customer = sr.customer AND ss.item = sr.item AND ss.ticket = sr.ticket AND sr.returned = d2.id AND d2.year = 2001 AND sr.customer = cs.customer AND sr.item = cs.item AND cs.sold = d3.id AND d3.month BETWEEN 4 AND 12
    GROUP BY i.sku, i.about, s.code, s.name ORDER BY i.sku, i.about, s.code, s.name LIMIT 100
$$),
(26, 'averages of the catalog for one demographic', $$
    SELECT i.sku, avg(cs.quantity) AS a1, avg(cs.list) AS a2, avg(cs.coupon) AS a3, avg(cs.price) AS a4 FROM catalog_sales cs, people p, dates d, items i, promotions o
    WHERE cs.sold = d.id AND cs.item = i.id AND cs.person = p.id AND cs.promotion = o.id AND p.gender = 'M' AND p.marital = 'S' AND (o.email = 'N' OR o.event = 'N') AND d.year = 2000 GROUP BY i.sku ORDER BY i.sku LIMIT 100
$$),
(27, 'ROLLUP with grouping()', $$
    SELECT i.sku, s.state, grouping(s.state) AS g_state, avg(ss.quantity) AS a1, avg(ss.list) AS a2 FROM store_sales ss, people p, dates d, stores s, items i
    WHERE ss.sold = d.id AND ss.item = i.id AND ss.store = s.id AND ss.person = p.id AND p.gender = 'F' AND d.year = 2000 AND s.state IN ('TN', 'GA') GROUP BY ROLLUP (i.sku, s.state) ORDER BY i.sku NULLS LAST, s.state NULLS LAST LIMIT 100
$$),
(28, 'six aggregates side by side', $$
    SELECT * FROM (SELECT avg(list) AS a, count(list) AS n, count(DISTINCT list) AS u FROM store_sales WHERE quantity BETWEEN 0 AND 5 AND (list BETWEEN 8 AND 18 OR coupon BETWEEN 459 AND 1459 OR wholesale BETWEEN 57 AND 77)) b1,
        (SELECT avg(list) AS b2_a, count(list) AS b2_n, count(DISTINCT list) AS b2_u FROM store_sales WHERE quantity BETWEEN 6 AND 10 AND (list BETWEEN 90 AND 100 OR wholesale BETWEEN 31 AND 51)) b2,
        (SELECT avg(list) AS b3_a, count(list) AS b3_n, count(DISTINCT list) AS b3_u FROM store_sales WHERE quantity BETWEEN 11 AND 15 AND (list BETWEEN 42 AND 52 OR coupon > 20)) b3 LIMIT 100
$$),
(29, 'quantities of sold, returned, bought again', $$
    SELECT i.sku, s.code, sum(ss.quantity) AS sold, sum(sr.quantity) AS returned, sum(cs.quantity) AS again FROM store_sales ss, store_returns sr, catalog_sales cs, dates d1, dates d2, stores s, items i
    WHERE d1.month = 9 AND d1.id = ss.sold AND i.id = ss.item AND s.id = ss.store AND ss.customer = sr.customer AND ss.item = sr.item AND ss.ticket = sr.ticket AND sr.returned = d2.id AND d2.month BETWEEN 9 AND 9 + 3 AND sr.customer = cs.customer AND sr.item = cs.item GROUP BY i.sku, s.code ORDER BY i.sku, s.code LIMIT 100
$$),
(30, 'customers who return more than their state', $$
    WITH totals AS (SELECT wr.customer, a.state, sum(wr.amount) AS total FROM web_returns wr, dates d, addresses a WHERE wr.returned = d.id AND d.year = 2002 AND wr.address = a.id GROUP BY wr.customer, a.state)
    SELECT c.code, c.salutation, c.first, c.last, c.preferred, c.birth_day, c.email, t1.total FROM totals t1, addresses a, customers c
    WHERE t1.total > (SELECT avg(t2.total) * 1.2 FROM totals t2 WHERE t1.state = t2.state) AND a.id = c.address AND t1.customer = c.id ORDER BY 1, 2, 3, 4, 5, 6, 7, 8 LIMIT 100
$$),
(31, 'growth by county and quarter, WITH joined with itself', $$
    WITH ss AS (SELECT a.county, d.quarter, d.year, sum(s.ext_price) AS sales FROM store_sales s, dates d, addresses a WHERE s.sold = d.id AND s.address = a.id GROUP BY 1, 2, 3),
         ws AS (SELECT a.county, d.quarter, d.year, sum(s.ext_price) AS sales FROM web_sales s, dates d, addresses a WHERE s.sold = d.id AND s.address = a.id GROUP BY 1, 2, 3)
    SELECT s1.county, s1.year, w2.sales / w1.sales AS web, s2.sales / s1.sales AS store FROM ss s1, ss s2, ws w1, ws w2
    WHERE s1.quarter = 1 AND s1.year = 2000 AND s1.county = s2.county AND s2.quarter = 2 AND s2.year = 2000 AND s1.county = w1.county AND w1.quarter = 1 AND w1.year = 2000 AND w1.county = w2.county AND w2.quarter = 2 AND w2.year = 2000 AND CASE WHEN w1.sales > 0 THEN w2.sales / w1.sales END > 0.01
    ORDER BY s1.county
$$),
(32, 'excess discount, catalog', $$
    SELECT sum(cs.ext_discount) AS "excess discount amount" FROM catalog_sales cs, items i, dates d WHERE i.maker_id = 7 AND i.id = cs.item AND d.day BETWEEN '2000-01-27' AND date '2000-01-27' + interval '200 days' AND d.id = cs.sold
      AND cs.ext_discount > (SELECT 1.3 * avg(c2.ext_discount) FROM catalog_sales c2, dates d2 WHERE c2.item = i.id AND d2.day BETWEEN '2000-01-27' AND date '2000-01-27' + interval '200 days' AND d2.id = c2.sold) LIMIT 100
$$),
(33, 'makers across channels', $$
    WITH ss AS (SELECT i.maker_id, sum(s.ext_price) AS sales FROM store_sales s, dates d, addresses a, items i WHERE i.maker_id IN (SELECT maker_id FROM items WHERE category IN ('Electronics')) AND s.item = i.id AND s.sold = d.id AND d.year = 1998 AND s.address = a.id AND a.gmt = -5 GROUP BY i.maker_id),
         cs AS (SELECT i.maker_id, sum(s.ext_price) AS sales FROM catalog_sales s, dates d, addresses a, items i WHERE i.maker_id IN (SELECT maker_id FROM items WHERE category IN ('Electronics')) AND s.item = i.id AND s.sold = d.id AND d.year = 1998 AND s.address = a.id AND a.gmt = -5 GROUP BY i.maker_id),
         ws AS (SELECT i.maker_id, sum(s.ext_price) AS sales FROM web_sales s, dates d, addresses a, items i WHERE i.maker_id IN (SELECT maker_id FROM items WHERE category IN ('Electronics')) AND s.item = i.id AND s.sold = d.id AND d.year = 1998 AND s.address = a.id AND a.gmt = -5 GROUP BY i.maker_id)
    SELECT maker_id, sum(sales) AS sales FROM (SELECT * FROM ss UNION ALL SELECT * FROM cs UNION ALL SELECT * FROM ws) x GROUP BY maker_id ORDER BY sales, maker_id LIMIT 100
$$),
(34, 'tickets with many lines by household', $$
    SELECT c.last, c.first, c.salutation, c.preferred, t.ticket, t.n
    FROM (SELECT ss.ticket, ss.customer, count(*) AS n FROM store_sales ss, dates d, stores s, households h WHERE ss.sold = d.id AND ss.store = s.id AND ss.household = h.id AND (d.dom BETWEEN 1 AND 9 OR d.dom BETWEEN 25 AND 28) AND (h.potential = '>10000' OR h.potential = 'Unknown')
            AND h.vehicles > 0 AND CASE WHEN h.vehicles > 0 THEN h.dependants / h.vehicles END > 0 AND d.year IN (1999, 2000, 2001) GROUP BY ss.ticket, ss.customer) t, customers c
    WHERE t.customer = c.id AND t.n BETWEEN 2 AND 20 ORDER BY c.last, c.first, c.salutation, c.preferred DESC, t.ticket
$$),
(35, 'demographics of customers of several channels', $$
    SELECT a.state, p.gender, p.dependants, count(*) AS n, min(p.dependants) AS lo, max(p.dependants) AS hi, avg(p.dependants) AS av, sum(p.employed) AS e FROM customers c, addresses a, people p
    WHERE c.address = a.id AND p.id = c.person AND EXISTS (SELECT FROM store_sales s, dates d WHERE c.id = s.customer AND s.sold = d.id AND d.year = 2002 AND d.quarter < 4)
      AND (EXISTS (SELECT FROM web_sales s, dates d WHERE c.id = s.customer AND s.sold = d.id AND d.year = 2002 AND d.quarter < 4) OR EXISTS (SELECT FROM catalog_sales s, dates d WHERE c.id = s.ship_customer AND s.sold = d.id AND d.year = 2002 AND d.quarter < 4))
    GROUP BY a.state, p.gender, p.dependants ORDER BY 1, 2, 3 LIMIT 100
$$),
(36, 'rank within parent over ROLLUP', $$
    SELECT round(sum(ss.profit) / sum(ss.ext_price), 6) AS margin, i.category, i.class, grouping(i.category) + grouping(i.class) AS level,
           rank() OVER (PARTITION BY grouping(i.category) + grouping(i.class), CASE WHEN grouping(i.class) = 0 THEN i.category END ORDER BY sum(ss.profit) / sum(ss.ext_price)) AS place
    FROM store_sales ss, dates d, items i, stores s WHERE d.year = 2001 AND d.id = ss.sold AND i.id = ss.item AND s.id = ss.store AND s.state IN ('TN', 'GA') GROUP BY ROLLUP (i.category, i.class)
    ORDER BY level DESC, CASE WHEN grouping(i.category) + grouping(i.class) = 0 THEN i.category END, place, i.class LIMIT 100
$$),
(37, 'items in stock and in the catalog', $$
    SELECT i.sku, i.about, i.price FROM items i, stock k, dates d, catalog_sales cs WHERE i.price BETWEEN 20 AND 20 + 30 AND k.item = i.id AND d.id = k.day AND d.day BETWEEN date '1998-02-01' AND date '1998-02-01' + 60 AND i.maker_id IN (1, 4, 5, 7) AND k.on_hand BETWEEN 100 AND 500 AND cs.item = i.id
    GROUP BY i.sku, i.about, i.price ORDER BY i.sku, i.about LIMIT 100
$$),
(38, 'customers of all channels, INTERSECT of DISTINCT', $$
    SELECT count(*) FROM (SELECT DISTINCT c.last, c.first, d.year FROM store_sales s, dates d, customers c WHERE s.sold = d.id AND s.customer = c.id AND d.month_seq BETWEEN 1188 AND 1188 + 11
        INTERSECT SELECT DISTINCT c.last, c.first, d.year FROM catalog_sales s, dates d, customers c WHERE s.sold = d.id AND s.customer = c.id AND d.month_seq BETWEEN 1188 AND 1188 + 11
        INTERSECT SELECT DISTINCT c.last, c.first, d.year FROM web_sales s, dates d, customers c WHERE s.sold = d.id AND s.customer = c.id AND d.month_seq BETWEEN 1188 AND 1188 + 11) hot LIMIT 100
$$),
(39, 'variation of stock from month to month', $$
    WITH inv AS (SELECT name, id, item, month, stdev, mean, CASE mean WHEN 0 THEN NULL ELSE stdev / mean END AS cov
                 FROM (SELECT w.name, w.id, i.id AS item, d.month, stddev_samp(k.on_hand)::numeric AS stdev, avg(k.on_hand) AS mean FROM stock k, items i, warehouses w, dates d WHERE k.item = i.id AND k.warehouse = w.id AND k.day = d.id AND d.year = 2000 GROUP BY w.name, w.id, i.id, d.month) x
                 WHERE CASE mean WHEN 0 THEN 0 ELSE stdev / mean END > 0.2)
    SELECT i1.id, i1.item, i1.month, i1.mean, round(i1.cov, 6) AS cov, i2.month AS next, i2.mean AS next_mean FROM inv i1, inv i2 WHERE i1.item = i2.item AND i1.id = i2.id AND i1.month = 1 AND i2.month = 1 + 1 ORDER BY 1, 2, 3
$$),
(40, 'sales before and after, LEFT JOIN with returns', $$
    SELECT w.state, i.sku, sum(CASE WHEN d.day < date '2000-03-11' THEN cs.price - coalesce(cr.refunded, 0) ELSE 0 END) AS before, sum(CASE WHEN d.day >= date '2000-03-11' THEN cs.price - coalesce(cr.refunded, 0) ELSE 0 END) AS after
    FROM catalog_sales cs LEFT OUTER JOIN catalog_returns cr ON (cs.ticket = cr.ticket AND cs.item = cr.item), warehouses w, items i, dates d
    WHERE i.price BETWEEN 20.99 AND 41.49 AND i.id = cs.item AND cs.warehouse = w.id AND cs.sold = d.id AND d.day BETWEEN date '2000-03-11' - 90 AND date '2000-03-11' + 90 GROUP BY w.state, i.sku ORDER BY w.state, i.sku LIMIT 100
$$),
(41, 'variants of a maker, correlated count over a disjunction', $$
    SELECT DISTINCT i1.product FROM items i1 WHERE i1.maker_id BETWEEN 3 AND 3 + 8
      AND (SELECT count(*) FROM items i WHERE i.maker = i1.maker AND (i.category = 'Women' AND (i.color = 'pale' OR i.color = 'smoke') AND (i.unit = 'Oz' OR i.unit = 'Each') AND (i.size = 'small' OR i.size = 'medium') OR i.category = 'Books' AND i.color IN ('navy', 'orchid') AND i.unit IN ('Each', 'Box', 'Oz'))) > 0 ORDER BY i1.product LIMIT 100
$$),
(42, 'category in a month', $$SELECT d.year, i.category_id, i.category, sum(ss.ext_price) FROM dates d, store_sales ss, items i WHERE d.id = ss.sold AND ss.item = i.id AND i.manager = 1 AND d.month = 11 AND d.year = 2000 GROUP BY d.year, i.category_id, i.category ORDER BY sum(ss.ext_price) DESC, d.year, i.category_id, i.category LIMIT 100$$),
(43, 'a store''s sales by day of the week', $$
    SELECT s.name, s.code, sum(CASE WHEN d.day_name = 'Sunday' THEN ss.price ELSE NULL END) AS sun, sum(CASE WHEN d.day_name = 'Monday' THEN ss.price ELSE NULL END) AS mon, sum(CASE WHEN d.day_name = 'Saturday' THEN ss.price ELSE NULL END) AS sat
    FROM dates d, store_sales ss, stores s WHERE d.id = ss.sold AND s.id = ss.store AND s.gmt = -5 AND d.year = 2000 GROUP BY s.name, s.code ORDER BY s.name, s.code, sun, mon, sat LIMIT 100
$$),
(44, 'best and worst products, two rankings joined', $$
    SELECT a.place, i1.product AS best, i2.product AS worst
    FROM (SELECT * FROM (SELECT item, rank() OVER (ORDER BY mean) AS place FROM (SELECT item, avg(profit) AS mean FROM store_sales s1 WHERE store = 4 GROUP BY item HAVING avg(profit) > 0.9 * (SELECT avg(profit) FROM store_sales WHERE store = 4 AND coupon = 0 GROUP BY store)) v1) v11 WHERE place < 11) a,
         (SELECT * FROM (SELECT item, rank() OVER (ORDER BY mean DESC) AS place FROM (SELECT item, avg(profit) AS mean FROM store_sales s1 WHERE store = 4 GROUP BY item HAVING avg(profit) < 2000) v2) v21 WHERE place < 11) b, items i1, items i2
    WHERE a.place = b.place AND i1.id = a.item AND i2.id = b.item ORDER BY a.place LIMIT 100
$$),
(45, 'web sales by zip or item', $$
    SELECT a.zip, a.city, sum(ws.price) FROM web_sales ws, customers c, addresses a, dates d, items i WHERE ws.customer = c.id AND c.address = a.id AND ws.item = i.id
      AND (substr(a.zip, 1, 5) IN ('85669', '86197', '33655') OR i.sku IN (SELECT sku FROM items WHERE id IN (2, 3, 5, 7, 11, 13, 17, 19, 23, 29))) AND ws.sold = d.id AND d.quarter = 2 AND d.year = 2001 GROUP BY a.zip, a.city ORDER BY a.zip, a.city LIMIT 100
$$),
(46, 'tickets bought away from home', $$
    SELECT c.last, c.first, a.city, t.bought, t.ticket, t.amount, t.profit
    FROM (SELECT ss.ticket, ss.customer, a.city AS bought, sum(ss.coupon) AS amount, sum(ss.profit) AS profit FROM store_sales ss, dates d, stores s, households h, addresses a
          WHERE ss.sold = d.id AND ss.store = s.id AND ss.household = h.id AND ss.address = a.id AND (h.dependants = 4 OR h.vehicles = 3) AND d.dow IN (6, 0) AND d.year IN (1999, 1999 + 1, 1999 + 2) AND s.city IN ('Fairview', 'Midway') GROUP BY ss.ticket, ss.customer, ss.address, a.city) t, customers c, addresses a
    WHERE t.customer = c.id AND c.address = a.id AND a.city <> t.bought ORDER BY c.last, c.first, a.city, t.bought, t.ticket LIMIT 100
$$),
(47, 'months that differ from the average: lag by self-join on rank', $$
    WITH v1 AS (SELECT i.category, i.brand, s.name, d.year, d.month, sum(ss.price) AS sales, avg(sum(ss.price)) OVER (PARTITION BY i.category, i.brand, s.name, d.year) AS mean, rank() OVER (PARTITION BY i.category, i.brand, s.name ORDER BY d.year, d.month) AS rn
                FROM items i, store_sales ss, dates d, stores s WHERE ss.item = i.id AND ss.sold = d.id AND ss.store = s.id AND (d.year = 1999 OR d.year = 1999 - 1 AND d.month = 12 OR d.year = 1999 + 1 AND d.month = 1) GROUP BY i.category, i.brand, s.name, d.year, d.month),
    v2 AS (SELECT v1.category, v1.brand, v1.name, v1.year, v1.month, v1.mean, v1.sales, lag.sales AS before, lead.sales AS after FROM v1, v1 lag, v1 lead
           WHERE v1.category = lag.category AND v1.category = lead.category AND v1.brand = lag.brand AND v1.brand = lead.brand AND v1.name = lag.name AND v1.name = lead.name AND v1.rn = lag.rn + 1 AND v1.rn = lead.rn - 1)
    SELECT * FROM v2 WHERE year = 1999 AND mean > 0 AND CASE WHEN mean > 0 THEN abs(sales - mean) / mean ELSE NULL END > 0.1 ORDER BY sales - mean, name, category, brand, month LIMIT 100
$$),
(48, 'quantity under a disjunction', $$
    SELECT sum(ss.quantity) FROM store_sales ss, stores s, people p, addresses a, dates d WHERE s.id = ss.store AND ss.sold = d.id AND d.year = 2000
      AND (p.id = ss.person AND p.marital = 'M' AND p.education = '4 yr Degree' AND ss.price BETWEEN 10.00 AND 150.00 OR p.id = ss.person AND p.marital = 'D' AND ss.price BETWEEN 5.00 AND 100.00)
      AND (ss.address = a.id AND a.state IN ('CA', 'OH', 'TX') AND ss.profit BETWEEN -2000 AND 2000 OR ss.address = a.id AND a.state IN ('IL', 'TN') AND ss.profit > -3000)
$$),
(49, 'worst return ratios of three channels, UNION', $$
    SELECT channel, item, ratio, place FROM (
        SELECT 'web' AS channel, item, ratio, rank() OVER (ORDER BY ratio) AS place FROM (SELECT ws.item, sum(coalesce(wr.quantity, 0))::numeric / sum(coalesce(ws.quantity, 0)) AS ratio FROM web_sales ws LEFT OUTER JOIN web_returns wr ON ws.ticket = wr.ticket AND ws.item = wr.item, dates d WHERE wr.amount > 100 AND ws.quantity > 0 AND ws.sold = d.id AND d.year = 2001 GROUP BY ws.item) x
        UNION SELECT 'catalog', item, ratio, rank() OVER (ORDER BY ratio) FROM (SELECT cs.item, sum(coalesce(cr.quantity, 0))::numeric / sum(coalesce(cs.quantity, 0)) AS ratio FROM catalog_sales cs LEFT OUTER JOIN catalog_returns cr ON cs.ticket = cr.ticket AND cs.item = cr.item, dates d WHERE cr.amount > 100 AND cs.sold = d.id AND d.year = 2001 GROUP BY cs.item) x
        UNION SELECT 'store', item, ratio, rank() OVER (ORDER BY ratio) FROM (SELECT ss.item, sum(coalesce(sr.quantity, 0))::numeric / sum(coalesce(ss.quantity, 0)) AS ratio FROM store_sales ss LEFT OUTER JOIN store_returns sr ON ss.ticket = sr.ticket AND ss.item = sr.item, dates d WHERE sr.amount > 100 AND ss.sold = d.id AND d.year = 2001 GROUP BY ss.item) x) y
    WHERE place <= 10 ORDER BY 1, 4, 2 LIMIT 100
$$),
(50, 'days until a return, conditional sums', $$
    SELECT s.name, s.company, s.city, s.zip, sum(CASE WHEN sr.returned - ss.sold <= 30 THEN 1 ELSE 0 END) AS "30 days", sum(CASE WHEN sr.returned - ss.sold > 30 AND sr.returned - ss.sold <= 60 THEN 1 ELSE 0 END) AS "31-60 days", sum(CASE WHEN sr.returned - ss.sold > 60 THEN 1 ELSE 0 END) AS ">60 days"
    FROM store_sales ss, store_returns sr, stores s, dates d2 WHERE d2.year = 2001 AND ss.ticket = sr.ticket AND ss.item = sr.item AND sr.returned = d2.id AND ss.customer = sr.customer AND ss.store = s.id GROUP BY s.name, s.company, s.city, s.zip ORDER BY s.name, s.company, s.city, s.zip LIMIT 100
$$),
(51, 'running totals of two channels, FULL OUTER JOIN', $$
    WITH web AS (SELECT ws.item, d.day, sum(sum(ws.price)) OVER (PARTITION BY ws.item ORDER BY d.day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS total FROM web_sales ws, dates d WHERE ws.sold = d.id AND d.month_seq BETWEEN 1200 AND 1200 + 11 GROUP BY ws.item, d.day),
         store AS (SELECT ss.item, d.day, sum(sum(ss.price)) OVER (PARTITION BY ss.item ORDER BY d.day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS total FROM store_sales ss, dates d WHERE ss.sold = d.id AND d.month_seq BETWEEN 1200 AND 1200 + 11 GROUP BY ss.item, d.day)
    SELECT * FROM (SELECT item, day, web, store, max(web) OVER (PARTITION BY item ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS web_max, max(store) OVER (PARTITION BY item ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS store_max
                   FROM (SELECT coalesce(web.item, store.item) AS item, coalesce(web.day, store.day) AS day, web.total AS web, store.total AS store FROM web FULL OUTER JOIN store ON web.item = store.item AND web.day = store.day) x) y
    WHERE web_max > store_max ORDER BY item, day LIMIT 100
$$),
(52, 'brands in a month', $$SELECT d.year, i.brand_id, i.brand, sum(ss.ext_price) AS total FROM dates d, store_sales ss, items i WHERE d.id = ss.sold AND ss.item = i.id AND i.manager < 6 AND d.month = 12 AND d.year = 2000 GROUP BY d.year, i.brand, i.brand_id ORDER BY d.year, total DESC, i.brand_id LIMIT 100$$),
(53, 'quarters that differ from the maker''s average', $$
    SELECT * FROM (SELECT i.maker_id, sum(ss.price) AS sales, avg(sum(ss.price)) OVER (PARTITION BY i.maker_id) AS mean FROM items i, store_sales ss, dates d, stores s
                   WHERE ss.item = i.id AND ss.sold = d.id AND ss.store = s.id AND d.month_seq IN (1200, 1201, 1202, 1203, 1204, 1205, 1206) AND (i.category IN ('Books', 'Electronics') AND i.class IN ('computers', 'accent', 'self-help') OR i.category IN ('Women', 'Music') AND i.class IN ('shirts', 'pants')) GROUP BY i.maker_id, d.quarter) x
    WHERE CASE WHEN mean > 0 THEN abs(sales - mean) / mean ELSE NULL END > 0.1 ORDER BY mean, sales, maker_id LIMIT 100
$$),
(54, 'segments of revenue among customers who bought elsewhere', $$
    WITH mine AS (SELECT DISTINCT c.id, c.address FROM (SELECT sold, customer, item FROM catalog_sales UNION ALL SELECT sold, customer, item FROM web_sales) x, items i, dates d, customers c WHERE x.sold = d.id AND x.item = i.id AND i.category = 'Women' AND c.id = x.customer AND d.month = 12 AND d.year = 1998),
    revenue AS (SELECT m.id, sum(ss.ext_price) AS revenue FROM mine m, store_sales ss, addresses a, stores s, dates d
                WHERE m.address = a.id AND a.county IS NOT NULL AND s.state IS NOT NULL AND ss.store = s.id AND ss.sold = d.id AND m.id = ss.customer AND d.month_seq BETWEEN (SELECT DISTINCT month_seq + 1 FROM dates WHERE year = 1998 AND month = 12) AND (SELECT DISTINCT month_seq + 30 FROM dates WHERE year = 1998 AND month = 12) GROUP BY m.id),
    segments AS (SELECT cast(revenue / 50 AS int) AS segment FROM revenue)
    SELECT segment, count(*) AS customers, segment * 50 AS base FROM segments GROUP BY segment ORDER BY segment, customers LIMIT 100
$$),
(55, 'brands of one manager', $$SELECT i.brand_id, i.brand, sum(ss.ext_price) AS total FROM dates d, store_sales ss, items i WHERE d.id = ss.sold AND ss.item = i.id AND i.manager = 2 AND d.month = 11 AND d.year = 1999 GROUP BY i.brand, i.brand_id ORDER BY total DESC, i.brand_id LIMIT 100$$),
(56, 'colours across channels', $$
    WITH ss AS (SELECT i.sku, sum(s.ext_price) AS sales FROM store_sales s, dates d, addresses a, items i WHERE i.sku IN (SELECT sku FROM items WHERE color IN ('slate', 'navy', 'smoke')) AND s.item = i.id AND s.sold = d.id AND d.year = 2001 AND s.address = a.id AND a.gmt = -5 GROUP BY i.sku),
         cs AS (SELECT i.sku, sum(s.ext_price) AS sales FROM catalog_sales s, dates d, addresses a, items i WHERE i.sku IN (SELECT sku FROM items WHERE color IN ('slate', 'navy', 'smoke')) AND s.item = i.id AND s.sold = d.id AND d.year = 2001 AND s.address = a.id AND a.gmt = -5 GROUP BY i.sku),
         ws AS (SELECT i.sku, sum(s.ext_price) AS sales FROM web_sales s, dates d, addresses a, items i WHERE i.sku IN (SELECT sku FROM items WHERE color IN ('slate', 'navy', 'smoke')) AND s.item = i.id AND s.sold = d.id AND d.year = 2001 AND s.address = a.id AND a.gmt = -5 GROUP BY i.sku)
    SELECT sku, sum(sales) AS sales FROM (SELECT * FROM ss UNION ALL SELECT * FROM cs UNION ALL SELECT * FROM ws) x GROUP BY sku ORDER BY sales, sku LIMIT 100
$$),
(57, 'months that differ, by call center', $$
    WITH v1 AS (SELECT i.category, i.brand, cc.name, d.year, d.month, sum(cs.price) AS sales, avg(sum(cs.price)) OVER (PARTITION BY i.category, i.brand, cc.name, d.year) AS mean, rank() OVER (PARTITION BY i.category, i.brand, cc.name ORDER BY d.year, d.month) AS rn
                FROM items i, catalog_sales cs, dates d, centers cc WHERE cs.item = i.id AND cs.sold = d.id AND cc.id = cs.center AND d.year IN (1999, 2000) GROUP BY i.category, i.brand, cc.name, d.year, d.month),
    v2 AS (SELECT v1.*, lag.sales AS before, lead.sales AS after FROM v1, v1 lag, v1 lead WHERE (v1.category, v1.brand, v1.name) = (lag.category, lag.brand, lag.name) AND (v1.category, v1.brand, v1.name) = (lead.category, lead.brand, lead.name) AND v1.rn = lag.rn + 1 AND v1.rn = lead.rn - 1)
    SELECT category, brand, name, year, month, sales, before, after FROM v2 WHERE year = 1999 AND mean > 0 AND abs(sales - mean) / mean > 0.1 ORDER BY sales - mean, name, category, brand, month LIMIT 100
$$),
(58, 'items that sell alike in all channels', $$
    WITH ss AS (SELECT i.sku, sum(s.ext_price) AS revenue FROM store_sales s, items i, dates d WHERE s.item = i.id AND d.month_seq IN (SELECT month_seq FROM dates WHERE day >= date '2000-01-03' AND day < date '2000-09-03') AND s.sold = d.id GROUP BY i.sku),
         cs AS (SELECT i.sku, sum(s.ext_price) AS revenue FROM catalog_sales s, items i, dates d WHERE s.item = i.id AND d.month_seq IN (SELECT month_seq FROM dates WHERE day >= date '2000-01-03' AND day < date '2000-09-03') AND s.sold = d.id GROUP BY i.sku),
         ws AS (SELECT i.sku, sum(s.ext_price) AS revenue FROM web_sales s, items i, dates d WHERE s.item = i.id AND d.month_seq IN (SELECT month_seq FROM dates WHERE day >= date '2000-01-03' AND day < date '2000-09-03') AND s.sold = d.id GROUP BY i.sku)
    SELECT ss.sku, ss.revenue AS store, round(ss.revenue / ((ss.revenue + cs.revenue + ws.revenue) / 3) * 100, 2) AS store_dev, cs.revenue AS catalog, ws.revenue AS web, (ss.revenue + cs.revenue + ws.revenue) / 3 AS average
    FROM ss, cs, ws WHERE ss.sku = cs.sku AND ss.sku = ws.sku AND ss.revenue BETWEEN 0.1 * cs.revenue AND 9.9 * cs.revenue AND cs.revenue BETWEEN 0.1 * ws.revenue AND 9.9 * ws.revenue ORDER BY ss.sku, ss.revenue LIMIT 100
$$),
(59, 'weeks of a store a year apart', $$
    WITH weeks AS (SELECT d.week, ss.store, sum(CASE WHEN d.day_name = 'Sunday' THEN ss.price END) AS sun, sum(CASE WHEN d.day_name = 'Tuesday' THEN ss.price END) AS tue, sum(ss.price) AS total FROM store_sales ss, dates d WHERE d.id = ss.sold GROUP BY d.week, ss.store)
    SELECT y.name, y.code, y.week, y.total / x.total AS change FROM (SELECT s.name, w.week, s.code, w.sun, w.tue, w.total FROM weeks w, stores s, (SELECT DISTINCT week FROM dates WHERE month_seq BETWEEN 1180 AND 1180 + 11) d WHERE d.week = w.week AND w.store = s.id) y,
        (SELECT s.name, w.week, s.code, w.total FROM weeks w, stores s, (SELECT DISTINCT week FROM dates WHERE month_seq BETWEEN 1192 AND 1192 + 11) d WHERE d.week = w.week AND w.store = s.id) x
    WHERE y.code = x.code AND y.week BETWEEN x.week - 54 AND x.week - 50 ORDER BY y.name, y.code, y.week, change LIMIT 100
$$),
(60, 'a category across channels', $$
    WITH ss AS (SELECT i.sku, sum(s.ext_price) AS sales FROM store_sales s, dates d, addresses a, items i WHERE i.sku IN (SELECT sku FROM items WHERE category IN ('Music')) AND s.item = i.id AND s.sold = d.id AND d.year = 1998 AND d.month BETWEEN 6 AND 9 AND s.address = a.id GROUP BY i.sku),
         ws AS (SELECT i.sku, sum(s.ext_price) AS sales FROM web_sales s, dates d, addresses a, items i WHERE i.sku IN (SELECT sku FROM items WHERE category IN ('Music')) AND s.item = i.id AND s.sold = d.id AND d.year = 1998 AND d.month BETWEEN 6 AND 9 AND s.address = a.id GROUP BY i.sku)
    SELECT sku, sum(sales) AS sales FROM (TABLE ss UNION ALL TABLE ws) x GROUP BY sku ORDER BY sku, sales LIMIT 100
$$),
(61, 'share of promoted sales, casts and a cross product of totals', $$
    SELECT promoted, total, CAST(promoted AS numeric(15,4)) / CAST(total AS numeric(15,4)) * 100 AS share
    FROM (SELECT sum(ss.ext_price) AS promoted FROM store_sales ss, stores s, promotions p, dates d, customers c, addresses a, items i WHERE ss.sold = d.id AND ss.store = s.id AND ss.promotion = p.id AND ss.customer = c.id AND a.id = c.address AND ss.item = i.id AND a.gmt = -5 AND i.category = 'Books' AND (p.mail = 'Y' OR p.email = 'Y' OR p.tv = 'Y') AND d.year = 1998) x,
         (SELECT sum(ss.ext_price) AS total FROM store_sales ss, stores s, dates d, customers c, addresses a, items i WHERE ss.sold = d.id AND ss.store = s.id AND ss.customer = c.id AND a.id = c.address AND ss.item = i.id AND a.gmt = -5 AND i.category = 'Books' AND d.year = 1998) y
    ORDER BY promoted, total LIMIT 100
$$),
(62, 'days to ship, by warehouse, mode and site', $$
    SELECT substr(w.name, 1, 20) AS warehouse, m.kind, t.name, sum(CASE WHEN ws.shipped - ws.sold <= 30 THEN 1 ELSE 0 END) AS "30 days", sum(CASE WHEN ws.shipped - ws.sold > 30 AND ws.shipped - ws.sold <= 60 THEN 1 ELSE 0 END) AS "31-60 days", sum(CASE WHEN ws.shipped - ws.sold > 120 THEN 1 ELSE 0 END) AS ">120 days"
    FROM web_sales ws, warehouses w, modes m, sites t, dates d WHERE d.month_seq BETWEEN 1200 AND 1200 + 11 AND ws.shipped = d.id AND ws.warehouse = w.id AND ws.mode = m.id AND ws.site = t.id GROUP BY substr(w.name, 1, 20), m.kind, t.name ORDER BY 1, 2, 3 LIMIT 100
$$),
(63, 'months that differ from the manager''s average', $$
    SELECT * FROM (SELECT i.manager, sum(ss.price) AS sales, avg(sum(ss.price)) OVER (PARTITION BY i.manager) AS mean FROM items i, store_sales ss, dates d, stores s WHERE ss.item = i.id AND ss.sold = d.id AND ss.store = s.id AND d.month_seq IN (1200, 1201, 1202, 1203, 1204) AND i.category IN ('Books', 'Music') GROUP BY i.manager, d.month) x
    WHERE CASE WHEN mean > 0 THEN abs(sales - mean) / mean ELSE NULL END > 0.1 ORDER BY manager, mean, sales LIMIT 100
$$),
(64, 'the long join: sales and returns with all their dimensions, twice', $$
    WITH refunds AS (SELECT cs.item, sum(cs.ext_list) AS sale, sum(cr.refunded + cr.credit) AS refund FROM catalog_sales cs, catalog_returns cr WHERE cs.item = cr.item AND cs.ticket = cr.ticket GROUP BY cs.item HAVING sum(cs.ext_list) > 2 * sum(cr.refunded + cr.credit)),
    crossed AS (SELECT i.product, i.id AS item, s.name AS store, s.zip AS store_zip, a1.street, a1.city, a2.street AS home_street, a2.city AS home_city, d1.year, count(*) AS n, sum(ss.wholesale) AS s1, sum(ss.list) AS s2, sum(ss.coupon) AS s3
                FROM store_sales ss, store_returns sr, refunds f, dates d1, dates d2, dates d3, stores s, customers c, people p1, people p2, promotions o, households h1, households h2, addresses a1, addresses a2, bands b1, bands b2, items i
                WHERE ss.store = s.id AND ss.sold = d1.id AND ss.customer = c.id AND ss.person = p1.id AND ss.household = h1.id AND ss.address = a1.id AND ss.item = i.id AND ss.item = sr.item AND ss.ticket = sr.ticket AND ss.item = f.item AND c.person = p2.id AND c.household = h2.id AND c.address = a2.id
                  AND c.first_sold = d2.id AND c.first_shipped = d3.id AND ss.promotion = o.id AND h1.band = b1.id AND h2.band = b2.id AND i.color IN ('pale', 'smoke', 'orchid', 'navy') AND i.price BETWEEN 11 AND 11 + 40
                GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9)
    SELECT x.product, x.store, x.store_zip, x.street, x.home_city, x.year, x.n, x.s1, x.s2, x.s3, y.year AS next, y.n AS next_n FROM crossed x, crossed y WHERE x.item = y.item AND x.year = 1999 AND y.year = 1999 + 1 AND y.n <= x.n AND x.store = y.store ORDER BY x.product, x.store, x.street, y.n, x.s1, x.home_city, y.street LIMIT 50
$$),
(65, 'items that sell badly in a store', $$
    SELECT s.name, i.about, c.revenue, i.price, i.wholesale, i.brand FROM stores s, items i, (SELECT store, avg(revenue) AS mean FROM (SELECT store, item, sum(price) AS revenue FROM store_sales, dates WHERE sold = dates.id AND month_seq BETWEEN 1176 AND 1176 + 11 GROUP BY store, item) x GROUP BY store) b,
        (SELECT store, item, sum(price) AS revenue FROM store_sales, dates WHERE sold = dates.id AND month_seq BETWEEN 1176 AND 1176 + 11 GROUP BY store, item) c
    WHERE b.store = c.store AND c.revenue <= 0.5 * b.mean AND s.id = c.store AND i.id = c.item ORDER BY s.name, i.about, c.revenue LIMIT 100
$$),
(66, 'a warehouse''s year by month, from two channels', $$
    SELECT name, surface, city, carriers, year, sum(jan) AS jan, sum(feb) AS feb, sum(dec) AS dec, sum(jan / surface) AS jan_per_foot, sum(jan_net) AS jan_net
    FROM (SELECT w.name, w.surface, w.city, 'DHL' || ',' || 'BARIAN' AS carriers, d.year, sum(CASE WHEN d.month = 1 THEN ws.price * ws.quantity ELSE 0 END) AS jan, sum(CASE WHEN d.month = 2 THEN ws.price * ws.quantity ELSE 0 END) AS feb, sum(CASE WHEN d.month = 12 THEN ws.price * ws.quantity ELSE 0 END) AS dec, sum(CASE WHEN d.month = 1 THEN ws.paid * ws.quantity ELSE 0 END) AS jan_net
          FROM web_sales ws, warehouses w, dates d, times t, modes m WHERE ws.warehouse = w.id AND ws.sold = d.id AND ws.sold_time = t.id AND ws.mode = m.id AND d.year = 2001 AND t.hour BETWEEN 8 AND 16 AND m.carrier IN ('DHL', 'BARIAN') GROUP BY w.name, w.surface, w.city, d.year
          UNION ALL SELECT w.name, w.surface, w.city, 'DHL' || ',' || 'BARIAN', d.year, sum(CASE WHEN d.month = 1 THEN cs.ext_price * cs.quantity ELSE 0 END), sum(CASE WHEN d.month = 2 THEN cs.ext_price * cs.quantity ELSE 0 END), sum(CASE WHEN d.month = 12 THEN cs.ext_price * cs.quantity ELSE 0 END), sum(CASE WHEN d.month = 1 THEN cs.paid * cs.quantity ELSE 0 END)
          FROM catalog_sales cs, warehouses w, dates d, times t, modes m WHERE cs.warehouse = w.id AND cs.sold = d.id AND cs.sold_time = t.id AND cs.mode = m.id AND d.year = 2001 AND t.hour BETWEEN 8 AND 16 AND m.carrier IN ('DHL', 'BARIAN') GROUP BY w.name, w.surface, w.city, d.year) x
    GROUP BY name, surface, city, carriers, year ORDER BY name LIMIT 100
$$),
(67, 'rank within category over an eight-level ROLLUP', $$
    SELECT * FROM (SELECT category, class, brand, product, year, quarter, month, code, sumsales, rank() OVER (PARTITION BY category ORDER BY sumsales DESC) AS place
                   FROM (SELECT i.category, i.class, i.brand, i.product, d.year, d.quarter, d.month, s.code, sum(coalesce(ss.price * ss.quantity, 0)) AS sumsales FROM store_sales ss, dates d, stores s, items i WHERE ss.sold = d.id AND ss.item = i.id AND ss.store = s.id AND d.month_seq BETWEEN 1200 AND 1200 + 11 GROUP BY ROLLUP (i.category, i.class, i.brand, i.product, d.year, d.quarter, d.month, s.code)) x) y
    WHERE place <= 10 ORDER BY category NULLS LAST, class NULLS LAST, brand NULLS LAST, product NULLS LAST, year NULLS LAST, quarter NULLS LAST, month NULLS LAST, code NULLS LAST, sumsales, place LIMIT 100
$$),
(68, 'tickets of two cities bought away from home', $$
    SELECT c.last, c.first, a.city, t.bought, t.ticket, t.price, t.tax, t.list FROM (SELECT ss.ticket, ss.customer, a.city AS bought, sum(ss.ext_price) AS price, sum(ss.ext_list) AS list, sum(ss.tax) AS tax FROM store_sales ss, dates d, stores s, households h, addresses a
        WHERE ss.sold = d.id AND ss.store = s.id AND ss.household = h.id AND ss.address = a.id AND d.dom BETWEEN 1 AND 12 AND (h.dependants = 4 OR h.vehicles = 3) AND d.year IN (1999, 2000, 2001) AND s.city IN ('Midway', 'Fairview') GROUP BY ss.ticket, ss.customer, ss.address, a.city) t, customers c, addresses a
    WHERE t.customer = c.id AND c.address = a.id AND a.city <> t.bought ORDER BY c.last, t.ticket LIMIT 100
$$),
(69, 'customers of the stores alone, NOT EXISTS twice', $$
    SELECT p.gender, p.marital, p.education, count(*) AS n, p.estimate, p.credit FROM customers c, addresses a, people p WHERE c.address = a.id AND a.state IN ('TN', 'GA', 'OH', 'TX') AND p.id = c.person
      AND EXISTS (SELECT * FROM store_sales s, dates d WHERE c.id = s.customer AND s.sold = d.id AND d.year = 2001 AND d.month BETWEEN 4 AND 4 + 6)
      AND (NOT EXISTS (SELECT * FROM web_sales s, dates d WHERE c.id = s.customer AND s.sold = d.id AND d.year = 2001 AND d.month BETWEEN 4 AND 4 + 2) AND NOT EXISTS (SELECT * FROM catalog_sales s, dates d WHERE c.id = s.ship_customer AND s.sold = d.id AND d.year = 2001 AND d.month BETWEEN 4 AND 4 + 2))
    GROUP BY p.gender, p.marital, p.education, p.estimate, p.credit ORDER BY 1, 2, 3, 5, 6 LIMIT 100
$$),
(70, 'ROLLUP of the best states, rank in a subquery', $$
    SELECT sum(ss.profit) AS total, s.state, s.county, grouping(s.state) + grouping(s.county) AS level, rank() OVER (PARTITION BY grouping(s.state) + grouping(s.county), CASE WHEN grouping(s.county) = 0 THEN s.state END ORDER BY sum(ss.profit) DESC) AS place FROM store_sales ss, dates d, stores s
    WHERE d.month_seq BETWEEN 1200 AND 1200 + 11 AND d.id = ss.sold AND s.id = ss.store AND s.state IN (SELECT state FROM (SELECT s2.state, rank() OVER (PARTITION BY s2.state ORDER BY sum(s3.profit) DESC) AS ranking FROM store_sales s3, stores s2, dates d2 WHERE d2.month_seq BETWEEN 1200 AND 1200 + 11 AND d2.id = s3.sold AND s2.id = s3.store GROUP BY s2.state) x WHERE ranking <= 5)
    GROUP BY ROLLUP (s.state, s.county) ORDER BY level DESC, CASE WHEN grouping(s.state) + grouping(s.county) = 0 THEN s.state END, place LIMIT 100
$$),
(71, 'brands at mealtime in any channel', $$
    SELECT i.brand_id, i.brand, t.hour, t.minute, sum(x.price) AS total
    FROM items i, (SELECT ws.ext_price AS price, ws.item, ws.sold_time AS at FROM web_sales ws, dates d WHERE d.id = ws.sold AND d.month = 11 AND d.year = 1999 UNION ALL SELECT cs.ext_price, cs.item, cs.sold_time FROM catalog_sales cs, dates d WHERE d.id = cs.sold AND d.month = 11 AND d.year = 1999 UNION ALL SELECT ss.ext_price, ss.item, ss.sold_time FROM store_sales ss, dates d WHERE d.id = ss.sold AND d.month = 11 AND d.year = 1999) x, times t
    WHERE x.item = i.id AND i.manager IN (1, 2, 3) AND x.at = t.id AND (t.meal = 'breakfast' OR t.meal = 'dinner') GROUP BY i.brand, i.brand_id, t.hour, t.minute ORDER BY total DESC, i.brand_id, t.hour
$$),
(72, 'orders short of stock, eleven tables and outer joins', $$
    SELECT i.about, w.name, d1.week, sum(CASE WHEN p.id IS NULL THEN 1 ELSE 0 END) AS plain, sum(CASE WHEN p.id IS NOT NULL THEN 1 ELSE 0 END) AS promoted, count(*) AS total
    FROM catalog_sales cs JOIN stock k ON cs.item = k.item JOIN warehouses w ON w.id = k.warehouse JOIN items i ON i.id = cs.item JOIN people ON cs.person = people.id JOIN households h ON cs.household = h.id JOIN dates d1 ON cs.sold = d1.id JOIN dates d2 ON k.day = d2.id JOIN dates d3 ON cs.shipped = d3.id
         LEFT OUTER JOIN promotions p ON cs.promotion = p.id AND p.mail = 'Y' LEFT OUTER JOIN catalog_returns cr ON cr.item = cs.item AND cr.ticket = cs.ticket
    WHERE d1.month_seq = d2.month_seq AND k.on_hand < cs.quantity AND d3.day > d1.day + 5 AND d1.year IN (1998, 1999) GROUP BY i.about, w.name, d1.week ORDER BY total DESC, i.about, w.name, d1.week LIMIT 100
$$),
(73, 'small tickets by household', $$
    SELECT c.last, c.first, t.ticket, t.n FROM (SELECT ss.ticket, ss.customer, count(*) AS n FROM store_sales ss, dates d, stores s, households h WHERE ss.sold = d.id AND ss.store = s.id AND ss.household = h.id AND d.dom BETWEEN 1 AND 12 AND (h.potential = '>10000' OR h.potential = '5001-10000') AND h.vehicles > 0 AND CASE WHEN h.vehicles > 0 THEN h.dependants / h.vehicles ELSE NULL END >= 1 AND d.year IN (1999, 1999 + 1, 1999 + 2) GROUP BY ss.ticket, ss.customer) t, customers c
    WHERE t.customer = c.id AND t.n BETWEEN 1 AND 5 ORDER BY t.n DESC, c.last, c.first, t.ticket
$$),
(74, 'growth by year, the largest ticket', $$
    WITH yearly AS (SELECT c.code, c.first, c.last, d.year, max(ss.paid) AS total, 's' AS channel FROM customers c, store_sales ss, dates d WHERE c.id = ss.customer AND ss.sold = d.id AND d.year IN (2001, 2001 + 1) GROUP BY c.code, c.first, c.last, d.year
        UNION ALL SELECT c.code, c.first, c.last, d.year, max(ws.paid), 'w' FROM customers c, web_sales ws, dates d WHERE c.id = ws.customer AND ws.sold = d.id AND d.year IN (2001, 2001 + 1) GROUP BY c.code, c.first, c.last, d.year)
    SELECT s2.code, s2.first, s2.last FROM yearly s1 JOIN yearly s2 USING (code) JOIN yearly w1 USING (code) JOIN yearly w2 USING (code) WHERE s1.channel = 's' AND w1.channel = 'w' AND s2.channel = 's' AND w2.channel = 'w' AND s1.year = 2001 AND s2.year = 2002 AND w1.year = 2001 AND w2.year = 2002 AND s1.total > 0 AND w1.total > 0
      AND CASE WHEN w1.total > 0 THEN w2.total / w1.total ELSE NULL END >= CASE WHEN s1.total > 0 THEN s2.total / s1.total ELSE NULL END ORDER BY 1, 2, 3 LIMIT 100
$$),
(75, 'sales less returns year by year, UNION of three channels', $$
    WITH every_sale AS (SELECT year, brand_id, class_id, category_id, sum(n) AS n, sum(amount) AS amount FROM (
            SELECT d.year, i.brand_id, i.class_id, i.category_id, cs.quantity - coalesce(cr.quantity, 0) AS n, cs.ext_price - coalesce(cr.amount, 0.0) AS amount FROM catalog_sales cs JOIN items i ON i.id = cs.item JOIN dates d ON d.id = cs.sold LEFT JOIN catalog_returns cr ON cs.ticket = cr.ticket AND cs.item = cr.item WHERE i.category = 'Books'
            UNION SELECT d.year, i.brand_id, i.class_id, i.category_id, ss.quantity - coalesce(sr.quantity, 0), ss.ext_price - coalesce(sr.amount, 0.0) FROM store_sales ss JOIN items i ON i.id = ss.item JOIN dates d ON d.id = ss.sold LEFT JOIN store_returns sr ON ss.ticket = sr.ticket AND ss.item = sr.item WHERE i.category = 'Books'
            UNION SELECT d.year, i.brand_id, i.class_id, i.category_id, ws.quantity - coalesce(wr.quantity, 0), ws.ext_price - coalesce(wr.amount, 0.0) FROM web_sales ws JOIN items i ON i.id = ws.item JOIN dates d ON d.id = ws.sold LEFT JOIN web_returns wr ON ws.ticket = wr.ticket AND ws.item = wr.item WHERE i.category = 'Books') x GROUP BY year, brand_id, class_id, category_id)
    SELECT prev.year AS prev, curr.year, curr.brand_id, curr.class_id, prev.n AS before, curr.n AS now, curr.n - prev.n AS change FROM every_sale curr, every_sale prev WHERE curr.brand_id = prev.brand_id AND curr.class_id = prev.class_id AND curr.category_id = prev.category_id AND curr.year = 2002 AND prev.year = 2002 - 1 AND CAST(curr.n AS numeric(17,2)) / CAST(prev.n AS numeric(17,2)) < 0.9 ORDER BY change, 3, 4 LIMIT 100
$$),
(76, 'sales without promotion, typed constants in UNION ALL', $$
    SELECT channel, col, year, quarter, category, count(*) AS n, sum(price) AS total FROM (SELECT 'store' AS channel, NULLIF(ss.store, 0)::text AS col, d.year, d.quarter, i.category, ss.ext_price AS price FROM store_sales ss, items i, dates d WHERE ss.coupon = 30 AND ss.sold = d.id AND ss.item = i.id
        UNION ALL SELECT 'web', 'none', d.year, d.quarter, i.category, ws.ext_price FROM web_sales ws, items i, dates d WHERE ws.coupon = 10 AND ws.sold = d.id AND ws.item = i.id) x GROUP BY channel, col, year, quarter, category ORDER BY channel, col, year, quarter, category LIMIT 100
$$),
(77, 'profit and loss of all channels, LEFT JOIN of WITHs, ROLLUP', $$
    WITH ss AS (SELECT s.id, sum(f.ext_price) AS sales, sum(f.profit) AS profit FROM store_sales f, dates d, stores s WHERE f.sold = d.id AND d.day BETWEEN date '2000-08-23' AND date '2000-08-23' + 90 AND f.store = s.id GROUP BY s.id),
         sr AS (SELECT s.id, sum(f.amount) AS returns, sum(f.loss) AS loss FROM store_returns f, dates d, stores s WHERE f.returned = d.id AND d.day BETWEEN date '2000-08-23' AND date '2000-08-23' + 90 AND f.store = s.id GROUP BY s.id),
         cs AS (SELECT center, sum(ext_price) AS sales, sum(profit) AS profit FROM catalog_sales, dates d WHERE sold = d.id AND d.day BETWEEN date '2000-08-23' AND date '2000-08-23' + 90 GROUP BY center),
         cr AS (SELECT sum(amount) AS returns, sum(loss) AS loss FROM catalog_returns, dates d WHERE returned = d.id AND d.day BETWEEN date '2000-08-23' AND date '2000-08-23' + 90)
    SELECT channel, id, sum(sales) AS sales, sum(returns) AS returns, sum(profit) AS profit FROM (SELECT 'store' AS channel, ss.id, sales, coalesce(returns, 0) AS returns, profit - coalesce(loss, 0) AS profit FROM ss LEFT JOIN sr ON ss.id = sr.id UNION ALL SELECT 'catalog', center, sales, returns, profit - loss FROM cs, cr) x GROUP BY ROLLUP (channel, id) ORDER BY channel NULLS LAST, id NULLS LAST LIMIT 100
$$),
(78, 'sales never returned, ratio of channels', $$
    WITH ws AS (SELECT d.year, s.item, s.customer, sum(s.quantity) AS qty FROM web_sales s LEFT JOIN web_returns r ON r.ticket = s.ticket AND s.item = r.item JOIN dates d ON s.sold = d.id WHERE r.ticket IS NULL GROUP BY 1, 2, 3),
         ss AS (SELECT d.year, s.item, s.customer, sum(s.quantity) AS qty, sum(s.wholesale) AS wc FROM store_sales s LEFT JOIN store_returns r ON r.ticket = s.ticket AND s.item = r.item JOIN dates d ON s.sold = d.id WHERE r.ticket IS NULL GROUP BY 1, 2, 3)
    SELECT ss.item, ss.customer, round(ss.qty::numeric / coalesce(ws.qty, 1), 2) AS ratio, ss.qty, ss.wc FROM ss LEFT JOIN ws ON (ws.year, ws.item, ws.customer) = (ss.year, ss.item, ss.customer) WHERE coalesce(ws.qty, 0) > 0 AND ss.year = 2000 ORDER BY ss.item, ss.qty DESC, ss.wc DESC, ss.customer LIMIT 100
$$),
(79, 'Monday tickets of large households', $$
    SELECT c.last, c.first, substr(t.city, 1, 30) AS city, t.ticket, t.amount, t.profit FROM (SELECT ss.ticket, ss.customer, s.city, sum(ss.coupon) AS amount, sum(ss.profit) AS profit FROM store_sales ss, dates d, stores s, households h WHERE ss.sold = d.id AND ss.store = s.id AND ss.household = h.id AND (h.dependants = 6 OR h.vehicles > 2) AND d.dow = 1 AND d.year IN (1999, 2000, 2001) AND s.employees BETWEEN 200 AND 295 GROUP BY ss.ticket, ss.customer, ss.address, s.city) t, customers c
    WHERE t.customer = c.id ORDER BY c.last, c.first, substr(t.city, 1, 30), t.profit, t.ticket LIMIT 100
$$),
(80, 'promoted sales less returns, three channels, ROLLUP', $$
    WITH ssr AS (SELECT s.code, sum(ss.ext_price) AS sales, sum(coalesce(sr.amount, 0)) AS returns, sum(ss.profit - coalesce(sr.loss, 0)) AS profit FROM store_sales ss LEFT OUTER JOIN store_returns sr ON (ss.item = sr.item AND ss.ticket = sr.ticket), dates d, stores s, items i, promotions p WHERE ss.sold = d.id AND d.year = 2000 AND ss.store = s.id AND ss.item = i.id AND i.price > 30 AND ss.promotion = p.id AND p.tv = 'N' GROUP BY s.code),
         wsr AS (SELECT t.code, sum(ws.ext_price) AS sales, sum(coalesce(wr.amount, 0)) AS returns, sum(ws.profit - coalesce(wr.loss, 0)) AS profit FROM web_sales ws LEFT OUTER JOIN web_returns wr ON (ws.item = wr.item AND ws.ticket = wr.ticket), dates d, sites t, items i, promotions p WHERE ws.sold = d.id AND d.year = 2000 AND ws.site = t.id AND ws.item = i.id AND i.price > 30 AND ws.promotion = p.id AND p.tv = 'N' GROUP BY t.code)
    SELECT channel, id, sum(sales) AS sales, sum(returns) AS returns, sum(profit) AS profit FROM (SELECT 'store channel' AS channel, 'store' || code AS id, sales, returns, profit FROM ssr UNION ALL SELECT 'web channel', 'site' || code, sales, returns, profit FROM wsr) x GROUP BY ROLLUP (channel, id) ORDER BY 1 NULLS LAST, 2 NULLS LAST LIMIT 100
$$),
(81, 'customers who return more by catalog than their state', $$
    WITH totals AS (SELECT cr.customer, a.state, sum(cr.amount) AS total FROM catalog_returns cr, dates d, addresses a WHERE cr.returned = d.id AND d.year = 2000 AND cr.address = a.id GROUP BY cr.customer, a.state)
    SELECT c.code, c.salutation, c.first, c.last, a.street, a.city, a.zip, a.country, a.gmt, a.kind, t1.total FROM totals t1, addresses a, customers c WHERE t1.total > (SELECT avg(t2.total) * 1.2 FROM totals t2 WHERE t1.state = t2.state) AND a.id = c.address AND t1.customer = c.id ORDER BY 1, 2, 3, 4, 5, 11 LIMIT 100
$$),
(82, 'items in stock and in the stores', $$SELECT i.sku, i.about, i.price FROM items i, stock k, dates d, store_sales ss WHERE i.price BETWEEN 20 AND 50 AND k.item = i.id AND d.id = k.day AND d.day BETWEEN date '2000-05-25' AND date '2000-05-25' + 60 AND i.maker_id IN (2, 3, 6, 8) AND k.on_hand BETWEEN 100 AND 500 AND ss.item = i.id GROUP BY i.sku, i.about, i.price ORDER BY i.sku, i.about LIMIT 100$$),
(83, 'returns of three channels in chosen weeks, IN inside IN', $$
    WITH sr AS (SELECT i.sku, sum(r.quantity) AS n FROM store_returns r, items i, dates d WHERE r.item = i.id AND d.day IN (SELECT day FROM dates WHERE month_seq IN (SELECT month_seq FROM dates WHERE day IN ('2000-06-30', '2000-09-27', '2000-11-17'))) AND r.returned = d.id GROUP BY i.sku),
         cr AS (SELECT i.sku, sum(r.quantity) AS n FROM catalog_returns r, items i, dates d WHERE r.item = i.id AND d.day IN (SELECT day FROM dates WHERE month_seq IN (SELECT month_seq FROM dates WHERE day IN ('2000-06-30', '2000-09-27', '2000-11-17'))) AND r.returned = d.id GROUP BY i.sku)
    SELECT sr.sku, sr.n AS store, round(sr.n / (sr.n + cr.n) / 2.0 * 100, 3) AS store_dev, cr.n AS catalog, (sr.n + cr.n) / 2.0 AS average FROM sr, cr WHERE sr.sku = cr.sku AND sr.n + cr.n > 0 ORDER BY sr.sku, sr.n LIMIT 100
$$),
(84, 'names of customers who returned, by income', $$
    SELECT c.code, coalesce(c.last, '') || ', ' || coalesce(c.first, '') AS name FROM customers c, addresses a, people p, households h, bands b, store_returns sr WHERE a.city = 'Fairview' AND c.address = a.id AND b.low >= 20000 AND b.high <= 20000 + 50000 AND b.id = h.band AND p.id = c.person AND h.id = c.household AND sr.person = p.id ORDER BY c.code, name LIMIT 100
$$),
(85, 'reasons for web returns under disjunctions', $$
    SELECT substr(r.about, 1, 20) AS reason, avg(ws.quantity) AS q, avg(wr.refunded) AS refunded, avg(wr.fee) AS fee FROM web_sales ws, web_returns wr, web_pages wp, people p1, people p2, addresses a, dates d, reasons r
    WHERE ws.page = wp.id AND ws.item = wr.item AND ws.ticket = wr.ticket AND ws.sold = d.id AND d.year = 2000 AND p1.id = wr.refunded_person AND p2.id = wr.person AND a.id = wr.address AND r.id = wr.reason
      AND (p1.marital = 'M' AND p1.marital = p2.marital AND p1.education = p2.education AND ws.price BETWEEN 1 AND 150 OR p1.marital = 'S' AND p1.education = p2.education AND ws.price BETWEEN 1 AND 100) AND (a.state IN ('IL', 'OH', 'TX') AND ws.profit > -5000 OR a.state IN ('GA', 'CA', 'TN') AND ws.profit BETWEEN -3000 AND 3000)
    GROUP BY r.about ORDER BY substr(r.about, 1, 20), avg(ws.quantity), avg(wr.refunded), avg(wr.fee) LIMIT 100
$$),
(86, 'ROLLUP of web sales with rank within parent', $$
    SELECT sum(ws.paid) AS total, i.category, i.class, grouping(i.category) + grouping(i.class) AS level, rank() OVER (PARTITION BY grouping(i.category) + grouping(i.class), CASE WHEN grouping(i.class) = 0 THEN i.category END ORDER BY sum(ws.paid) DESC) AS place FROM web_sales ws, dates d, items i WHERE d.month_seq BETWEEN 1200 AND 1200 + 11 AND d.id = ws.sold AND i.id = ws.item GROUP BY ROLLUP (i.category, i.class)
    ORDER BY level DESC, CASE WHEN grouping(i.category) + grouping(i.class) = 0 THEN i.category END, place LIMIT 100
$$),
(87, 'customers of the stores alone, EXCEPT', $$
    SELECT count(*) FROM ((SELECT DISTINCT c.last, c.first, d.day FROM store_sales s, dates d, customers c WHERE s.sold = d.id AND s.customer = c.id AND d.month_seq BETWEEN 1200 AND 1200 + 11) EXCEPT (SELECT DISTINCT c.last, c.first, d.day FROM catalog_sales s, dates d, customers c WHERE s.sold = d.id AND s.customer = c.id AND d.month_seq BETWEEN 1200 AND 1200 + 11)
        EXCEPT (SELECT DISTINCT c.last, c.first, d.day FROM web_sales s, dates d, customers c WHERE s.sold = d.id AND s.customer = c.id AND d.month_seq BETWEEN 1200 AND 1200 + 11)) cool
$$),
(88, 'counts by half hour, eight subqueries side by side', $$
    SELECT * FROM (SELECT count(*) AS h8 FROM store_sales ss, households h, times t, stores s WHERE ss.sold_time = t.id AND ss.household = h.id AND ss.store = s.id AND t.hour = 8 AND t.minute < 30 AND (h.dependants = 4 AND h.vehicles <= 6 OR h.dependants = 2)) s1, (SELECT count(*) AS h9 FROM store_sales ss, times t WHERE ss.sold_time = t.id AND t.hour = 9 AND t.minute < 30) s2, (SELECT count(*) AS h10 FROM store_sales ss, times t WHERE ss.sold_time = t.id AND t.hour = 10) s3, (SELECT count(*) AS h11 FROM store_sales ss, times t WHERE ss.sold_time = t.id AND t.hour = 11 AND t.minute >= 30) s4
$$),
(89, 'months below a class''s average', $$
    SELECT * FROM (SELECT i.category, i.class, i.brand, s.name, s.company, d.month, sum(ss.price) AS sales, avg(sum(ss.price)) OVER (PARTITION BY i.category, i.brand, s.name, s.company) AS mean FROM items i, store_sales ss, dates d, stores s WHERE ss.item = i.id AND ss.sold = d.id AND ss.store = s.id AND d.year IN (1999) AND (i.category IN ('Books', 'Electronics') AND i.class IN ('computers', 'shirts') OR i.category IN ('Women') AND i.class IN ('pants', 'accent')) GROUP BY i.category, i.class, i.brand, s.name, s.company, d.month) x
    WHERE CASE WHEN mean <> 0 THEN abs(sales - mean) / mean ELSE NULL END > 0.1 ORDER BY sales - mean, name, category, class, brand, month LIMIT 100
$$),
(90, 'ratio of morning to evening', $$
    SELECT CAST(morning AS numeric(15,4)) / CAST(evening AS numeric(15,4)) AS ratio FROM (SELECT count(*) AS morning FROM web_sales ws, households h, times t, web_pages p WHERE ws.sold_time = t.id AND ws.ship_household = h.id AND ws.page = p.id AND t.hour BETWEEN 8 AND 8 + 1 AND h.dependants = 6 AND p.characters BETWEEN 5000 AND 5200) a, (SELECT count(*) AS evening FROM web_sales ws, households h, times t, web_pages p WHERE ws.sold_time = t.id AND ws.ship_household = h.id AND ws.page = p.id AND t.hour BETWEEN 19 AND 19 + 1 AND h.dependants = 6) b ORDER BY ratio LIMIT 100
$$),
(91, 'loss of call centers', $$
    SELECT cc.code AS center, cc.name, cc.manager, sum(cr.loss) AS loss FROM centers cc, catalog_returns cr, dates d, customers c, addresses a, people p, households h WHERE cr.center = cc.id AND cr.returned = d.id AND cr.customer = c.id AND p.id = c.person AND h.id = c.household AND a.id = c.address AND d.year = 1998 AND (p.marital = 'M' AND p.education IN ('Unknown', 'College') OR p.marital = 'W') AND a.gmt IN (-5, -6, -7)
    GROUP BY cc.code, cc.name, cc.manager, p.marital, p.education ORDER BY sum(cr.loss) DESC, 1
$$),
(92, 'excess discount, web', $$
    SELECT sum(ws.ext_discount) AS "Excess Discount Amount" FROM web_sales ws, items i, dates d WHERE i.maker_id = 5 AND i.id = ws.item AND d.day BETWEEN '2000-01-27' AND CAST('2000-01-27' AS date) + interval '300 days' AND d.id = ws.sold AND ws.ext_discount > (SELECT 1.3 * avg(w2.ext_discount) FROM web_sales w2, dates d2 WHERE w2.item = i.id AND d2.day BETWEEN '2000-01-27' AND CAST('2000-01-27' AS date) + interval '300 days' AND d2.id = w2.sold) ORDER BY sum(ws.ext_discount) LIMIT 100
$$),
(93, 'sales less what was returned for one reason', $$
    SELECT customer, sum(actual) AS total FROM (SELECT ss.customer, CASE WHEN sr.quantity IS NOT NULL THEN (ss.quantity - sr.quantity) * ss.price ELSE ss.quantity * ss.price END AS actual FROM store_sales ss LEFT OUTER JOIN store_returns sr ON (sr.item = ss.item AND sr.ticket = ss.ticket), reasons r WHERE sr.reason = r.id AND r.about = 'reason 3') x GROUP BY customer ORDER BY total, customer LIMIT 100
$$),
(94, 'web orders from several warehouses and never returned', $$
    SELECT count(DISTINCT w1.ticket) AS orders, sum(w1.ship_cost) AS shipping, sum(w1.profit) AS profit FROM web_sales w1, dates d, addresses a, sites t WHERE d.day BETWEEN '1999-02-01' AND date '1999-02-01' + interval '200 days' AND w1.shipped = d.id AND w1.ship_address = a.id AND a.state IN ('IL', 'TN') AND w1.site = t.id AND t.company = 'pri'
      AND EXISTS (SELECT * FROM web_sales w2 WHERE w1.ticket = w2.ticket AND w1.warehouse <> w2.warehouse) AND NOT EXISTS (SELECT * FROM web_returns r WHERE w1.ticket = r.ticket AND w1.item = r.item) ORDER BY count(DISTINCT w1.ticket)
$$),
(95, 'web orders from several warehouses and returned, WITH of a self-join', $$
    WITH several AS (SELECT w1.ticket, w1.warehouse AS one, w2.warehouse AS other FROM web_sales w1, web_sales w2 WHERE w1.ticket = w2.ticket AND w1.warehouse <> w2.warehouse)
    SELECT count(DISTINCT w1.ticket) AS orders, sum(w1.ship_cost) AS shipping, sum(w1.profit) AS profit FROM web_sales w1, dates d, addresses a, sites t WHERE d.day BETWEEN '1999-02-01' AND date '1999-02-01' + 200 AND w1.shipped = d.id AND w1.ship_address = a.id AND a.state IN ('IL', 'OH', 'TN') AND w1.site = t.id AND w1.ticket IN (SELECT ticket FROM several) AND w1.ticket IN (SELECT r.ticket FROM web_returns r, several WHERE r.ticket = several.ticket)
$$),
(96, 'count at an hour', $$SELECT count(*) FROM store_sales ss, households h, times t, stores s WHERE ss.sold_time = t.id AND ss.household = h.id AND ss.store = s.id AND t.hour = 20 AND t.minute < 30 AND h.dependants = 7 AND s.name = 'ese' ORDER BY count(*) LIMIT 100$$),
(97, 'customers of either or both channels, FULL OUTER JOIN', $$
    WITH s AS (SELECT customer, item FROM store_sales, dates d WHERE sold = d.id AND d.month_seq BETWEEN 1200 AND 1200 + 11 GROUP BY customer, item), c AS (SELECT customer, item FROM catalog_sales, dates d WHERE sold = d.id AND d.month_seq BETWEEN 1200 AND 1200 + 11 GROUP BY customer, item)
    SELECT sum(CASE WHEN s.customer IS NOT NULL AND c.customer IS NULL THEN 1 ELSE 0 END) AS store_only, sum(CASE WHEN s.customer IS NULL AND c.customer IS NOT NULL THEN 1 ELSE 0 END) AS catalog_only, sum(CASE WHEN s.customer IS NOT NULL AND c.customer IS NOT NULL THEN 1 ELSE 0 END) AS both FROM s FULL OUTER JOIN c ON (s.customer = c.customer AND s.item = c.item)
$$),
(98, 'share in class, stores', $$SELECT i.sku, i.about, i.category, i.class, i.price, sum(ss.ext_price) AS revenue, sum(ss.ext_price) * 100 / sum(sum(ss.ext_price)) OVER (PARTITION BY i.class) AS share FROM store_sales ss, items i, dates d WHERE ss.item = i.id AND i.category IN ('Music', 'Women', 'Books') AND ss.sold = d.id AND d.day BETWEEN date '1999-02-22' AND date '1999-02-22' + interval '30 days' GROUP BY i.sku, i.about, i.category, i.class, i.price ORDER BY i.category, i.class, i.sku, i.about, share;$$),
(99, 'days to ship, by warehouse, mode and call center', $$
    SELECT substr(w.name, 1, 20) AS warehouse, m.kind, lower(cc.name) AS center, sum(CASE WHEN cs.shipped - cs.sold <= 30 THEN 1 ELSE 0 END) AS "30 days", sum(CASE WHEN (cs.shipped - cs.sold > 30) AND (cs.shipped - cs.sold <= 60) THEN 1 ELSE 0 END) AS "31-60 days", sum(CASE WHEN (cs.shipped - cs.sold > 120) THEN 1 ELSE 0 END) AS ">120 days"
    FROM catalog_sales cs, warehouses w, modes m, centers cc, dates d WHERE d.month_seq BETWEEN 1200 AND 1200 + 11 AND cs.shipped = d.id AND cs.warehouse = w.id AND cs.mode = m.id AND cs.center = cc.id GROUP BY substr(w.name, 1, 20), m.kind, cc.name ORDER BY 1, 2, 3 LIMIT 100;
$$);
SELECT q.id, q.about, v.ok, c.rows, c.same, c.error FROM real.queries q, flowai.validate_query(q.sql) v, real.compare(q.sql) c ORDER BY q.id;
RESET ROLE;
DROP SCHEMA real, d CASCADE;
