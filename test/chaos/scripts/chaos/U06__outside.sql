DROP INDEX chaos.people_email_idx;
DELETE FROM chaos.log WHERE script LIKE 'V06%';
