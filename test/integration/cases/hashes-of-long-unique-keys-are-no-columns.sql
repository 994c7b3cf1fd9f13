-- @server mfull mnolog
-- @capture ["c01.doc"]
-- @before
DROP DATABASE IF EXISTS c01; CREATE DATABASE c01; USE c01;
CREATE TABLE doc (id INT PRIMARY KEY, body TEXT, note VARCHAR(20), UNIQUE KEY u (body)) CHARACTER SET utf8mb4;
-- @live
USE c01; INSERT INTO doc VALUES (1,'alpha','x'),(2,'beta',NULL); UPDATE doc SET note='y' WHERE id=1; DELETE FROM doc WHERE id=2;
-- @expect {"op":"UPSERT","key":"1n","columns":["id","body","note"],"row":{"id":1,"body":"alpha","note":"x"}}
-- @expect {"op":"UPSERT","key":"2n","row":{"id":2,"body":"beta","note":null}}
-- @expect {"op":"UPSERT","key":"1n","row":{"id":1,"body":"alpha","note":"y"}}
-- @expect {"op":"DELETE","key":"2n","row":{"id":2,"body":"beta"}}
