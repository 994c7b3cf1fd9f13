-- One transaction of many rows, which compresses to little, and one that does not compress.
CREATE DATABASE shop CHARACTER SET utf8mb4;
CREATE TABLE shop.wide (id INT PRIMARY KEY, filler VARCHAR(200) NOT NULL);
SET SESSION cte_max_recursion_depth = 100000;
INSERT INTO shop.wide WITH RECURSIVE seq (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM seq WHERE n < 20000) SELECT n, REPEAT('the same text again ', 5) FROM seq;
INSERT INTO shop.wide VALUES (20001, HEX(RANDOM_BYTES(90)));
