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
  /** @returns whether it still worked on the order. */
  kill(signal: NodeJS.Signals): boolean
}

/** Keeps a process that is warm, since starting one takes longer than most faults. */
export class ChildPool {
  #next: Promise<ChildProcess> | null = null
  #current: ChildProcess | null = null

  /** Starts a process ahead of its use, also where there is one, which may be about to die. */
  async prepare(): Promise<void> {
    this.#next ??= start()
    await this.#next
  }

  /** Resolves when there is a process that can work at once. */
  async ready(): Promise<void> {
    if (this.#current === null || !isAlive(this.#current)) await this.prepare()
  }

  /** @param isHeard whether it goes on when it is sent SIGTERM or SIGINT. */
  async work(order: Order, isHeard: boolean): Promise<Working> {
    const current = this.#current
    const child = current !== null && isAlive(current) ? current : await (this.#next ?? start())
    if (child !== current) this.#next = null
    this.#current = child
    let isReported = false
    let deadly: NodeJS.Signals | null = null
    const report = new Promise<ChildReport>((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void =>
        resolve(describeEnd(code, signal, deadly))
      child.once('exit', end)
      child.once('message', (message) => {
        isReported = true
        child.off('exit', end)
        resolve(message as ChildReport)
      })
    })
    child.send({ ...order, isHeard })
    return {
      report,
      kill: (signal) => {
        if (isReported || !isAlive(child)) return false
        if (!isHeard || signal === 'SIGKILL') {
          deadly = signal
          // Nobody else is to get it, in the moment before it has ended.
          this.#current = null
        }
        return child.kill(signal)
      },
    }
  }

  async stop(): Promise<void> {
    this.#current?.kill('SIGKILL')
    ;(await this.#next)?.kill('SIGKILL')
  }
}

/** Only the signal that was sent, and was not to be heard, may end a process. */
function describeEnd(code: number | null, signal: NodeJS.Signals | null, deadly: NodeJS.Signals | null): ChildReport {
  if (signal !== null && signal === deadly) return { outcome: { end: 'killed' }, answers: true, uncaught: [] }
  const message = `the process ended ${signal === null ? `with code ${code}` : `by ${signal}`}, which nobody had asked for`
  return { outcome: { end: 'uncoded', message }, answers: true, uncaught: [message] }
}

async function start(): Promise<ChildProcess> {
  const child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await once(child, 'message')
  return child
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}
