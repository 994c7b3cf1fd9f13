-- @server mfull mnolog
-- @capture ["uuids.u","uuids.k"]
-- @before
DROP DATABASE IF EXISTS uuids; CREATE DATABASE uuids; USE uuids; CREATE TABLE u (id INT PRIMARY KEY, u UUID); CREATE TABLE k (id UUID PRIMARY KEY, v INT);
-- @live
USE uuids; INSERT INTO u VALUES (1,'6ccd780c-baba-1026-9564-5b8c656024db'),(2,'f47ac10b-58cc-4372-a567-0e02b2c3d479'),(3,'01890a5d-ac96-774b-bcce-b302099a8057'),(4,'00000000-0000-0000-0000-000000000000'),(5,'ffffffff-ffff-ffff-ffff-ffffffffffff'),(6,NULL);
INSERT INTO k VALUES ('6ccd780c-baba-1026-9564-5b8c656024db',1); UPDATE k SET v=2;
-- @expect {"row":{"id":1,"u":"6ccd780c-baba-1026-9564-5b8c656024db"}}
-- @expect {"row":{"id":2,"u":"f47ac10b-58cc-4372-a567-0e02b2c3d479"}}
-- @expect {"row":{"id":3,"u":"01890a5d-ac96-774b-bcce-b302099a8057"}}
-- @expect {"row":{"id":4,"u":"00000000-0000-0000-0000-000000000000"}}
-- @expect {"row":{"id":5,"u":"ffffffff-ffff-ffff-ffff-ffffffffffff"}}
-- @expect {"row":{"id":6,"u":null}}
-- @expect {"src":"uuids.k","key":"6ccd780c-baba-1026-9564-5b8c656024db"}
-- @expect {"src":"uuids.k","key":"6ccd780c-baba-1026-9564-5b8c656024db","row":{"v":2}}
