import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { testDatabase } from '../../lib/testing/index.js'
import { FlywayProgram, flywayDirectories } from './flyway-program.js'
import { flywayRunner, type Result, runScenario, schemawayRunner } from './run-scenario.js'
import {
  differingFields,
  expectationPath,
  type Outcome,
  type OwnOutcome,
  outcomeFields,
  ownOutcomesPath,
  readExpectation,
  readOwnOutcomes,
  readScenarios,
  type Scenario,
} from './scenario.js'

const scenarios = readScenarios()
const isRecording = process.env['RECORD'] === '1'
const isRecordingOurs = process.env['RECORD_OURS'] === '1'

for (const directory of flywayDirectories) {
  describe(`the real Flyway in ${directory.split('/').at(-1)}`, () => {
    let flyway: FlywayProgram
    before(() => {
      flyway = new FlywayProgram(directory)
    })
    after(async () => await flyway.stop())
    for (const scenario of scenarios) {
      test(`${scenario.name}: ${scenario.about}`, async (t) => {
        const results = await runScenario(scenario, await testDatabase(t), flywayRunner(flyway))
        const found = results.map((result) => result?.outcome ?? null)
        if (isRecording) writeFileSync(expectationPath(scenario), format(found))
        else assert.deepEqual(found, readExpectation(scenario))
      })
    }
  })
}

describe('schemaway does what the real Flyway was seen to do', () => {
  for (const scenario of scenarios) {
    test(`${scenario.name}: ${scenario.about}`, async (t) => {
      const results = await runScenario(scenario, await testDatabase(t), schemawayRunner)
      const expected = readExpectation(scenario)
      assert.ok(expected !== null, 'nothing of Flyway is recorded: run it with RECORD=1')
      for (const [index, result] of results.entries()) {
        if (result === null) continue
        for (const field of outcomeFields) {
          const ours: Outcome[typeof field] = result.outcome[field]
          const theirs: Outcome[typeof field] | undefined = expected[index]?.[field]
          if (!differingFields(scenario, index).includes(field)) {
            assert.deepEqual(ours, theirs, `${field} of step ${index}`)
          } else {
            assert.notDeepEqual(ours, theirs, `${field} of step ${index} does not differ any more`)
          }
        }
      }
      const own = results.map((result, index) => ownOutcomeOf(scenario, index, result))
      if (isRecordingOurs) writeFileSync(ownOutcomesPath(scenario), format(own))
      else assert.deepEqual(own, readOwnOutcomes(scenario), 'not what is recorded: run it with RECORD_OURS=1, and look')
    })
  }
})

/** What no comparison with Flyway pins. */
function ownOutcomeOf(scenario: Scenario, index: number, result: Result | null): OwnOutcome | null {
  if (result === null) return null
  const differing = differingFields(scenario, index).map((field) => [field, result.outcome[field]])
  return { code: result.code, ...Object.fromEntries(differing) }
}

/** One row a line, so that a change shows in review. */
function format(recorded: readonly unknown[]): string {
  return `${JSON.stringify(recorded, null, 2).replace(/\[\n\s+((?:[^[\]{}]|\n)+?)\n\s+\]/g, (_, items: string) => `[${items.replace(/\s*\n\s*/g, ' ')}]`)}\n`
}
