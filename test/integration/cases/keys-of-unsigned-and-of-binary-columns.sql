-- @server mfull mnolog ymin
-- @capture ["sign.k","sign.c","sign.b"]
-- @before
DROP DATABASE IF EXISTS sign; CREATE DATABASE sign; USE sign;
CREATE TABLE k (id BIGINT UNSIGNED PRIMARY KEY, v INT);
CREATE TABLE c (b VARCHAR(10), a BIGINT UNSIGNED, z INT, PRIMARY KEY (a,b));
CREATE TABLE b (id BINARY(4) PRIMARY KEY, v INT);
-- @live
USE sign; INSERT INTO k VALUES (18446744073709551615,1),(9223372036854775808,2),(9007199254740993,3); DELETE FROM k WHERE id=9223372036854775808;
INSERT INTO c VALUES ('x\ty',18446744073709551615,1); UPDATE c SET b='n\\m'; INSERT INTO b VALUES (X'01000000',1),(X'01',2) ON DUPLICATE KEY UPDATE v=9;
-- @expect {"src":"sign.k","op":"UPSERT","key":"18446744073709551615n"}
-- @expect {"src":"sign.k","op":"UPSERT","key":"9223372036854775808n"}
-- @expect {"src":"sign.k","op":"UPSERT","key":"9007199254740993n"}
-- @expect {"src":"sign.k","op":"DELETE","key":"9223372036854775808n","row":{"id":"9223372036854775808n"}}
-- @expect {"src":"sign.c","op":"UPSERT","key":"18446744073709551615\tx\\\ty"}
-- @expect {"src":"sign.c","op":"DELETE","key":"18446744073709551615\tx\\\ty"}
-- @expect {"src":"sign.c","op":"UPSERT","key":"18446744073709551615\tn\\\\m"}
-- @expect {"src":"sign.b","op":"UPSERT","key":"01000000"}
-- @expect {"src":"sign.b","op":"UPSERT","key":"01000000","row":{"v":9}}
