CREATE TABLE a (id int); -- grьяe
