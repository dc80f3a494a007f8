import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { fileURLToPath } from 'node:url'
import type { MigrateOptions } from '../../lib/index.js'
import type { ServiceMessage, ServiceOutcome } from './http-service.js'

/** A service in a process of its own, and somebody who asks it something every 20 milliseconds. */
export interface StartedService {
  /** Milliseconds of each answer, in their order. */
  readonly answers: readonly number[]
  /** How many of them it gave while it migrated. */
  readonly answersWhileMigrating: number
  /** Requests without an answer, and what else must not be. */
  readonly failures: readonly string[]
  migrate(options: MigrateOptions): Promise<ServiceOutcome>
  /** Sends SIGTERM, and asks nothing more. */
  terminate(): void
  /** Resolves with the exit code, or the signal that killed it. */
  readonly ended: Promise<number | string>
  /** Asks nothing more, and lets it end by itself; it is killed when it does not. */
  stop(): Promise<number | string>
}

const period = 20
const patience = 30_000
const program = fileURLToPath(new URL('http-service.ts', import.meta.url))

/** @param after receives what ends the service in any case, for instance that of a test. */
export async function startService(after: (fn: () => void) => void): Promise<StartedService> {
  const child = fork(program, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  after(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit').then(([code, signal]: unknown[]) => (code ?? signal) as number | string)
  const listening = await nextMessage(child, ended)
  if (listening.type !== 'listening') throw new Error('the service did not say where it listens')
  return new Service(child, ended, listening.port)
}

class Service implements StartedService {
  readonly answers: number[] = []
  answersWhileMigrating = 0
  readonly failures: string[] = []
  readonly ended: Promise<number | string>
  readonly #child: ChildProcess
  readonly #port: number
  readonly #timer: NodeJS.Timeout
  readonly #open = new Set<Promise<void>>()

  constructor(child: ChildProcess, ended: Promise<number | string>, port: number) {
    this.#child = child
    this.ended = ended
    this.#port = port
    this.#timer = setInterval(() => {
      const request = this.#ask().finally(() => this.#open.delete(request))
      this.#open.add(request)
    }, period)
  }

  async migrate(options: MigrateOptions): Promise<ServiceOutcome> {
    const message = nextMessage(this.#child, this.ended)
    this.#child.send(options)
    const answer = await message
    if (answer.type !== 'migrated') throw new Error('the service did not say how migrate() ended')
    return answer.outcome
  }

  terminate(): void {
    clearInterval(this.#timer)
    this.#child.kill('SIGTERM')
  }

  async stop(): Promise<number | string> {
    clearInterval(this.#timer)
    await Promise.all(this.#open)
    if (this.#child.connected) this.#child.disconnect()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), patience)
    const result = await this.ended
    clearTimeout(timer)
    return result
  }

  async #ask(): Promise<void> {
    const started = performance.now()
    try {
      const body = await fetchText(this.#port)
      this.answers.push(performance.now() - started)
      if (body === 'migrating') this.answersWhileMigrating += 1
      else if (body !== 'ready') this.failures.push(`it answered ${JSON.stringify(body)}`)
    } catch (error) {
      this.failures.push(error instanceof Error ? error.message : String(error))
    }
  }
}

async function nextMessage(child: ChildProcess, ended: Promise<number | string>): Promise<ServiceMessage> {
  const message = new Promise<ServiceMessage>((resolve) => child.once('message', resolve))
  const death = ended.then((result) => {
    throw new Error(`the service ended with ${result}`)
  })
  return await Promise.race([message, death])
}

async function fetchText(port: number): Promise<string> {
  return await new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', agent: false, timeout: patience }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('error', reject)
      response.on('end', () => resolve(body))
    })
    request.on('error', reject)
    request.on('timeout', () => request.destroy(new Error(`no answer within ${patience} ms`)))
  })
}
