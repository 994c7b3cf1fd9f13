-- @server mmisc
-- @capture ["c43.k\"u'd\\u"]
-- @before
DROP DATABASE IF EXISTS c43; CREATE DATABASE c43; USE c43; CREATE TABLE "k""u'd\u" ("i""d" INT PRIMARY KEY, e ENUM('a\b','c''d'));
-- @live
USE c43; INSERT INTO "k""u'd\u" VALUES (1,'a\b'),(2,2); ALTER TABLE "k""u'd\u" ADD "n w" INT; INSERT INTO "k""u'd\u" VALUES (3,1,4); DROP TABLE "k""u'd\u";
-- @expect {"key":"1n","row":{"e":"a\\b"}}
-- @expect {"key":"2n","row":{"e":"c'd"}}
-- @expect {"key":"3n"}
