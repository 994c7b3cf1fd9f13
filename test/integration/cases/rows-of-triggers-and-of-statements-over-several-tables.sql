-- @server mfull mnolog yfull
-- @capture ["c39.a","c39.b","c39.audit"]
-- @before
DROP DATABASE IF EXISTS c39; CREATE DATABASE c39; USE c39; CREATE TABLE a (id INT PRIMARY KEY, v INT); CREATE TABLE b (id INT PRIMARY KEY, v INT); CREATE TABLE audit (n INT AUTO_INCREMENT PRIMARY KEY, aid INT, was INT); CREATE TRIGGER tr AFTER UPDATE ON a FOR EACH ROW INSERT INTO audit (aid,was) VALUES (NEW.id, OLD.v); INSERT INTO a VALUES (1,1),(2,2); INSERT INTO b VALUES (1,5),(2,6);
-- @live
USE c39; UPDATE a, b SET a.v=a.v+10, b.v=b.v+1 WHERE a.id=b.id AND a.id=1; REPLACE INTO a VALUES (2,50); DELETE a, b FROM a JOIN b USING (id) WHERE a.id=1;
-- @expect {"op":"UPSERT","key":"1n"}
-- @expect {"op":"UPSERT","key":"1n"}
-- @expect {"op":"UPSERT","key":"1n"}
-- @expect {"src":"c39.a","op":"UPSERT","key":"2n","row":{"v":50}}
-- @expect {"op":"DELETE","key":"1n"}
-- @expect {"op":"DELETE","key":"1n"}
