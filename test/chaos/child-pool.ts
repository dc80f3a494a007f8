import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { CommandOutcome, Order } from './command-outcome.js'

const program = fileURLToPath(new URL('./migrate-child.ts', import.meta.url))

/** How a command in another process ended. */
export interface ChildReport {
  readonly outcome: CommandOutcome
  readonly answers: boolean
  readonly uncaught: readonly string[]
}

/** A process that works on an order. */
export interface Working {
  readonly report: Promise<ChildReport>
  kill(signal: NodeJS.Signals): void
}

/** Keeps a process that is warm, since starting one takes longer than most faults. */
export class ChildPool {
  #next: Promise<ChildProcess> | null = null
  #current: ChildProcess | null = null

  /** Starts a process ahead of its use. */
  prepare(): void {
    this.#next ??= start()
  }

  async work(order: Order, isHeard: boolean): Promise<Working> {
    const current = this.#current
    const child = current !== null && isAlive(current) ? current : await (this.#next ?? start())
    if (child !== current) this.#next = null
    this.#current = child
    const report = new Promise<ChildReport>((resolve) => {
      const end = (): void => resolve({ outcome: { end: 'killed' }, answers: true, uncaught: [] })
      child.once('exit', end)
      child.once('message', (message) => {
        child.off('exit', end)
        resolve(message as ChildReport)
      })
    })
    child.send({ ...order, isHeard })
    return { report, kill: (signal) => void child.kill(signal) }
  }

  async stop(): Promise<void> {
    this.#current?.kill('SIGKILL')
    ;(await this.#next)?.kill('SIGKILL')
  }
}

async function start(): Promise<ChildProcess> {
  const child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await once(child, 'message')
  return child
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}
