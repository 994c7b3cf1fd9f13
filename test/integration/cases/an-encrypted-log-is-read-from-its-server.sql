-- @server menc
-- @capture ["c41.t"]
-- @before
DROP DATABASE IF EXISTS c41; CREATE DATABASE c41; USE c41; CREATE TABLE t (id INT PRIMARY KEY, v INT);
-- @live
USE c41; INSERT INTO t VALUES (1,1); FLUSH BINARY LOGS; INSERT INTO t VALUES (2,2);
-- @between
USE c41; FLUSH BINARY LOGS; INSERT INTO t VALUES (3,3);
-- @expect {"key":"1n"}
-- @expect {"key":"2n"}
-- @expect {"key":"3n"}
