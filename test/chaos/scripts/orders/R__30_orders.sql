-- schemaway: requires=21
CREATE OR REPLACE VIEW orders.open_orders AS SELECT id, amount FROM orders.orders WHERE status = 'open';
INSERT INTO chaos.log VALUES ('orders R30');
