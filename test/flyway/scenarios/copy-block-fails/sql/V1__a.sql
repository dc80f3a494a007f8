CREATE TABLE a (id integer, note text);
COPY a (id, note) FROM stdin;
1	one
x	\N
\.
