-- @server mfull mnolog
-- @capture ["c18.t","c18.o"]
-- @before
DROP DATABASE IF EXISTS c18; CREATE DATABASE c18; USE c18; CREATE TABLE t (id INT PRIMARY KEY, v INT); CREATE TABLE o (id INT PRIMARY KEY);
-- @live
USE c18; SET SESSION binlog_alter_two_phase=ON; INSERT INTO t VALUES (1,1); INSERT INTO o VALUES (1); DO SLEEP(1.0); ALTER TABLE t ADD COLUMN w INT DEFAULT 7 AFTER id; INSERT INTO t VALUES (2,8,2); DO SLEEP(1.0); ALTER TABLE t ADD UNIQUE KEY (v), ALGORITHM=COPY; INSERT INTO o VALUES (2);
-- @expect {"src":"c18.t","row":{"id":1,"v":1}}
-- @expect {"src":"c18.o"}
-- @expect {"src":"c18.t","row":{"id":2,"w":8,"v":2}}
-- @expect {"src":"c18.o","key":"2n"}
