CREATE TABLE a (note text DEFAULT '${x}');
