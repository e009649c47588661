-- SPDX-License-Identifier: Apache-2.0
-- What the call-heavy program of the bench does.
CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INTEGER, item TEXT, price REAL, day INTEGER);
CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT, city TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
  INSERT INTO customers SELECT i, 'name' || i, 'city' || (i * 7 % 23) FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
  INSERT INTO orders SELECT i, i * 31 % 200 + 1, 'item' || (i * 17 % 97), (i * 13 % 1000) / 10.0, i % 365 FROM n;
CREATE INDEX by_customer ON orders(customer, day);
SELECT city, count(*), sum(price), avg(day) FROM orders JOIN customers ON customers.id = customer GROUP BY city ORDER BY 3 DESC;
SELECT item, max(price) FROM orders WHERE item LIKE '%m1%' AND day BETWEEN 40 AND 200 GROUP BY item;
UPDATE orders SET price = price * 1.1 WHERE customer IN (SELECT id FROM customers WHERE city = 'city3');
SELECT a.id, b.id FROM orders a JOIN orders b ON a.customer = b.customer AND a.day < b.day WHERE a.price > 98 ORDER BY upper(a.item), b.day LIMIT 200;
DELETE FROM orders WHERE day % 5 = 0;
SELECT count(*), total(price), group_concat(DISTINCT substr(item, 1, 5)) FROM orders;
