import { defineModule, type MigrateOptions, migrate, rollback } from '../../lib/index.js'
import type { FaultKind } from './fault.js'

const chaos = defineModule({ name: 'chaos', directory: new URL('./scripts/chaos/', import.meta.url) })
const orders = defineModule({
  name: 'orders',
  directory: new URL('./scripts/orders/', import.meta.url),
  requires: ['chaos'],
})
const modules = [chaos, orders]

/** Options that every call has. Lost connections show sooner when nothing waits long for the server to come back. */
const common = { connectRetries: 2, waitForLock: 20_000 } as const

export type ScenarioName = 'empty' | 'half' | 'outside' | 'rollback-steps' | 'rollback-empty' | 'model'
/** The database that a scenario begins with; `outside` is one at the scripts that run outside a transaction. */
export type StateName = 'empty' | 'half' | 'outside' | 'full'

export interface Scenario {
  readonly name: ScenarioName
  readonly from: StateName
  readonly command: 'migrate' | 'rollback'
  /** How often it is drawn, against the others. */
  readonly weight: number
  /** The kinds of fault that it is for. Default: all. */
  readonly only?: readonly FaultKind[]
  /** Whether it is about the bundled model; else about the scripts beside this file. */
  readonly isModel: boolean
}

export const scenarios: readonly Scenario[] = [
  { name: 'empty', from: 'empty', command: 'migrate', weight: 8, isModel: false },
  { name: 'half', from: 'half', command: 'migrate', weight: 4, isModel: false },
  { name: 'outside', from: 'outside', command: 'migrate', weight: 6, isModel: false },
  { name: 'rollback-steps', from: 'full', command: 'rollback', weight: 3, isModel: false },
  { name: 'rollback-empty', from: 'full', command: 'rollback', weight: 3, isModel: false },
  { name: 'model', from: 'empty', command: 'migrate', weight: 1, isModel: true },
]

/** Version up to which the database of a state is migrated. */
export const targetOf: Readonly<Record<StateName, string | null>> = {
  empty: null,
  half: '8',
  outside: '4',
  full: 'latest',
}

export function findScenario(name: ScenarioName): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name)
  if (found === undefined) throw new TypeError(`there is no scenario ${name}`)
  return found
}

/** Options of the scripts of a scenario. */
export function optionsOf({ isModel }: Pick<Scenario, 'isModel'>): Omit<MigrateOptions, 'url'> {
  return isModel ? common : { ...common, modules }
}

/** Calls the command of a scenario. */
export async function callCommand(
  scenario: Scenario,
  call: { readonly url: string; readonly signal?: AbortSignal },
): Promise<void> {
  const options = { ...optionsOf(scenario), ...call }
  if (scenario.command === 'migrate') await migrate(options)
  else if (scenario.name === 'rollback-empty') {
    await rollback({ ...options, to: 'empty', transaction: 'all', allowDataLoss: true })
  } else await rollback({ ...options, steps: 6, allowDataLoss: true })
}
