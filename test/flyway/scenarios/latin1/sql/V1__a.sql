CREATE TABLE a (note text DEFAULT 'café');
