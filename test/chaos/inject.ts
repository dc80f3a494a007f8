import { setTimeout as sleep } from 'node:timers/promises'
import type { ChaosServer } from './chaos-server.js'
import { findDamage, findDivergences } from './checker.js'
import type { ChildPool, Working } from './child-pool.js'
import { type CommandOutcome, runCommand } from './command-outcome.js'
import { converge, waitForSessions } from './converge.js'
import { type Fault, isInLastPart, isWireKind, killKinds } from './fault.js'
import { type FaultProxy, startFaultProxy } from './fault-proxy.js'
import type { HostService } from './host-service.js'
import { prepareInfliction } from './inflict.js'
import { type OtherReplica, prepareOther } from './other-replica.js'
import { createDatabase, dropDatabase, keyOf, type References, snapshot } from './references.js'
import { findScenario, readByPrograms, type Scenario } from './scenarios.js'

/** What became of one fault. */
export interface FaultResult {
  readonly fault: Fault
  /** Whether it struck while the conversation lasted; else that had ended before. */
  readonly struck: boolean
  /** Whether it was to strike in the last part of the conversation. */
  readonly isLate: boolean
  readonly outcome: CommandOutcome
  /** How the other replica ended, which was not struck; null where there was none. */
  readonly other: CommandOutcome | null
  /** How the command failed to end; null when it ended in time. */
  readonly hang: string | null
  readonly uncaught: readonly string[]
  /** How often a person had to say what had become of a statement. */
  readonly repairs: number
  /** In what the database differs from one without faults, or why it does not get there. */
  readonly divergences: readonly string[]
  readonly milliseconds: number
}

/** What a worker has for injecting faults. */
export interface Laboratory {
  readonly server: ChaosServer
  readonly references: References
  /** Where processes run that are killed. */
  readonly pool: ChildPool
  /** Where other replicas run. */
  readonly others: ChildPool
  readonly host: HostService
}

/** Time in which a command has to end after it was aborted: a silent server is given up after five seconds, and the machine may be busy. */
const grace = 12_000
/** Time after the strike in which a command has to end by itself. It may have all of its work before it, or wait for a replica that has. */
const patience = 30_000
/** The same of a replica that is not struck. It may have to wait until the lock of the other one expires. */
const patienceOfOther = 90_000
/** When the caller loses patience with what no timeout of the library can end. A changed length makes both sides wait. */
const abortAfter: Readonly<Partial<Record<Fault['kind'], number>>> = { freeze: 150, corrupt: 600 }
/** Time that sessions may take to close after a command has ended; two seconds are promised. */
const closing = 10_000
/** What also meets whoever is not struck. */
const serverWide: readonly Fault['kind'][] = ['restart-fast', 'restart-immediate', 'disk-full', 'read-only']

/** Injects one fault into a database of its own, and looks whether the next migrate() makes it whole. */
export async function inject(fault: Fault, laboratory: Laboratory): Promise<FaultResult> {
  const { server } = laboratory
  const started = performance.now()
  const scenario = findScenario(fault.scenario)
  const database = `chaos_fault_${fault.index}`
  await createDatabase(server, database, { from: scenario.from, isOnSmallDisk: fault.kind === 'disk-full' })
  try {
    const other = await prepareOther(scenario, database, laboratory)
    const hit = await underFire(fault, database, laboratory, other)
    const second = other === null ? null : await judgeOther(other, fault, scenario)
    const left = await waitForSessions(server, database)
    const between = scenario.command === 'rollback' ? await checkRollback(database, laboratory) : []
    const { repairs, obstacle } = await converge(server, database, scenario)
    const divergences =
      obstacle === null ? await checkEnd(database, scenario, laboratory) : [`not converged: ${obstacle}`]
    return {
      ...hit,
      fault,
      isLate: isInLastPart(fault, await laboratory.references.measure(fault.scenario)),
      other: second?.outcome ?? null,
      hang: hit.hang ?? second?.hang ?? null,
      uncaught: [...hit.uncaught, ...(second?.uncaught ?? [])],
      repairs,
      divergences: [
        ...left.map((one) => `left over: ${one}`),
        ...(second?.divergences ?? []),
        ...between,
        ...divergences,
      ],
      milliseconds: Math.round(performance.now() - started),
    }
  } finally {
    await dropDatabase(server, database)
  }
}

type Hit = Pick<FaultResult, 'struck' | 'outcome' | 'hang' | 'uncaught'>

/** Runs the command through the proxy. */
async function underFire(
  fault: Fault,
  database: string,
  { server, pool, host }: Laboratory,
  other: OtherReplica | null,
): Promise<Hit> {
  const usesChild = killKinds.some((kind) => kind === fault.kind)
  let working: Working | null = null
  let isOver = false
  const victim = {
    working: () => working,
    ports: () => proxy.serverPorts,
    hasSeenCancelled: () => proxy.hasSeenCancelled,
    isOver: () => isOver,
  }
  const infliction = prepareInfliction(fault, server, victim)
  const kind = isWireKind(fault.kind) ? fault.kind : 'call'
  const spares = kind === 'corrupt' ? { spares: readByPrograms } : {}
  const proxy = await startFaultProxy(server.port, { ...fault, kind, ...spares }, () => infliction.inflict())
  const order = { scenario: fault.scenario, url: server.urlOf(database, proxy.port) }
  const controller = new AbortController()
  try {
    if (usesChild) {
      working = await pool.work(order, fault.isHeard)
      if (!fault.isHeard) void pool.prepare()
    }
    const report =
      working?.report ??
      runCommand(order, controller.signal).then(async (outcome) => {
        return { outcome, answers: await host.answers(), uncaught: [] }
      })
    const ended = report.finally(() => {
      isOver = true
    })
    await beginBehind(proxy, ended, other)
    const watched = await watch(ended, fault, proxy, controller)
    await infliction.mend()
    const open = watched.hang === null ? await waitForClose(proxy, fault) : null
    const { outcome, answers, uncaught } = watched.report
    // A process that is to die of a signal, and says how its command ended instead, had said so before.
    const isTooLate = usesChild && !fault.isHeard && outcome.end !== 'killed'
    return {
      struck: isWireKind(fault.kind) ? proxy.struckAt !== null : infliction.struck && !isTooLate,
      outcome,
      hang: watched.hang ?? open,
      // What was thrown outside of every promise shows in a later turn.
      uncaught: [
        ...uncaught,
        ...(await sleep(1, host).then((one) => one.takeUncaught())),
        ...(answers ? [] : ['the service does not answer']),
      ],
    }
  } finally {
    await infliction.mend().catch(() => {})
    await proxy.close()
  }
}

/** The other replica begins as soon as this one has said something. */
async function beginBehind(proxy: FaultProxy, ended: Promise<unknown>, other: OtherReplica | null): Promise<void> {
  if (other === null) return
  let isOver = false
  const end = ended.finally(() => {
    isOver = true
  })
  while (!isOver && proxy.received['to-server'] === 0) await Promise.race([end, sleep(1)])
  await other.begin()
}

/** A replica that is not struck does all there is to do, unless it has to wait until somebody says what became of a statement. */
async function judgeOther(
  other: OtherReplica,
  { kind }: Fault,
  { target }: Scenario,
): Promise<Pick<FaultResult, 'outcome' | 'hang' | 'uncaught' | 'divergences'>> {
  const report = await other.end(patienceOfOther)
  if (report === null) {
    const hang = `the other replica did not end within ${patienceOfOther} ms`
    return { outcome: { end: 'killed' }, hang, uncaught: [], divergences: [] }
  }
  const { outcome, uncaught, answers } = report
  const isExpected =
    outcome.end === 'done' ||
    (outcome.end === 'refused' &&
      (serverWide.includes(kind) || (target === undefined && outcome.code === 'VALIDATION_FAILED')))
  const divergences = isExpected ? [] : [`the other replica: ${JSON.stringify(outcome)}`]
  const silent = answers ? [] : ['does not answer']
  return { outcome, hang: null, uncaught: [...uncaught, ...silent].map((one) => `other replica: ${one}`), divergences }
}

/** Waits for the end of the command, aborts it where only that helps, and notes when it does not end in time. */
async function watch<Report>(
  report: Promise<Report>,
  fault: Fault,
  proxy: FaultProxy,
  controller: AbortController,
): Promise<{ readonly report: Report; readonly hang: string | null }> {
  let ended = false
  const end = report.finally(() => {
    ended = true
  })
  const until = async (isOver: () => boolean): Promise<void> => {
    while (!ended && !isOver()) await Promise.race([end, sleep(5)])
  }
  const passed = (since: number | null, milliseconds: number): boolean =>
    since !== null && performance.now() - since > milliseconds
  const started = performance.now()
  const limit = abortAfter[fault.kind] ?? patience
  await until(() => passed(proxy.struckAt, limit) || passed(started, 2 * patience))
  if (ended) return { report: await end, hang: null }
  controller.abort(new Error('the caller has waited long enough'))
  const hang = abortAfter[fault.kind] === undefined ? `did not end by itself within ${limit} ms of the fault` : null
  const aborted = performance.now()
  await until(() => passed(aborted, grace))
  if (ended) return { report: await end, hang }
  const afterAbort = `did not end within ${grace} ms of the abort`
  await proxy.close()
  const closed = performance.now()
  await until(() => passed(closed, grace))
  // Whoever waits for us gives up and starts another process.
  if (!ended) throw new Error(`${afterAbort}, nor when its connections were closed`)
  return { report: await end, hang: afterAbort }
}

/** A command that has ended leaves no connection open. That of a frozen network is not seen to end. */
async function waitForClose(proxy: FaultProxy, { kind }: Fault): Promise<string | null> {
  for (const started = performance.now(); proxy.openConnections > 0; await sleep(5)) {
    if (kind === 'freeze' && proxy.struckAt !== null) return null
    if (performance.now() - started > closing) return `left ${proxy.openConnections} connections open`
  }
  return null
}

/** A rollback that was interrupted stands at one of the steps that it would have passed. */
async function checkRollback(database: string, { server, references }: Laboratory): Promise<readonly string[]> {
  const found = await snapshot(server, database, false)
  const expected = (await references.rolledBack()).get(keyOf(found))
  const divergences =
    expected === undefined
      ? [`history stands where no rollback stops: ${keyOf(found)}`, ...findDamage(found)]
      : findDivergences(found, expected, { isOrderFree: true })
  return divergences.map((one) => `after the rollback: ${one}`)
}

async function checkEnd(
  database: string,
  { name, isModel, command }: Scenario,
  { server, references }: Laboratory,
): Promise<readonly string[]> {
  const found = await snapshot(server, database, isModel)
  const reference = await references.endOf(name)
  return findDivergences(found, reference, { isOrderFree: command === 'rollback' })
}
