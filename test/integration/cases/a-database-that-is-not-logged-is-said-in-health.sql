-- @server mmisc
-- @capture ["ignored.t"]
-- @before
DROP DATABASE IF EXISTS ignored; CREATE DATABASE ignored; USE ignored; CREATE TABLE t (id INT PRIMARY KEY, v INT);
-- @live
USE ignored; INSERT INTO t VALUES (1,1);
-- @concern changes of ignored.t are not in the binary log
