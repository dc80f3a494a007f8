// Injects the faults that it is told to, one after the other, on a server of its own. It is the host process of all commands
// that are not killed, and lives on for all of them.
import { startChaosServer } from './chaos-server.js'
import { ChildPool } from './child-pool.js'
import { drawFault, type Fault, type FaultKind } from './fault.js'
import { startHostService } from './host-service.js'
import { type FaultResult, inject, type Laboratory } from './inject.js'
import { makeReferences } from './references.js'

/** What a worker is told: a number to draw a fault with, or a fault; nothing when there is no more. */
export type Task =
  | { readonly seed: number; readonly index: number; readonly kinds: readonly FaultKind[] }
  | { readonly fault: Fault }
  | { readonly end: true }

/** What a worker tells. */
export type WorkerMessage =
  | { readonly type: 'ready'; readonly version: string; readonly noSmallDisk: string | null }
  | { readonly type: 'begun'; readonly fault: Fault }
  | { readonly type: 'result'; readonly result: FaultResult }
  | { readonly type: 'broken'; readonly message: string }

function tell(message: WorkerMessage): void {
  process.send?.(message)
}

async function work(): Promise<void> {
  const host = await startHostService()
  const server = await startChaosServer()
  const pool = new ChildPool()
  const others = new ChildPool()
  const laboratory: Laboratory = {
    server,
    references: await makeReferences(server, others),
    pool,
    others,
    host,
  }
  const stop = async (): Promise<void> => {
    await pool.stop()
    await others.stop()
    await server.stop()
    process.exit()
  }
  process.on('disconnect', () => void stop())
  process.on('message', (task: Task) => {
    if ('end' in task) return void stop()
    void perform(task, laboratory).then(
      (result) => tell({ type: 'result', result }),
      (error: unknown) => tell({ type: 'broken', message: describe(error) }),
    )
  })
  tell({ type: 'ready', version: server.version, noSmallDisk: server.noSmallDisk })
}

async function perform(task: Exclude<Task, { readonly end: true }>, laboratory: Laboratory): Promise<FaultResult> {
  const { measure, endOf } = laboratory.references
  const fault = 'fault' in task ? task.fault : await drawFault(task.seed, task.index, task.kinds, measure)
  await endOf(fault.scenario)
  tell({ type: 'begun', fault })
  return await inject(fault, laboratory)
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

work().catch((error: unknown) => {
  tell({ type: 'broken', message: describe(error) })
  // Its server ends with it.
  process.exit(1)
})
