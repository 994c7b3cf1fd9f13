-- @server mfull mnolog
-- @capture ["c02.price"]
-- @before
DROP DATABASE IF EXISTS c02; CREATE DATABASE c02; USE c02;
CREATE TABLE price (id INT PRIMARY KEY, amount DECIMAL(8,2)) WITH SYSTEM VERSIONING;
-- @live
USE c02; INSERT INTO price VALUES (1,10.50);
-- @expect {"op":"UPSERT","key":"1n","columns":["id","amount"],"row":{"id":1,"amount":"10.50"}}
