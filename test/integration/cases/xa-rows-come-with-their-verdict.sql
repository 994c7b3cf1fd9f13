-- @server mfull mnolog yfull ymin
-- @capture ["c29.x"]
-- @before
DROP DATABASE IF EXISTS c29; CREATE DATABASE c29; USE c29; CREATE TABLE x (id INT PRIMARY KEY, v INT);
-- @live
USE c29;
XA START 'a','b',7; INSERT INTO x VALUES (1,1); INSERT INTO x VALUES (2,2); XA END 'a','b',7; XA PREPARE 'a','b',7;
XA COMMIT 'a','b',7;
INSERT INTO x VALUES (3,3);
XA START X'00FF20'; UPDATE x SET v=9 WHERE id=3; XA END X'00FF20'; XA PREPARE X'00FF20'; XA ROLLBACK X'00FF20';
XA START 'one phase'; INSERT INTO x VALUES (4,4); XA END 'one phase'; XA COMMIT 'one phase' ONE PHASE;
XA START 'empty'; XA END 'empty'; XA PREPARE 'empty'; XA COMMIT 'empty';
-- @expect {"key":"1n"}
-- @expect {"key":"2n"}
-- @expect {"key":"3n","row":{"v":3}}
-- @expect {"key":"4n"}
