-- Transactions without a global identifier.
CREATE DATABASE shop CHARACTER SET utf8mb4;
CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL);
INSERT INTO shop.item VALUES (1, 'one'), (2, 'two');
UPDATE shop.item SET name = 'zwei' WHERE id = 2;
