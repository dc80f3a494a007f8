DROP VIEW orders.open_orders;
DELETE FROM chaos.log WHERE script = 'orders R30';
