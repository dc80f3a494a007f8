import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Sql } from 'postgres'

/**
 * One folder below `scenarios`: `scenario.json` says what is done, its sub-folders hold the files, `expected.json` what the
 * real Flyway made of it. A new scenario needs no code: write the first, then record the second with `RECORD=1`.
 */
export interface Scenario {
  readonly name: string
  readonly directory: string
  /** What it is about, in one sentence. */
  readonly about: string
  readonly steps: readonly Step[]
  /** Where schemaway differs on purpose: the numbers of those steps, from 0, and the reason. */
  readonly differs?: { readonly steps: readonly number[]; readonly reason: string }
}

export type Step =
  /** Runs a command on the files of one sub-folder, with options in Flyway's words. */
  | { readonly command: ScenarioCommand; readonly files: string; readonly options?: Readonly<Record<string, string>> }
  /** Does something to the database that neither program did. */
  | { readonly sql: string }

export type ScenarioCommand = 'migrate' | 'validate' | 'baseline' | 'repair' | 'clean'

/** What can be seen after a step. */
export interface Outcome {
  /** `ok`, or Flyway's error codes, sorted. */
  readonly verdict: string | readonly string[]
  /** Version, description, type, script, checksum, success; by rank. */
  readonly history: readonly (readonly unknown[])[]
  /** Category, version, description, type, state. */
  readonly info: readonly (readonly string[])[]
}

export type Expectation = readonly (Outcome | null)[]

const directory = fileURLToPath(new URL('./scenarios/', import.meta.url))

export function readScenarios(): readonly Scenario[] {
  return readdirSync(directory)
    .toSorted()
    .map((name) => ({
      ...(JSON.parse(readFileSync(`${directory}${name}/scenario.json`, 'utf8')) as Omit<
        Scenario,
        'name' | 'directory'
      >),
      name,
      directory: `${directory}${name}`,
    }))
}

/** `null` while nothing is recorded. */
export function readExpectation(scenario: Scenario): Expectation | null {
  const path = expectationPath(scenario)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Expectation) : null
}

export function expectationPath(scenario: Scenario): string {
  return `${scenario.directory}/expected.json`
}

/** The history in its order, without what differs from run to run. */
export async function readHistory(sql: Sql, table = 'flyway_schema_history'): Promise<Outcome['history']> {
  const [found] = await sql`SELECT to_regclass(${`public.${table}`}) IS NOT NULL AS exists`
  if (found?.['exists'] !== true) return []
  const rows = await sql.unsafe(
    `SELECT version, description, type, script, checksum, success FROM public.${table} ORDER BY installed_rank`,
  )
  return rows.map((row) => Object.values(row))
}
