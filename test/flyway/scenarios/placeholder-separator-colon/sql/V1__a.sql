CREATE TABLE ${flyway:defaultSchema}.a (id int);
