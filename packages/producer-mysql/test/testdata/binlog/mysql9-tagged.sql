-- Global identifiers with and without a tag.
CREATE DATABASE shop CHARACTER SET utf8mb4;
CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL);
SET gtid_next = 'AUTOMATIC:nightly';
INSERT INTO shop.item VALUES (1, 'one');
INSERT INTO shop.item VALUES (2, 'two');
SET gtid_next = 'ffeeddcc-bbaa-9988-7766-554433221100:a_tag_of_32_characters_as_longst:300';
INSERT INTO shop.item VALUES (3, 'three');
SET gtid_next = 'AUTOMATIC';
INSERT INTO shop.item VALUES (4, 'four');
