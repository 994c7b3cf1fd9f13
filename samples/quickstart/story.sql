-- A small book shop on its first days.
CREATE DATABASE bookshop CHARACTER SET utf8mb4;
USE bookshop;
CREATE TABLE book (
  id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT,
  title VARCHAR(120) NOT NULL,
  author VARCHAR(80) NOT NULL,
  price DECIMAL(8,2) NOT NULL,
  stock INT UNSIGNED NOT NULL DEFAULT 0,
  shelf ENUM('novel', 'poetry', 'science', 'children') NOT NULL,
  published DATE
);
CREATE TABLE customer (
  id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT,
  name VARCHAR(80) NOT NULL,
  email VARCHAR(120),
  joined DATETIME(3) NOT NULL
);
CREATE TABLE sale (
  id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT,
  customer_id BIGINT UNSIGNED NOT NULL,
  book_id BIGINT UNSIGNED NOT NULL,
  copies INT UNSIGNED NOT NULL,
  paid DECIMAL(8,2) NOT NULL,
  sold_at TIMESTAMP(6) NOT NULL DEFAULT '2026-03-02 09:00:00'
);

-- The first delivery, unpacked in one go.
INSERT INTO book (title, author, price, stock, shelf, published) VALUES
  ('The Left Hand of Darkness', 'Ursula K. Le Guin', 12.50, 4, 'novel', '1969-03-01'),
  ('Momo', 'Michael Ende', 14.00, 6, 'children', '1973-01-01'),
  ('On the Origin of Species', 'Charles Darwin', 18.90, 2, 'science', '1859-11-24'),
  ('Fables', 'Aesop', 9.95, 10, 'children', NULL),
  ('Odes', 'Pablo Neruda', 11.20, 3, 'poetry', '1954-07-01'),
  ('Die Verwandlung', 'Franz Kafka', 7.80, 5, 'novel', '1915-10-01');

-- The first customers.
INSERT INTO customer (name, email, joined) VALUES ('Ada', 'ada@example.org', '2026-03-02 09:12:00.250');
INSERT INTO customer (name, email, joined) VALUES ('Grace', NULL, '2026-03-02 09:40:31.007');

-- Ada buys two books in one transaction: stock and sales change together.
BEGIN;
UPDATE book SET stock = stock - 1 WHERE title = 'Momo';
INSERT INTO sale (customer_id, book_id, copies, paid, sold_at) VALUES (1, 2, 1, 14.00, '2026-03-02 09:15:10.000001');
UPDATE book SET stock = stock - 2 WHERE title = 'Fables';
INSERT INTO sale (customer_id, book_id, copies, paid, sold_at) VALUES (1, 4, 2, 19.90, '2026-03-02 09:15:10.000002');
COMMIT;

-- Grace changes her mind at the till: nothing of this may be seen by anybody.
BEGIN;
UPDATE book SET stock = stock - 1 WHERE title = 'Odes';
INSERT INTO sale (customer_id, book_id, copies, paid) VALUES (2, 5, 1, 11.20);
ROLLBACK;

-- Night falls; the server begins a new log.
FLUSH BINARY LOGS;

-- Grace comes back, with an address this time.
UPDATE customer SET email = 'grace@example.org' WHERE name = 'Grace';
BEGIN;
UPDATE book SET stock = stock - 1 WHERE title = 'Odes';
INSERT INTO sale (customer_id, book_id, copies, paid, sold_at) VALUES (2, 5, 1, 11.20, '2026-03-03 10:02:59.500000');
COMMIT;

-- Spring sale: every children's book is one euro cheaper.
UPDATE book SET price = price - 1.00 WHERE shelf = 'children';

-- Kafka is sold out for good and leaves the shelf.
UPDATE book SET stock = 0 WHERE title = 'Die Verwandlung';
DELETE FROM book WHERE title = 'Die Verwandlung';

-- A poem nobody can spell arrives.
INSERT INTO book (title, author, price, stock, shelf, published) VALUES ('Łódź, モモ and other 📚', 'Anonymous', 0.99, 1, 'poetry', '2026-03-03');

-- Ada returns one of her Fables.
BEGIN;
UPDATE sale SET copies = 1, paid = 9.95 WHERE book_id = 4;
UPDATE book SET stock = stock + 1 WHERE title = 'Fables';
COMMIT;

-- Ada closes her account; what she bought stays in the books.
DELETE FROM customer WHERE name = 'Ada';
