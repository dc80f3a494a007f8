CREATE TABLE a (id integer, note text);
COPY a (id, note) FROM stdin;
1	one
2	\N
\.
INSERT INTO a VALUES (3, NULL);
