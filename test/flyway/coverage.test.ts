import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Outcome, readExpectation, readScenarios } from './scenario.js'

/** What the real Flyway was seen to do, in the steps in which schemaway does the same. */
const outcomes: readonly Outcome[] = readScenarios().flatMap((scenario) =>
  (readExpectation(scenario) ?? []).flatMap((outcome, index) =>
    outcome === null || scenario.differs?.steps.includes(index) ? [] : [outcome],
  ),
)

test('every state that the open edition of Flyway knows is in some scenario', () => {
  const seen = new Set(outcomes.flatMap(({ info }) => info.flatMap((migration) => migration[4] ?? [])))
  const states = [
    'Pending',
    'Below Baseline',
    'Ignored (Baseline)',
    'Above Target',
    'Ignored',
    'Success',
    'Out of Order',
    'Failed',
    'Missing',
    'Failed (Missing)',
    'Future',
    'Failed (Future)',
    'Outdated',
    'Superseded',
    'Deleted',
    'Baseline',
  ]
  assert.deepEqual(
    states.filter((state) => !seen.has(state)),
    [],
  )
})

test('every code of a validation is in some scenario', () => {
  const seen = new Set(outcomes.flatMap(({ verdict }) => verdict))
  const codes = [
    'ok',
    'FAILED_VERSIONED_MIGRATION',
    'FAILED_REPEATABLE_MIGRATION',
    'APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED',
    'APPLIED_REPEATABLE_MIGRATION_NOT_RESOLVED',
    'RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED',
    'RESOLVED_REPEATABLE_MIGRATION_NOT_APPLIED',
    'OUTDATED_REPEATABLE_MIGRATION',
    'TYPE_MISMATCH',
    'CHECKSUM_MISMATCH',
    'DESCRIPTION_MISMATCH',
    'DUPLICATE_VERSIONED_MIGRATION',
    'DUPLICATE_REPEATABLE_MIGRATION',
    'VALIDATE_ERROR',
    'ERROR',
  ]
  assert.deepEqual(
    codes.filter((code) => !seen.has(code)),
    [],
  )
})
