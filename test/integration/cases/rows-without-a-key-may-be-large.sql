-- @server mfull
-- @capture ["keyless.k"]
-- @before
DROP DATABASE IF EXISTS keyless; CREATE DATABASE keyless; USE keyless; SET GLOBAL max_allowed_packet=1073741824; CREATE TABLE k (n INT, b LONGBLOB);
-- @live
USE keyless; INSERT INTO k VALUES (1, REPEAT('a',40000)); INSERT INTO k VALUES (2, REPEAT('b',8000000)); DELETE FROM k WHERE n=2; INSERT INTO k VALUES (3,'x');
-- @expect {"op":"UPSERT","row":{"n":1}}
-- @expect {"op":"UPSERT","row":{"n":2}}
-- @expect {"op":"DELETE","row":{"n":2}}
-- @expect {"op":"UPSERT","row":{"n":3}}
