-- An update that logs only what changed inside a document.
CREATE DATABASE shop CHARACTER SET utf8mb4;
CREATE TABLE shop.document (id INT PRIMARY KEY, j JSON);
INSERT INTO shop.document VALUES (1, '{"a": 1, "b": "a text that is long enough to be worth it"}');
SET SESSION binlog_row_value_options = PARTIAL_JSON;
UPDATE shop.document SET j = JSON_SET(j, '$.a', 2);
