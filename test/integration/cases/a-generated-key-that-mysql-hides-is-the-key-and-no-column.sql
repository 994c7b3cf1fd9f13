-- @server yfull ymin
-- @capture ["c09.g"]
-- @before
SET GLOBAL show_gipk_in_create_table_and_information_schema=OFF; SET SESSION sql_generate_invisible_primary_key=ON;
DROP DATABASE IF EXISTS c09; CREATE DATABASE c09; USE c09; CREATE TABLE g (name VARCHAR(20), n INT);
-- @live
USE c09; INSERT INTO g VALUES ('a',1),('b',2); UPDATE g SET n=3 WHERE name='a'; DELETE FROM g WHERE name='b';
-- @after
SET GLOBAL show_gipk_in_create_table_and_information_schema=ON;
-- @expect {"op":"UPSERT","key":"1n","columns":["name","n"],"row":{"name":"a","n":1}}
-- @expect {"op":"UPSERT","key":"2n","row":{"name":"b","n":2}}
-- @expect {"op":"UPSERT","key":"1n","row":{"name":"a","n":3}}
-- @expect {"op":"DELETE","key":"2n"}
