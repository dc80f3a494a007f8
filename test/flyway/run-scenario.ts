import type { Sql } from 'postgres'
import { optionNamesOf } from '../../lib/config/option-table.js'
import { baseline, clean, info, migrate, repair, SchemawayError, validate } from '../../lib/index.js'
import type { FlywayProgram } from './flyway-program.js'
import { type Expectation, type Outcome, readHistory, type Scenario, type Step } from './scenario.js'

type CommandStep = Extract<Step, { readonly command: string }>

/** What carries out the steps: the real Flyway, or schemaway. */
export interface Runner {
  run(step: CommandStep, url: string, folder: string): Promise<Outcome['verdict']>
  info(step: CommandStep, url: string, folder: string): Promise<Outcome['info']>
}

/** Carries out all steps; an outcome for each that runs a command. */
export async function runScenario(
  scenario: Scenario,
  { url, sql }: { readonly url: string; readonly sql: Sql },
  runner: Runner,
): Promise<Expectation> {
  const outcomes: (Outcome | null)[] = []
  for (const step of scenario.steps) {
    if ('sql' in step) {
      await sql.unsafe(step.sql).simple()
      outcomes.push(null)
      continue
    }
    const folder = `${scenario.directory}/${step.files}`
    const verdict = await runner.run(step, url, folder)
    outcomes.push({
      verdict,
      history: await readHistory(sql, step.options?.['table']),
      info: await runner.info(step, url, folder),
    })
  }
  return outcomes
}

/** Runs steps with the real Flyway. */
export function flywayRunner(flyway: FlywayProgram): Runner {
  const optionsOf = (step: CommandStep, folder: string) => ({
    ...step.options,
    locations: locationsOf(step, folder)
      .map((location) => `filesystem:${location}`)
      .join(','),
  })
  return {
    run: async (step, url, folder) => {
      const { error, problems } = await flyway.run(step.command, url, optionsOf(step, folder))
      if (error !== null) return error.code
      return problems === undefined || problems.length === 0 ? 'ok' : problems.map(({ code }) => code).toSorted()
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
  return (
    options?.['locations']?.split(',').map((location) => (location === '' ? folder : `${folder}/${location}`)) ?? [
      folder,
    ]
  )
}

/** Codes of schemaway by those of Flyway that mean the same. */
const sameCodes: Readonly<Record<string, string>> = {
  VALIDATION_FAILED: 'VALIDATE_ERROR',
  STATEMENT_FAILED: 'ERROR',
  INVALID_OPTIONS: 'ERROR',
  MIGRATION_NOT_FOUND: 'ERROR',
  UNKNOWN_PLACEHOLDER: 'ERROR',
  INVALID_SCRIPT: 'ERROR',
  INVALID_SCRIPT_NAMES: 'ERROR',
  UNREADABLE_DIRECTORY: 'ERROR',
  SCHEMA_NOT_EMPTY: 'NON_EMPTY_SCHEMA_WITHOUT_SCHEMA_HISTORY_TABLE',
  BASELINE_REFUSED: 'ERROR',
  CLEAN_DISABLED: 'ERROR',
}

/** Flyway names a failed row so where it does not validate. */
const withoutValidation: Readonly<Record<string, string>> = { ...sameCodes, VALIDATION_FAILED: 'ERROR' }

/** Runs the same steps with schemaway. */
export const schemawayRunner: Runner = {
  run: async (step, url, folder) => {
    try {
      await runCommand(step, { url, locations: locationsOf(step, folder), ...optionsOf(step) })
      return 'ok'
    } catch (error) {
      if (!(error instanceof SchemawayError)) throw error
      if (step.command === 'validate' && error.code === 'VALIDATION_FAILED') {
        return (error.details.problems ?? []).map(({ kind }) => kind).toSorted()
      }
      return codeOf(error, step.options?.['validateOnMigrate'] === 'false' ? withoutValidation : sameCodes)
    }
  },
  info: async (step, url, folder) => {
    try {
      const { migrations } = await info({ url, locations: locationsOf(step, folder), ...optionsOfInfo(step) })
      return migrations.map(({ category, version, description, type, state }) => [
        category,
        version ?? '',
        description,
        type,
        state,
      ])
    } catch (error) {
      if (!(error instanceof SchemawayError)) throw error
      return [[codeOf(error)]]
    }
  },
}

function codeOf({ code, details }: SchemawayError, codes = sameCodes): string {
  const duplicate = details.problems?.find(({ kind }) => kind.startsWith('DUPLICATE_'))
  if (details.script?.endsWith('.conf') === true) return 'CONFIGURATION'
  return duplicate?.kind ?? codes[code] ?? code
}

/** Those of the command that info() takes and that mean something to it. */
function optionsOfInfo(step: CommandStep): Record<string, unknown> {
  const { ignoreMigrationPatterns: _, ...options } = optionsOf(step)
  const taken: ReadonlySet<string> = new Set(optionNamesOf('info'))
  return Object.fromEntries(Object.entries(options).filter(([name]) => taken.has(name)))
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

/** Bad names are always refused; locations were put in their folder before. */
const notOurs: ReadonlySet<string> = new Set([
  'postgresql.transactional.lock',
  'locations',
  'schemas',
  'validateMigrationNaming',
])

/** Their values are separated by commas. */
const lists: ReadonlySet<string> = new Set(['ignoreMigrationPatterns', 'cherryPick'])

/** Flyway's options, all texts, as schemaway takes them. */
function optionsOf({ options = {} }: CommandStep): Record<string, unknown> {
  const placeholders: Record<string, string> = {}
  const ours: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    if (notOurs.has(name)) continue
    if (name.startsWith('placeholders.')) placeholders[name.slice('placeholders.'.length)] = value
    else if (name === 'group') ours['transaction'] = value === 'true' ? 'all' : 'each'
    else if (name === 'encoding') ours[name] = value.toLowerCase()
    else if (name === 'defaultSchema') ours['historySchema'] = value
    else if (lists.has(name)) ours[name] = value.split(',').filter(Boolean)
    else ours[name] = value === 'true' || value === 'false' ? value === 'true' : value
  }
  return Object.keys(placeholders).length > 0 ? { ...ours, placeholders } : ours
}
