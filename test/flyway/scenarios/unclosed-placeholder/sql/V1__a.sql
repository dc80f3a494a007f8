CREATE TABLE a (id integer DEFAULT 1 << 2);
