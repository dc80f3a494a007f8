CREATE TABLE a (note text DEFAULT 'xÅ');
