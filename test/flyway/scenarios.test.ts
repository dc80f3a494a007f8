import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { testDatabase } from '../../lib/testing/index.js'
import { FlywayProgram, flywayDirectories } from './flyway-program.js'
import { flywayRunner, runScenario, schemawayRunner } from './run-scenario.js'
import { type Expectation, expectationPath, readExpectation, readScenarios, type Scenario } from './scenario.js'

const scenarios = readScenarios()
const isRecording = process.env['RECORD'] === '1'

for (const directory of flywayDirectories) {
  describe(`the real Flyway in ${directory.split('/').at(-1)}`, () => {
    const flyway = new FlywayProgram(directory)
    for (const scenario of scenarios) {
      test(`${scenario.name}: ${scenario.about}`, async (t) => {
        const found = await runScenario(scenario, await testDatabase(t), flywayRunner(flyway))
        if (isRecording) writeFileSync(expectationPath(scenario), format(found))
        else assert.deepEqual(found, readExpectation(scenario))
      })
    }
    test('ends', async () => await flyway.stop())
  })
}

describe('schemaway does what the real Flyway was seen to do', () => {
  for (const scenario of scenarios) {
    test(`${scenario.name}: ${scenario.about}`, async (t) => {
      const found = await runScenario(scenario, await testDatabase(t), schemawayRunner)
      const expected = readExpectation(scenario)
      assert.deepEqual(agreed(scenario, found), agreed(scenario, expected ?? []))
      for (const index of scenario.differs?.steps ?? []) {
        assert.notDeepEqual(found[index], expected?.[index], `step ${index} does not differ any more`)
      }
    })
  }
})

/** Outcomes of the steps in which both are meant to agree. */
function agreed({ differs }: Scenario, expectation: Expectation): Expectation {
  return expectation.filter((_, index) => differs?.steps.includes(index) !== true)
}

/** One row a line, so that a change shows in review. */
function format(expectation: Expectation): string {
  return `${JSON.stringify(expectation, null, 2).replace(/\[\n\s+((?:[^[\]{}]|\n)+?)\n\s+\]/g, (_, items: string) => `[${items.replace(/\s*\n\s*/g, ' ')}]`)}\n`
}
