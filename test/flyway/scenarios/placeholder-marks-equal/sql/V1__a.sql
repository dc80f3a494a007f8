CREATE TABLE a%%X%% (note text DEFAULT '5 %');
