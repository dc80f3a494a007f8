import { migrate, rollback } from '../../lib/index.js'
import type { ChaosServer } from './chaos-server.js'
import { smallTablespace } from './chaos-server.js'
import type { ChildPool } from './child-pool.js'
import type { Measure } from './fault.js'
import { startFaultProxy } from './fault-proxy.js'
import { prepareOther } from './other-replica.js'
import { readSnapshot, type Snapshot } from './read-snapshot.js'
import {
  callCommand,
  findScenario,
  migrateOptionsOf,
  optionsOf,
  type Scenario,
  type ScenarioName,
  type StateName,
  targetOf,
} from './scenarios.js'

/** What runs without faults make, on the server where the faults are injected. All of it is made when it is first asked for. */
export interface References {
  /** Where a scenario ends, after a migrate() behind its command. */
  endOf(scenario: ScenarioName): Promise<Snapshot>
  /** What each rollback may stop at, by the scripts that history then holds. */
  rolledBack(): Promise<ReadonlyMap<string, Snapshot>>
  measure(scenario: ScenarioName): Promise<Measure>
}

const rolesSql = `DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'chaos_reader') THEN CREATE ROLE chaos_reader; END IF;
END $$`

export function templateOf(state: StateName): string {
  return `chaos_${state}`
}

/** Copies the database of a state. On the small disk there is room for one. */
export async function createDatabase(
  server: ChaosServer,
  name: string,
  { from, isOnSmallDisk = false }: { readonly from: StateName; readonly isOnSmallDisk?: boolean },
): Promise<void> {
  const template = from === 'empty' ? 'template0' : templateOf(from)
  const place = isOnSmallDisk ? `TABLESPACE ${smallTablespace}` : ''
  await server.admin.unsafe(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy ${place}`)
}

/** Ends whatever sessions are left; returns when the database is gone. */
export async function dropDatabase(server: ChaosServer, name: string): Promise<void> {
  await server.admin.unsafe(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
}

/** Makes the templates. */
export async function makeReferences(server: ChaosServer, others: ChildPool): Promise<References> {
  await server.admin.unsafe(rolesSql)
  // First of all, since it makes roles, which belong to the whole server, and to which histories are granted from then on.
  await inCopy(server, 'empty', async (database) => {
    await migrate({ ...optionsOf({ isModel: true }), url: server.urlOf(database), target: 'next' })
  })
  for (const [state, target] of Object.entries(targetOf)) {
    if (target === null) continue
    const name = templateOf(state as StateName)
    await server.admin.unsafe(`CREATE DATABASE ${name} TEMPLATE template0`)
    await migrate({ ...optionsOf({ isModel: false }), url: server.urlOf(name), target })
  }
  const states = once(rollBackStepwise)
  return {
    endOf: once(async (name: ScenarioName) => await reachEnd(server, findScenario(name))),
    rolledBack: async () => await states(server),
    measure: once(async (name: ScenarioName) => {
      // The first time the program is warmed up.
      await measure(server, others, findScenario(name))
      return await measure(server, others, findScenario(name))
    }),
  }
}

/** Remembers what a function returned for an argument. */
function once<Argument, Result>(
  make: (argument: Argument) => Promise<Result>,
): (argument: Argument) => Promise<Result> {
  const made = new Map<Argument, Promise<Result>>()
  return (argument) => {
    const known = made.get(argument) ?? make(argument)
    made.set(argument, known)
    return known
  }
}

async function reachEnd(server: ChaosServer, scenario: Scenario): Promise<Snapshot> {
  return await inCopy(server, scenario.from, async (database) => {
    const url = server.urlOf(database)
    await callCommand(scenario, { url })
    await migrate({ ...migrateOptionsOf(scenario), url })
    return await snapshot(server, database, scenario.isModel)
  })
}

/** Names the state of a database by the scripts of its history. */
export function keyOf({ history }: Snapshot): string {
  return history
    .map(({ script }) => script)
    .sort()
    .join(' ')
}

export async function snapshot(server: ChaosServer, database: string, countsOnly: boolean): Promise<Snapshot> {
  const sql = server.open(database)
  try {
    return await readSnapshot(sql, { countsOnly })
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function rollBackStepwise(server: ChaosServer): Promise<ReadonlyMap<string, Snapshot>> {
  return await inCopy(server, 'full', async (database) => {
    const states = new Map<string, Snapshot>()
    for (;;) {
      const found = await snapshot(server, database, false)
      states.set(keyOf(found), found)
      if (!found.history.some(({ type }) => type === 'SQL' || type === 'JDBC')) return states
      const { migrations } = await rollback({
        ...optionsOf({ isModel: false }),
        url: server.urlOf(database),
        steps: 1,
        allowDataLoss: true,
      })
      if (migrations.length === 0) return states
    }
  })
}

async function measure(server: ChaosServer, others: ChildPool, scenario: Scenario): Promise<Measure> {
  return await inCopy(server, scenario.from, async (database) => {
    // One that comes behind changes nothing, as long as this one has the lock first.
    const other = scenario.other === 'ahead' ? await prepareOther(scenario, database, { server, others }) : null
    const proxy = await startFaultProxy(server.port, null)
    try {
      const started = performance.now()
      await callCommand(scenario, { url: server.urlOf(database, proxy.port) })
      const milliseconds = Math.round(performance.now() - started)
      return { toServer: proxy.received['to-server'], toClient: proxy.received['to-client'], milliseconds }
    } finally {
      await proxy.close()
      await other?.end(60_000)
    }
  })
}

let copies = 0

async function inCopy<Result>(
  server: ChaosServer,
  from: StateName,
  work: (database: string) => Promise<Result>,
): Promise<Result> {
  copies += 1
  const name = `chaos_reference_${copies}`
  await createDatabase(server, name, { from })
  try {
    return await work(name)
  } finally {
    await dropDatabase(server, name)
  }
}
