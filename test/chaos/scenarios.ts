import { defineModule, type MigrateOptions, migrate, rollback } from '../../lib/index.js'
import type { FaultKind } from './fault.js'

const chaos = defineModule({ name: 'chaos', directory: new URL('./scripts/chaos/', import.meta.url) })
const orders = defineModule({
  name: 'orders',
  directory: new URL('./scripts/orders/', import.meta.url),
  requires: ['chaos'],
})
const modules = [chaos, orders]

/** What the queries have in their texts by which the programs among the scripts, and their backfills, read rows. */
export const readByPrograms = 'FROM chaos.people'

/** Options that every call has. Lost connections show sooner when nothing waits long for the server to come back. */
const common = { connectRetries: 2, waitForLock: 20_000 } as const

export type ScenarioName =
  | 'empty'
  | 'half'
  | 'outside'
  | 'rollback-steps'
  | 'rollback-empty'
  | 'model'
  | 'table'
  | 'table-outside'
  | 'transaction'
  | 'transaction-program'
  | 'transaction-rollback'
  | 'replicas'
  | 'replicas-waiting'
  | 'replicas-table'
  | 'replicas-transaction'
/** The database that a scenario begins with; `outside` is one at the scripts that run outside a transaction, `behind` one past them. */
export type StateName = 'empty' | 'half' | 'outside' | 'behind' | 'full'

export interface Scenario {
  readonly name: ScenarioName
  readonly from: StateName
  readonly command: 'migrate' | 'rollback'
  /** How often it is drawn, against the others. */
  readonly weight: number
  /** Kinds of fault that it is not for. */
  readonly except?: readonly FaultKind[]
  /** Version up to which it goes. Default: the latest. */
  readonly target?: string
  /** Default: `session`, which is chosen on a direct connection. */
  readonly lockStrategy?: 'table' | 'transaction'
  /**
   * When another process, which is not struck, begins to migrate the same database: behind the one that is struck, which then mostly has
   * the lock first, or ahead of it, so that the one that is struck has to wait. Default: there is none.
   */
  readonly other?: 'behind' | 'ahead'
  /** Whether it is about the bundled model; else about the scripts beside this file. */
  readonly isModel: boolean
}

/** A server that has started again does not know whose session held a lock by table, so that its 30 seconds have to pass. */
const restarts = ['restart-fast', 'restart-immediate'] as const

export const scenarios: readonly Scenario[] = [
  { name: 'empty', from: 'empty', command: 'migrate', weight: 8, isModel: false },
  { name: 'half', from: 'half', command: 'migrate', weight: 4, isModel: false },
  { name: 'outside', from: 'outside', command: 'migrate', weight: 6, isModel: false },
  { name: 'rollback-steps', from: 'full', command: 'rollback', weight: 3, isModel: false },
  { name: 'rollback-empty', from: 'full', command: 'rollback', weight: 3, isModel: false },
  { name: 'model', from: 'empty', command: 'migrate', weight: 1, isModel: true },
  // One of the kinds waits for the 30 seconds, which is enough.
  { ...scripts('table', 'empty', 2), lockStrategy: 'table', except: ['restart-fast'] },
  { ...scripts('table-outside', 'outside', 2), lockStrategy: 'table', except: restarts },
  // Scripts outside a transaction are refused there.
  { ...scripts('transaction', 'empty', 2), lockStrategy: 'transaction', target: '4' },
  { ...scripts('transaction-program', 'behind', 1), lockStrategy: 'transaction', target: '9' },
  { ...scripts('transaction-rollback', 'full', 1), command: 'rollback', lockStrategy: 'transaction' },
  { ...scripts('replicas', 'empty', 3), other: 'behind' },
  { ...scripts('replicas-waiting', 'half', 2), other: 'ahead' },
  { ...scripts('replicas-table', 'half', 1), lockStrategy: 'table', other: 'behind', except: restarts },
  { ...scripts('replicas-transaction', 'empty', 2), lockStrategy: 'transaction', target: '4', other: 'behind' },
]

function scripts(name: ScenarioName, from: StateName, weight: number): Scenario {
  return { name, from, command: 'migrate', weight, isModel: false }
}

/** Version up to which the database of a state is migrated. */
export const targetOf: Readonly<Record<StateName, string | null>> = {
  empty: null,
  half: '8',
  outside: '4',
  behind: '6',
  full: 'latest',
}

export function findScenario(name: ScenarioName): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name)
  if (found === undefined) throw new TypeError(`there is no scenario ${name}`)
  return found
}

/** How a scenario locks, and its scripts. */
export function optionsOf({
  isModel,
  lockStrategy,
}: Pick<Scenario, 'isModel' | 'lockStrategy'>): Pick<MigrateOptions, 'modules' | 'lockStrategy' | 'waitForLock'> {
  return {
    ...common,
    ...(isModel ? {} : { modules }),
    ...(lockStrategy !== undefined && { lockStrategy }),
    ...(lockStrategy === 'table' && { waitForLock: 45_000 }),
  }
}

/** Options of a migrate() that goes where a scenario ends. */
export function migrateOptionsOf(scenario: Scenario): Omit<MigrateOptions, 'url'> {
  return { ...optionsOf(scenario), ...(scenario.target !== undefined && { target: scenario.target }) }
}

/** Calls the command of a scenario. */
export async function callCommand(
  scenario: Scenario,
  call: { readonly url: string; readonly signal?: AbortSignal },
): Promise<void> {
  const options = { ...optionsOf(scenario), ...call }
  if (scenario.command === 'migrate') await migrate({ ...options, ...migrateOptionsOf(scenario) })
  else if (scenario.name === 'rollback-empty') {
    await rollback({ ...options, to: 'empty', transaction: 'all', allowDataLoss: true })
  } else await rollback({ ...options, steps: scenario.name === 'transaction-rollback' ? 3 : 6, allowDataLoss: true })
}
