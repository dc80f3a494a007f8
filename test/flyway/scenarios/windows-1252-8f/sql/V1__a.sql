CREATE TABLE a (note text DEFAULT 'xè');
