-- Partial row images.
CREATE DATABASE shop CHARACTER SET utf8mb4;
CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, n INT);
CREATE TABLE shop.gone (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, n INT);
INSERT INTO shop.gone VALUES (1, 'one', 1);
INSERT INTO shop.item VALUES (1, 'one', 1);
SET SESSION binlog_row_image = MINIMAL;
DELETE FROM shop.gone;
INSERT INTO shop.gone (id, name) VALUES (2, 'two');
UPDATE shop.item SET n = 2;
