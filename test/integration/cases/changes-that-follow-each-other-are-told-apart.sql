-- @server mfull yfull
-- @capture ["c31.t"]
-- @before
DROP DATABASE IF EXISTS c31; CREATE DATABASE c31; USE c31; CREATE TABLE t (id INT PRIMARY KEY, a INT);
-- @live
USE c31; INSERT INTO t VALUES (1,1); ALTER TABLE t ADD b INT; INSERT INTO t VALUES (2,2,2); ALTER TABLE t ADD c INT; INSERT INTO t VALUES (3,3,3,3);
-- @expect {"row":{"id":1,"a":1}}
-- @expect {"row":{"id":2,"a":2,"b":2}}
-- @expect {"row":{"id":3,"a":3,"b":3,"c":3}}
