-- @server mfull
-- @capture ["big.f"]
-- @before
DROP DATABASE IF EXISTS big; CREATE DATABASE big; USE big; SET GLOBAL max_allowed_packet=1073741824; CREATE TABLE f (id INT PRIMARY KEY, name VARCHAR(50) CHARACTER SET latin1, body LONGBLOB);
-- @live
USE big; INSERT INTO f VALUES (1,'é', REPEAT(UNHEX('00'),25000000)); INSERT INTO f VALUES (2,'b','x');
-- @expect {"key":"1n"}
-- @expect {"key":"2n"}
