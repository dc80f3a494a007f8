CREATE SCHEMA orders;
CREATE TABLE orders.orders (id integer PRIMARY KEY, person_id integer NOT NULL REFERENCES chaos.people, amount numeric(10, 2) NOT NULL);
INSERT INTO orders.orders SELECT id, id, id * 1.5 FROM chaos.people WHERE id <= 20;
INSERT INTO chaos.log VALUES ('orders V20');
