CREATE TABLE chaos.cities (id integer PRIMARY KEY, name text NOT NULL);
COPY chaos.cities (id, name) FROM stdin;
1	city number 1
2	city number 2
3	city number 3
4	city number 4
5	city number 5
6	city number 6
7	city number 7
8	city number 8
9	city number 9
10	city number 10
11	city number 11
12	city number 12
13	city number 13
14	city number 14
15	city number 15
16	city number 16
17	city number 17
18	city number 18
19	city number 19
20	city number 20
21	city number 21
22	city number 22
23	city number 23
24	city number 24
25	city number 25
26	city number 26
27	city number 27
28	city number 28
29	city number 29
30	city number 30
31	city number 31
32	city number 32
33	city number 33
34	city number 34
35	city number 35
36	city number 36
37	city number 37
38	city number 38
39	city number 39
40	city number 40
\.
INSERT INTO chaos.log VALUES ('V04');
