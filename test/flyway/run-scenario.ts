import type { Sql } from 'postgres'
import { info, migrate, SchemawayError, validate } from '../../lib/index.js'
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
  const optionsOf = (step: CommandStep, folder: string) => ({ ...step.options, locations: `filesystem:${folder}` })
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

/** Codes of schemaway by those of Flyway that mean the same. */
const sameCodes: Readonly<Record<string, string>> = {
  VALIDATION_FAILED: 'VALIDATE_ERROR',
  STATEMENT_FAILED: 'ERROR',
}

/** Runs the same steps with schemaway. */
export const schemawayRunner: Runner = {
  run: async (step, url, folder) => {
    try {
      await runCommand(step, { url, locations: folder, ...optionsOf(step) })
      return 'ok'
    } catch (error) {
      if (!(error instanceof SchemawayError)) throw error
      if (step.command === 'validate' && error.code === 'VALIDATION_FAILED') {
        return (error.details.problems ?? []).map(({ kind }) => kind).toSorted()
      }
      return codeOf(error)
    }
  },
  info: async (step, url, folder) => {
    try {
      const { migrations } = await info({ url, locations: folder, ...optionsOf(step) })
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

function codeOf({ code, details }: SchemawayError): string {
  const duplicate = details.problems?.find(({ kind }) => kind.startsWith('DUPLICATE_'))
  return duplicate?.kind ?? sameCodes[code] ?? code
}

async function runCommand(step: CommandStep, options: Parameters<typeof migrate>[0]): Promise<unknown> {
  switch (step.command) {
    case 'migrate':
      return await migrate(options)
    case 'validate':
      return await validate(options)
    case 'baseline':
    case 'repair':
    case 'clean':
      throw new TypeError(`schemaway has no ${step.command} yet`)
    default:
      return step.command satisfies never
  }
}

/** Flyway's options, all texts, as schemaway takes them. */
function optionsOf({ options = {} }: CommandStep): Record<string, unknown> {
  const placeholders: Record<string, string> = {}
  const ours: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options)) {
    if (name.startsWith('placeholders.')) placeholders[name.slice('placeholders.'.length)] = value
    else ours[name] = value === 'true' || value === 'false' ? value === 'true' : value
  }
  return Object.keys(placeholders).length > 0 ? { ...ours, placeholders } : ours
}
