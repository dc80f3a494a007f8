ALTER TABLE orders.orders DROP CONSTRAINT orders_amount, DROP COLUMN status;
DELETE FROM chaos.log WHERE script = 'orders V21';
