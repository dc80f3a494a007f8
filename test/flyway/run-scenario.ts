import type { Sql } from 'postgres'
import { type OptionName, optionNamesOf } from '../../lib/config/option-table.js'
import { baseline, clean, info, migrate, repair, SchemawayError, validate } from '../../lib/index.js'
import type { FlywayProgram } from './flyway-program.js'
import { inWordsOfFlyway } from './same-codes.js'
import { type Found, type Outcome, readHistory, type Scenario, type Step } from './scenario.js'

type CommandStep = Extract<Step, { readonly command: string }>

/** What a program answers to a command, `code` in its own words. */
interface Answer extends Pick<Outcome, 'verdict' | 'problems'> {
  readonly code: string
}

/** What carries out the steps: the real Flyway, or schemaway. */
export interface Runner {
  run(step: CommandStep, url: string, folder: string): Promise<Answer>
  info(step: CommandStep, url: string, folder: string): Promise<Outcome['info']>
}

/** What came of a step, and the program's own code for it. */
export interface Result {
  readonly code: string
  readonly outcome: Outcome
}

/** Carries out all steps; a result for each that runs a command. */
export async function runScenario(
  scenario: Scenario,
  { url, sql }: { readonly url: string; readonly sql: Sql },
  runner: Runner,
): Promise<readonly (Result | null)[]> {
  const results: (Result | null)[] = []
  for (const step of scenario.steps) {
    if ('sql' in step) {
      await sql.unsafe(step.sql).simple()
      results.push(null)
      continue
    }
    const folder = `${scenario.directory}/${step.files}`
    const { code, verdict, problems } = await runner.run(step, url, folder)
    const history = await readHistory(sql, step.options)
    const log = scenario.log === undefined ? {} : { log: await takeLog(sql, scenario.log) }
    const found = { verdict, problems, history, info: await runner.info(step, url, folder), ...log }
    // What callbacks of info() wrote is of no step.
    if (scenario.log !== undefined) await takeLog(sql, scenario.log)
    results.push({ code, outcome: found })
  }
  return results
}

/** Reads what callbacks wrote, and empties their table. */
async function takeLog(sql: Sql, table: string): Promise<readonly string[]> {
  const rows = await sql.unsafe(`WITH gone AS (DELETE FROM ${table} RETURNING *) SELECT entry FROM gone ORDER BY id`)
  return rows.map((row) => String(row['entry']))
}

/** Runs steps with the real Flyway. */
export function flywayRunner(flyway: FlywayProgram): Runner {
  const optionsOf = (step: CommandStep, folder: string) => ({
    ...step.options,
    locations: locationsOf(step, folder).join(','),
  })
  return {
    run: async (step, url, folder) => {
      const { error, verdict = 'ok', problems = [] } = await flyway.run(step.command, url, optionsOf(step, folder))
      // Flyway 13 calls any callback that fails DB_CONNECTION, Flyway 11 ERROR.
      const isCallback = error !== null && /^Error while executing \w+ callback/.test(error.message)
      const code = isCallback ? 'ERROR' : (error?.code ?? verdict)
      const found = problems.map(
        ({ code: kind, version, description }): Found => [kind, version, version === '' ? description : ''],
      )
      return { code, verdict: code, problems: found.toSorted(byText) }
    },
    info: async (step, url, folder) => {
      const { error, migrations } = await flyway.run('info', url, optionsOf(step, folder))
      if (migrations === undefined) return [[error?.code ?? '']]
      return migrations.map(({ category, version, description, type, state }) => [
        category,
        version,
        description,
        type,
        state,
      ])
    },
  }
}

/** The option `locations` names folders below that of the step's files; without it that one is read. */
function locationsOf({ options }: CommandStep, folder: string): readonly string[] {
  const below = options?.['locations']?.split(',') ?? ['']
  return below.map((location) => `filesystem:${location === '' ? folder : `${folder}/${location}`}`)
}

function byText(one: Found, other: Found): number {
  const [a, b] = [one.join(' '), other.join(' ')]
  return a < b ? -1 : a > b ? 1 : 0
}

/** Runs the same steps with schemaway. */
export const schemawayRunner: Runner = {
  run: async (step, url, folder) => {
    try {
      await runCommand(step, { url, locations: locationsOf(step, folder), ...optionsOf(step) })
      return { code: 'ok', verdict: 'ok', problems: [] }
    } catch (error) {
      if (!(error instanceof SchemawayError)) throw error
      return { code: error.code, verdict: inWordsOfFlyway(error), problems: problemsOf(error) }
    }
  },
  info: async (step, url, folder) => {
    try {
      const { migrations } = await info({ url, locations: locationsOf(step, folder), ...optionsOf(step, 'info') })
      return migrations.map(({ category, version, description, type, state }) => [
        category,
        version ?? '',
        description,
        type,
        state,
      ])
    } catch (error) {
      if (!(error instanceof SchemawayError)) throw error
      return [[inWordsOfFlyway(error)]]
    }
  },
}

/** Of a validation, whose problems Flyway lists too. */
function problemsOf({ code, details: { problems = [] } }: SchemawayError): readonly Found[] {
  if (code !== 'VALIDATION_FAILED') return []
  return problems
    .map(({ kind, version, script = '' }): Found => [kind, version ?? '', version === undefined ? inWords(script) : ''])
    .toSorted(byText)
}

/** The description of a repeatable, from the path of its file. */
function inWords(script: string): string {
  return script.replace(/^.*?R__|\.sql$/g, '').replaceAll('_', ' ')
}

async function runCommand(step: CommandStep, options: Parameters<typeof migrate>[0]): Promise<unknown> {
  switch (step.command) {
    case 'migrate':
      return await migrate(options)
    case 'validate':
      return await validate(options)
    case 'baseline':
      return await baseline(options)
    case 'repair':
      return await repair(options)
    case 'clean':
      return await clean(options)
    default:
      return step.command satisfies never
  }
}

/** Options of Flyway that schemaway does not have, or that are given in another way: see docs/flyway.md. */
const notOurs: ReadonlySet<string> = new Set([
  'postgresql.transactional.lock',
  'locations',
  'schemas',
  'validateMigrationNaming',
])

/** Their values are separated by commas. */
const lists: ReadonlySet<string> = new Set(['ignoreMigrationPatterns', 'cherryPick'] satisfies OptionName[])

/** Flyway's options, all texts, as schemaway takes them for a command. */
function optionsOf({ command, options = {} }: CommandStep, asked: CommandStep['command'] | 'info' = command) {
  const placeholders: Record<string, string> = {}
  const ours: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    if (notOurs.has(name)) continue
    if (name.startsWith('placeholders.')) placeholders[name.slice('placeholders.'.length)] = value
    else if (name === 'group') ours['transaction'] = value === 'true' ? 'all' : 'each'
    else if (name === 'defaultSchema') ours['historySchema'] = value
    else if (lists.has(name)) ours[name] = value.split(',').filter(Boolean)
    else ours[name] = value === 'true' || value === 'false' ? value === 'true' : value
  }
  if (Object.keys(placeholders).length > 0) ours['placeholders'] = placeholders
  if (asked === command) return ours
  const taken: ReadonlySet<string> = new Set(optionNamesOf(asked))
  return Object.fromEntries(Object.entries(ours).filter(([name]) => taken.has(name)))
}
