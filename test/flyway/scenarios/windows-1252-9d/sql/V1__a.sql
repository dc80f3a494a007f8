CREATE TABLE a (note text DEFAULT 'xù');
