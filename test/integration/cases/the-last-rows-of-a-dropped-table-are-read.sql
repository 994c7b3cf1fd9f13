-- @server mfull mnolog yfull ymin
-- @capture ["c33.t","c33.keep"]
-- @before
DROP DATABASE IF EXISTS c33; CREATE DATABASE c33; USE c33; CREATE TABLE t (id INT PRIMARY KEY, a INT); CREATE TABLE keep (id INT PRIMARY KEY);
-- @live
USE c33; INSERT INTO t VALUES (1,1); DROP TABLE t; INSERT INTO keep VALUES (1);
-- @expect {"src":"c33.t","row":{"id":1,"a":1}}
-- @expect {"src":"c33.keep","key":"1n"}
