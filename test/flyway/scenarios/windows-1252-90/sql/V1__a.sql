CREATE TABLE a (note text DEFAULT 'xê');
