ALTER TABLE orders.orders ADD COLUMN status text NOT NULL DEFAULT 'open', ADD CONSTRAINT orders_amount CHECK (amount > 0);
UPDATE orders.orders SET status = 'paid' WHERE id % 2 = 0;
INSERT INTO chaos.log VALUES ('orders V21');
