-- @server yfull
-- @capture ["opaque.j"]
-- @before
DROP DATABASE IF EXISTS opaque; CREATE DATABASE opaque; USE opaque;
CREATE TABLE src (y YEAR, b BIT(10), d DATE, t TIME(3), dt DATETIME(6), bl BLOB, n DECIMAL(20,4), e ENUM('k','l'), s SET('m','n')); INSERT INTO src VALUES (2024,b'1010101010','2024-02-29','-10:11:12.5','2001-02-03 04:05:06.000007',X'00FF',-12345.6700,'l','m,n');
CREATE TABLE j (id INT PRIMARY KEY, d JSON);
-- @live
USE opaque;
INSERT INTO j SELECT 1, JSON_OBJECT('n', n, 'd', d, 't', t, 'dt', dt) FROM src;
INSERT INTO j SELECT 2, JSON_OBJECT('e', e, 's', s, 'bl', bl) FROM src;
INSERT INTO j SELECT 3, JSON_ARRAY(y) FROM src;
INSERT INTO j SELECT 4, JSON_ARRAY(b) FROM src;
INSERT INTO j SELECT 5, JSON_ARRAY(ST_GeomFromText('POINT(1 2)'), CAST('x' AS BINARY), X'41') FROM src;
-- @expect {"row":{"id":1,"d":"{\"d\": \"2024-02-29\", \"n\": -12345.6700, \"t\": \"-10:11:12.500000\", \"dt\": \"2001-02-03 04:05:06.000007\"}"}}
-- @expect {"row":{"id":2,"d":"{\"e\": \"l\", \"s\": \"m,n\", \"bl\": \"base64:type252:AP8=\"}"}}
-- @expect {"row":{"id":3,"d":"[2024]"}}
-- @expect {"row":{"id":4,"d":"[\"base64:type16:Aqo=\"]"}}
-- @expect {"row":{"id":5}}
