CREATE TABLE b (note text DEFAULT 'café');
