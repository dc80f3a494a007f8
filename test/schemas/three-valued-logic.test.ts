import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  and,
  atLeast,
  choose,
  equal,
  greaterThan,
  isOneOf,
  lessThan,
  not,
  notEqual,
  or,
} from '../../lib/schemas/three-valued-logic.js'
import { modelDatabase } from '../model/model-database.js'

const truths = [true, false, null] as const
const numbers = [0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null] as const

test('truths and numbers are combined as the server combines them', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  for (const left of truths) {
    for (const right of truths) {
      const [row] = await sql`
        SELECT a AND b AS and, a OR b AS or, NOT a AS not, a = b AS equal, CASE WHEN a THEN b ELSE true END AS choose
        FROM (SELECT ${left}::boolean AS a, ${right}::boolean AS b) AS v`
      const ours = { and: and(left, right), or: or(left, right), not: not(left), equal: equal(left, right) }
      assert.deepEqual({ ...ours, choose: choose(left, right, true) }, { ...row })
    }
  }
  for (const left of numbers) {
    for (const right of numbers) {
      const [row] = await sql`
        SELECT a = b AS equal, a <> b AS different, a < b AS less, a > b AS greater, a >= b AS "atLeast",
               a = ANY (ARRAY[0, 1]::float8[]) AS "isOneOf"
        FROM (SELECT ${left}::float8 AS a, ${right}::float8 AS b) AS v`
      const ours = {
        equal: equal(left, right),
        different: notEqual(left, right),
        less: lessThan(left, right),
        greater: greaterThan(left, right),
        atLeast: atLeast(left, right),
        isOneOf: isOneOf(left, [0, 1]),
      }
      assert.deepEqual(ours, { ...row }, `${left} and ${right}`)
    }
  }
})
