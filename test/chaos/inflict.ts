import { setTimeout as sleep } from 'node:timers/promises'
import type { ChaosServer } from './chaos-server.js'
import type { Working } from './child-pool.js'
import type { Fault } from './fault.js'

/** A fault outside the wire, and what takes it away again. */
export interface Infliction {
  /** Whether it hit something while the command ran. */
  readonly struck: boolean
  inflict(): Promise<void>
  /** Waits until it is inflicted, and takes it away; without a strike it does nothing. */
  mend(): Promise<void>
}

/** Who is hit. */
export interface Victim {
  /** The process; null where the command runs in this one. */
  readonly working: () => Working | null
  /** Ports by which the server knows its sessions. */
  readonly ports: () => readonly number[]
  /** Whether its server has said that a statement was cancelled. */
  readonly hasSeenCancelled: () => boolean
  /** Whether the command has ended. */
  readonly isOver: () => boolean
}

/** How long a byte is kept back for a session to be seen that can be hit. */
const longestHold = 300
/** How long such a session is looked for at all. */
const longestHunt = 20_000

export function prepareInfliction(fault: Fault, server: ChaosServer, victim: Victim): Infliction {
  let inflicted: Promise<void> | null = null
  let struck = false
  const inflictOnce = async (): Promise<void> => {
    if (fault.milliseconds > 0) await sleep(fault.milliseconds)
    struck = await strike(fault, server, victim)
  }
  return {
    get struck() {
      return struck
    },
    async inflict() {
      inflicted ??= inflictOnce()
      await inflicted
    },
    async mend() {
      if (inflicted === null) return
      await inflicted
      if (fault.kind === 'disk-full') server.freeDisk()
      if (fault.kind === 'read-only') await server.setReadOnly(false)
    },
  }
}

/** @returns whether it hit something. */
async function strike(fault: Fault, server: ChaosServer, victim: Victim): Promise<boolean> {
  if (victim.isOver()) return false
  switch (fault.kind) {
    case 'sigkill':
    case 'sigterm':
    case 'sigint':
      return victim.working()?.kill(fault.kind.toUpperCase() as NodeJS.Signals) === true
    case 'terminate':
      return await hitSessions(fault, server, victim, 'SELECT pg_terminate_backend(pid) AS hit')
    case 'cancel':
      return await cancelStatement(fault, server, victim)
    case 'restart-fast':
      await server.restart('fast')
      return true
    case 'restart-immediate':
      await server.restart('immediate')
      return true
    case 'disk-full':
      server.fillDisk()
      return true
    case 'read-only':
      await server.setReadOnly(true)
      return true
    case 'cut':
    case 'reset':
    case 'freeze':
    case 'delay':
    case 'half-close':
    case 'corrupt':
      return false
    default:
      return fault.kind satisfies never
  }
}

/** Most statements are over before they hear of it, so that several may have to be tried until one was cancelled. */
async function cancelStatement(fault: Fault, server: ChaosServer, victim: Victim): Promise<boolean> {
  const { hasSeenCancelled } = victim
  const started = performance.now()
  while (!hasSeenCancelled() && performance.now() - started < longestHunt) {
    const sql = 'SELECT pg_cancel_backend(pid) AS hit'
    if (!(await hitSessions(fault, server, victim, sql, "AND state = 'active'"))) break
    await sleep(3)
  }
  return hasSeenCancelled()
}

/** Hits the sessions of the command as soon as there is one. */
async function hitSessions(
  { holds }: Fault,
  server: ChaosServer,
  { ports, isOver }: Victim,
  hitSql: string,
  condition = '',
): Promise<boolean> {
  const started = performance.now()
  const longest = holds ? longestHold : longestHunt
  while (!isOver() && performance.now() - started < longest) {
    const rows = await server.admin.unsafe<{ hit: boolean }[]>(
      `${hitSql} FROM pg_stat_activity WHERE client_port = ANY('{${ports().join(',')}}'::integer[]) ${condition}`,
    )
    if (rows.some(({ hit }) => hit)) return true
    await sleep(1)
  }
  return false
}
