DROP SCHEMA orders CASCADE;
DELETE FROM chaos.log WHERE script = 'orders V20';
