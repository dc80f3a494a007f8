DROP VIEW chaos.team_sizes;
DELETE FROM chaos.log WHERE script = 'R10';
