-- @server mfull mnolog
-- @capture ["sp.o","sp.ms","sp.first"]
-- @before
DROP DATABASE IF EXISTS sp; CREATE DATABASE sp; USE sp;
CREATE TABLE o (id INT PRIMARY KEY); CREATE TABLE first (id INT PRIMARY KEY); CREATE TABLE unseen (id INT PRIMARY KEY);
CREATE TABLE ms (id INT PRIMARY KEY) ENGINE=MyISAM;
-- @live
USE sp; BEGIN; INSERT INTO o VALUES (1); SAVEPOINT s; INSERT INTO o VALUES (2); INSERT INTO ms VALUES (2); ROLLBACK TO S; INSERT INTO o VALUES (3); COMMIT;
BEGIN; SAVEPOINT `a``b`; SAVEPOINT é; INSERT INTO first VALUES (4); INSERT INTO ms VALUES (4); ROLLBACK TO SAVEPOINT `A``b`; INSERT INTO o VALUES (5); COMMIT;
BEGIN; INSERT INTO o VALUES (6); SAVEPOINT a; INSERT INTO o VALUES (7); SAVEPOINT b; INSERT INTO o VALUES (8); INSERT INTO ms VALUES (8); ROLLBACK TO b; INSERT INTO o VALUES (9); SAVEPOINT a; INSERT INTO o VALUES (10); ROLLBACK TO a; COMMIT;
BEGIN; INSERT INTO unseen VALUES (11); SAVEPOINT s; INSERT INTO o VALUES (11); INSERT INTO ms VALUES (11); ROLLBACK TO s; COMMIT;
XA START 'x'; INSERT INTO o VALUES (12); SAVEPOINT s; INSERT INTO o VALUES (13); INSERT INTO ms VALUES (13); ROLLBACK TO s; INSERT INTO o VALUES (14); XA END 'x'; XA PREPARE 'x'; XA COMMIT 'x';
-- @expect {"src":"sp.ms","key":"2n"}
-- @expect {"src":"sp.o","key":"1n"}
-- @expect {"src":"sp.o","key":"3n"}
-- @expect {"src":"sp.ms","key":"4n"}
-- @expect {"src":"sp.o","key":"5n"}
-- @expect {"src":"sp.ms","key":"8n"}
-- @expect {"src":"sp.o","key":"6n"}
-- @expect {"src":"sp.o","key":"7n"}
-- @expect {"src":"sp.o","key":"9n"}
-- @expect {"src":"sp.ms","key":"11n"}
-- @expect {"src":"sp.ms","key":"13n"}
-- @expect {"src":"sp.o","key":"12n"}
-- @expect {"src":"sp.o","key":"14n"}
