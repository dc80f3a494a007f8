import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Sql } from 'postgres'

/**
 * One folder below `scenarios`: `scenario.json` says what is done, its sub-folders hold the files, `expected.json` what the
 * real Flyway made of it, `ours.json` under which codes of ours, and what we make of it where we differ. A new scenario
 * needs no code: write the first, then record the others with `RECORD=1` and `RECORD_OURS=1`.
 */
export interface Scenario {
  readonly name: string
  readonly directory: string
  /** What it is about, in one sentence. */
  readonly about: string
  readonly steps: readonly Step[]
  /** Table with the columns `id` and `entry`, into which callbacks write; it is emptied after each step. */
  readonly log?: string
  /** Where schemaway differs on purpose: by the number of the step, from 0, what of its outcome; and the reason. */
  readonly differs?: { readonly steps: Readonly<Record<string, readonly OutcomeField[]>>; readonly reason: string }
}

export type Step =
  /** Runs a command on the files of one sub-folder, with options in Flyway's words. */
  | { readonly command: ScenarioCommand; readonly files: string; readonly options?: Readonly<Record<string, string>> }
  /** Does something to the database that neither program did. */
  | { readonly sql: string }

export type ScenarioCommand = 'migrate' | 'validate' | 'baseline' | 'repair' | 'clean'

/** What can be seen after a step. */
export interface Outcome {
  /** `ok`, or Flyway's error code. */
  readonly verdict: string
  /** What a validation found, also that of `migrate`: code, version, and the description of a repeatable; sorted. */
  readonly problems: readonly Found[]
  /** Version, description, type, script, checksum, success; by rank. */
  readonly history: readonly (readonly unknown[])[]
  /** Category, version, description, type, state. */
  readonly info: readonly (readonly string[])[]
  /** What callbacks wrote down, in order; absent without a log. */
  readonly log?: readonly string[]
}

export type Found = readonly [code: string, version: string, description: string]

export const outcomeFields = ['verdict', 'problems', 'history', 'info', 'log'] as const
export type OutcomeField = (typeof outcomeFields)[number]

export type Expectation = readonly (Outcome | null)[]

/** What is recorded of schemaway for a step: its own code, `ok` without an error, and the fields in which it differs. */
export type OwnOutcome = { readonly code: string } & Partial<Outcome>

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

/** The fields of a step in which schemaway differs on purpose. */
export function differingFields({ differs }: Scenario, step: number): readonly OutcomeField[] {
  return differs?.steps[String(step)] ?? []
}

/** What the real Flyway did; `null` while nothing is recorded. */
export function readExpectation(scenario: Scenario): Expectation | null {
  return read(expectationPath(scenario))
}

/** What schemaway did that cannot be told from Flyway's outcome; `null` while nothing is recorded. */
export function readOwnOutcomes(scenario: Scenario): readonly (OwnOutcome | null)[] | null {
  return read(ownOutcomesPath(scenario))
}

export function expectationPath(scenario: Scenario): string {
  return `${scenario.directory}/expected.json`
}

export function ownOutcomesPath(scenario: Scenario): string {
  return `${scenario.directory}/ours.json`
}

function read<Recorded>(path: string): Recorded | null {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Recorded) : null
}

/** The history in its order, without what differs from run to run. Neither program leaves it anywhere but in its schema. */
export async function readHistory(
  sql: Sql,
  { table = 'flyway_schema_history', defaultSchema = 'public' }: Readonly<Record<string, string>> = {},
): Promise<Outcome['history']> {
  const name = `${defaultSchema}.${table}`
  const [found] = await sql`SELECT to_regclass(${name}) IS NOT NULL AS exists`
  if (found?.['exists'] !== true) return []
  const rows = await sql.unsafe(
    `SELECT version, description, type, script, checksum, success FROM ${name} ORDER BY installed_rank`,
  )
  return rows.map((row) => Object.values(row))
}
