import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Fault } from './fault.js'
import type { FaultResult } from './inject.js'
import type { Task, WorkerMessage } from './worker.js'

const program = fileURLToPath(new URL('./worker.ts', import.meta.url))
/** After this a fault counts as a hang, and its worker is replaced. It is more than all that a fault may wait for one after the other. */
const deadline = 300_000

/** Where workers get their tasks. */
export interface TaskSource {
  /** Null when there is no more to do. */
  next(): Task | null
  /** A task has ended. */
  done(): void
}

interface Worker {
  readonly child: ChildProcess
  readonly version: string
  readonly noSmallDisk: string | null
}

/** Workers that inject faults at the same time, each on a server of its own. */
export class WorkerPool {
  readonly #workers: Worker[]

  private constructor(workers: Worker[]) {
    this.#workers = workers
  }

  static async start(count: number): Promise<WorkerPool> {
    return new WorkerPool(await Promise.all(Array.from({ length: count }, () => startWorker())))
  }

  get version(): string {
    return this.#workers[0]?.version ?? 'unknown'
  }

  get noSmallDisk(): string | null {
    return this.#workers[0]?.noSmallDisk ?? null
  }

  /** @returns how many faults could not be judged. */
  async work(source: TaskSource, onResult: (result: FaultResult) => void): Promise<number> {
    let broken = 0
    await Promise.all(
      this.#workers.map(async (_, place) => {
        for (let task = source.next(); task !== null; task = source.next()) {
          const worker = this.#workers[place]
          if (worker === undefined) return
          const answer = await order(worker.child, task)
          if ('result' in answer) onResult(answer.result)
          else {
            broken += 1
            console.log(`A fault could not be judged: ${answer.problem}\n  ${JSON.stringify(answer.fault ?? task)}`)
            worker.child.kill('SIGKILL')
            this.#workers[place] = await startWorker()
          }
          source.done()
        }
      }),
    )
    return broken
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#workers.map(
        async ({ child }) =>
          await new Promise<void>((resolve) => {
            child.once('exit', () => resolve())
            child.send({ end: true } satisfies Task)
          }),
      ),
    )
  }
}

async function startWorker(): Promise<Worker> {
  const child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return await new Promise((resolve, reject) => {
    child.once('message', (message: WorkerMessage) => {
      if (message.type === 'ready') resolve({ child, version: message.version, noSmallDisk: message.noSmallDisk })
      else reject(new Error(`A worker could not start: ${'message' in message ? message.message : message.type}`))
    })
    child.once('exit', (code) => reject(new Error(`A worker ended with ${code} before it was ready.`)))
  })
}

type Answer = { readonly result: FaultResult } | { readonly problem: string; readonly fault: Fault | null }

async function order(child: ChildProcess, task: Task): Promise<Answer> {
  let fault: Fault | null = null
  return await new Promise((resolve) => {
    const settle = (answer: Answer): void => {
      clearTimeout(timer)
      child.off('message', hear)
      child.off('exit', end)
      resolve(answer)
    }
    const hear = (message: WorkerMessage): void => {
      if (message.type === 'begun') fault = message.fault
      if (message.type === 'result') settle({ result: message.result })
      if (message.type === 'broken') settle({ problem: message.message, fault })
    }
    const end = (code: number | null, signal: string | null): void =>
      settle({ problem: `the host process ended with ${code ?? signal}`, fault })
    const timer = setTimeout(() => settle({ problem: `it had no end after ${deadline} ms`, fault }), deadline)
    child.on('message', hear)
    child.once('exit', end)
    child.send(task)
  })
}
