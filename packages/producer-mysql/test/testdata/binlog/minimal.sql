-- Partial row images.
CREATE DATABASE shop CHARACTER SET utf8mb4;
USE shop;
CREATE TABLE item (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, n INT);
CREATE TABLE gone (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, n INT);
INSERT INTO gone VALUES (1, 'one', 1);
INSERT INTO item VALUES (1, 'one', 1);
SET SESSION binlog_row_image = MINIMAL;
DELETE FROM gone;
INSERT INTO gone (id, name) VALUES (2, 'two');
UPDATE item SET n = 2;
