-- schemaway: requires=11
CREATE OR REPLACE VIEW chaos.team_sizes AS
SELECT teams.name, count(people.id) AS size FROM chaos.teams LEFT JOIN chaos.people ON team_id = teams.id GROUP BY teams.name;
INSERT INTO chaos.log VALUES ('R10');
