import assert from 'node:assert/strict'
import { test } from 'node:test'
import { optionNotes } from '../../docs/generate/flyway-names.js'
import { type OptionName, optionTable } from '../../lib/config/option-table.js'
import { differingFields, outcomeFields, readExpectation, readOwnOutcomes, readScenarios } from './scenario.js'

const scenarios = readScenarios()

/** What the real Flyway was seen to do, in what schemaway does the same. */
const steps = scenarios.flatMap((scenario) =>
  (readExpectation(scenario) ?? []).flatMap((outcome, index) =>
    outcome === null ? [] : [{ outcome, differing: differingFields(scenario, index) }],
  ),
)

test('every state that the open edition of Flyway knows is in some scenario', () => {
  const alike = steps.filter(({ differing }) => !differing.includes('info'))
  const seen = new Set(alike.flatMap(({ outcome }) => outcome.info.map((migration) => migration[4])))
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

test('every code of an error is in some scenario', () => {
  const alike = steps.filter(({ differing }) => !differing.includes('verdict'))
  const seen = new Set(alike.map(({ outcome }) => outcome.verdict))
  const codes = [
    'ok',
    'ERROR',
    'VALIDATE_ERROR',
    'CONFIGURATION',
    'DUPLICATE_VERSIONED_MIGRATION',
    'DUPLICATE_REPEATABLE_MIGRATION',
    'NON_EMPTY_SCHEMA_WITHOUT_SCHEMA_HISTORY_TABLE',
  ]
  assert.deepEqual(
    codes.filter((code) => !seen.has(code)),
    [],
  )
})

test('every problem of a validation is in some scenario', () => {
  const alike = steps.filter(({ differing }) => !differing.includes('problems'))
  const seen = new Set(alike.flatMap(({ outcome }) => outcome.problems.map(([code]) => code)))
  const codes = [
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
  ]
  assert.deepEqual(
    codes.filter((code) => !seen.has(code)),
    [],
  )
})

/** Options with Flyway's name that no scenario can show, and why. */
const unseen: Partial<Record<OptionName, string>> = {
  url: 'every scenario has one',
  cherryPick: 'it belongs to paid editions, which cannot be run here',
  connectRetries: 'the server of a test answers at once; test/run/connect-retry.test.ts',
}

test('every option that has the name that Flyway gives it is in some scenario', () => {
  const used = scenarios
    .flatMap((scenario) => scenario.steps)
    .map((step) => ('sql' in step ? {} : (step.options ?? {})))
  const seen = new Set(used.flatMap((options) => Object.keys(options).map((name) => name.replace(/\..*/, ''))))
  const named = optionNotes
    .flatMap(({ flyway }) => flyway.replace(/ \(.*\)$/, '').split(', '))
    .filter((name): name is OptionName => name in optionTable)
  assert.ok(named.length > 20)
  assert.deepEqual(
    named.filter((name) => !seen.has(name) && !(name in unseen)),
    [],
  )
  assert.deepEqual(
    Object.keys(unseen).filter((name) => seen.has(name)),
    [],
    'has a scenario by now',
  )
})

test('what differs names steps that run a command, and parts of their outcome', () => {
  for (const { name, steps: all, differs } of scenarios) {
    for (const [step, fields] of Object.entries(differs?.steps ?? {})) {
      assert.ok('command' in (all[Number(step)] ?? {}), `${name}: step ${step}`)
      assert.ok(fields.length > 0, `${name}: step ${step}`)
      assert.deepEqual(
        fields.filter((field) => !outcomeFields.includes(field)),
        [],
        name,
      )
    }
  }
})

test('both outcomes of every step of every scenario are recorded', () => {
  for (const scenario of scenarios) {
    const commands = scenario.steps.map((step) => 'command' in step)
    const recorded = [readExpectation(scenario), readOwnOutcomes(scenario)]
    for (const outcomes of recorded) {
      assert.deepEqual(
        outcomes?.map((outcome) => outcome !== null),
        commands,
        scenario.name,
      )
    }
  }
})
