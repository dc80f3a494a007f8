import { setTimeout as sleep } from 'node:timers/promises'
import type { ChaosServer } from './chaos-server.js'
import type { Working } from './child-pool.js'
import type { Fault } from './fault.js'

/** A fault outside the wire, and what takes it away again. */
export interface Infliction {
  inflict(): Promise<void>
  /** Waits until it is inflicted, and takes it away; without a strike it does nothing. */
  mend(): Promise<void>
}

/**
 * @param database in which sessions are hit.
 * @param working the process that is hit.
 */
export function prepareInfliction(
  fault: Fault,
  server: ChaosServer,
  { database, working }: { readonly database: string; readonly working: () => Working | null },
): Infliction {
  let inflicted: Promise<void> | null = null
  const inflictOnce = async (): Promise<void> => {
    if (fault.milliseconds > 0) await sleep(fault.milliseconds)
    await strike(fault, server, database, working)
  }
  return {
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

async function strike(
  { kind }: Fault,
  server: ChaosServer,
  database: string,
  working: () => Working | null,
): Promise<void> {
  switch (kind) {
    case 'sigkill':
    case 'sigterm':
    case 'sigint':
      working()?.kill(kind.toUpperCase() as NodeJS.Signals)
      return
    case 'terminate':
      await server.admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${database}`
      return
    case 'cancel':
      await server.admin`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = ${database}`
      return
    case 'restart-fast':
      return await server.restart('fast')
    case 'restart-immediate':
      return await server.restart('immediate')
    case 'disk-full':
      return server.fillDisk()
    case 'read-only':
      return await server.setReadOnly(true)
    case 'cut':
    case 'reset':
    case 'freeze':
    case 'delay':
    case 'half-close':
    case 'corrupt':
      return
    default:
      kind satisfies never
  }
}
