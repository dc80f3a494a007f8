import assert from 'node:assert/strict'
import test from 'node:test'
import { drawDiagram } from '../../docs/generate/draw-diagram.js'
import { unwrap } from '../../docs/generate/markdown.js'
import { readCatalogue } from '../../lib/catalogue/read-catalogue.js'
import { testDatabase } from '../../lib/testing/index.js'

test('a diagram tells optional from required keys, and one from many', async (t) => {
  const { sql } = await testDatabase(t)
  await sql.unsafe(`
    CREATE SCHEMA shop;
    CREATE SCHEMA other;
    CREATE TYPE shop.state AS ENUM ('new', 'paid');
    CREATE TABLE other.people (id integer PRIMARY KEY);
    CREATE TABLE shop.orders (
      id integer PRIMARY KEY, state shop.state NOT NULL, note text,
      buyer_id integer NOT NULL REFERENCES other.people, giver_id integer REFERENCES other.people
    );
    CREATE TABLE shop.receipts (order_id integer PRIMARY KEY REFERENCES shop.orders);
  `)
  const { tables } = await readCatalogue(sql, ['shop'])
  const drawn = drawDiagram(tables, { withColumns: true, enums: new Set(['shop.state']) })
  assert.deepEqual(drawn.split('\n'), [
    '```mermaid',
    'erDiagram',
    '  orders {',
    '    integer id PK',
    '    state state',
    '    integer buyer_id FK',
    '    integer giver_id FK',
    '  }',
    '  receipts {',
    '    integer order_id PK, FK',
    '  }',
    '  other_people["other.people"]',
    '  other_people ||--o{ orders : "buyer_id"',
    '  other_people |o--o{ orders : "giver_id"',
    '  orders ||--o| receipts : "order_id"',
    '```',
  ])
})

test('only parentheses around the whole of a condition are taken off', () => {
  assert.equal(unwrap('((a) OR (b))'), '(a) OR (b)')
  assert.equal(unwrap('(a) OR (b)'), '(a) OR (b)')
  assert.equal(unwrap(`((x ~ '(')) `.trim()), `x ~ '('`)
})
