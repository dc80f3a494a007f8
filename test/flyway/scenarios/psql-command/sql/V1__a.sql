\restrict abc
CREATE TABLE a (id integer);
\unrestrict abc
