-- @server yfull ymin
-- @capture ["c10.m"]
-- @before
DROP DATABASE IF EXISTS c10; CREATE DATABASE c10; USE c10;
CREATE TABLE m (id INT PRIMARY KEY, doc JSON, name VARCHAR(30), KEY tags ((CAST(doc->'$.tags' AS UNSIGNED ARRAY))), KEY lower_name ((LOWER(name))), v INT GENERATED ALWAYS AS (id*2) VIRTUAL);
-- @live
USE c10; INSERT INTO m (id,doc,name) VALUES (1,'{"tags":[1,2]}','Ann'); UPDATE m SET doc='{"tags":[3]}' WHERE id=1; DELETE FROM m;
-- @expect {"op":"UPSERT","row":{"id":1,"doc":"{\"tags\": [1, 2]}","name":"Ann","v":2}}
-- @expect {"op":"UPSERT","row":{"id":1,"doc":"{\"tags\": [3]}","name":"Ann","v":2}}
-- @expect {"op":"DELETE","key":"1n"}
