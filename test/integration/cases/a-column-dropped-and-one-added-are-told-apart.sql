-- @server mfull mnolog yfull ymin
-- @capture ["c44.t"]
-- @before
DROP DATABASE IF EXISTS c44; CREATE DATABASE c44; USE c44; CREATE TABLE t (id INT PRIMARY KEY, email VARCHAR(40), city VARCHAR(40));
-- @live
USE c44; INSERT INTO t VALUES (0,'e0','c0');
-- @between
USE c44; INSERT INTO t VALUES (1,'e1','c1'); ALTER TABLE t DROP COLUMN email, ADD COLUMN phone VARCHAR(40); INSERT INTO t VALUES (2,'c2','p2');
-- @expect {"row":{"id":0,"email":"e0","city":"c0"}}
-- @expect {"row":{"id":1,"email":"e1","city":"c1"}}
-- @expect {"row":{"id":2,"city":"c2","phone":"p2"}}
