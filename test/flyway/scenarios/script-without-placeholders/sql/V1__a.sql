CREATE TABLE a${x} (note text DEFAULT '');
