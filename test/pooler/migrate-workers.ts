import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { MigrateOptions } from '../../lib/index.js'

/** As many as may start at the same time; each needs a processor for a moment. */
const startedAtOnce = 8
/** Umzug is CommonJS, and requires modules of Node. */
const requireForEsm = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

/** What one call of migrate() came to. */
export type WorkerAnswer =
  | { readonly applied: readonly string[]; readonly strategy: string | null; readonly failed?: undefined }
  | { readonly failed: string }

/** Processes that have loaded everything and wait for a word. */
export class MigrateWorkers {
  readonly #directory = mkdtempSync(join(tmpdir(), 'schemaway-workers-'))
  readonly #workers: Worker[] = []

  /** From one file, which loads in a tenth of the time of its parts. */
  async start(count: number): Promise<void> {
    const program = join(this.#directory, 'worker.mjs')
    await build({
      entryPoints: [fileURLToPath(new URL('./migrate-worker.ts', import.meta.url))],
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
      banner: { js: requireForEsm },
    })
    while (this.#workers.length < count) {
      const missing = count - this.#workers.length
      const batch = Array.from({ length: Math.min(startedAtOnce, missing) }, () => new Worker(program))
      this.#workers.push(...batch)
      await Promise.all(batch.map(async (worker) => await worker.next()))
    }
  }

  /** Lets all of them call migrate() at the same time, each with the options for its number. */
  async migrate(options: (number: number) => MigrateOptions): Promise<readonly WorkerAnswer[]> {
    const lines = this.#workers.map((_, number) => `${JSON.stringify(options(number))}\n`)
    const answers = this.#workers.map(async (worker) => await worker.next())
    for (const [number, worker] of this.#workers.entries()) worker.child.stdin?.write(lines[number] ?? '')
    return (await Promise.all(answers)) as WorkerAnswer[]
  }

  stop(): void {
    for (const { child } of this.#workers) child.kill('SIGKILL')
    rmSync(this.#directory, { recursive: true })
  }
}

class Worker {
  readonly child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(program: string) {
    this.child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
    if (this.child.stdout === null) throw new TypeError('the worker has no output')
    this.#lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]()
  }

  /** Its next line. */
  async next(): Promise<unknown> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('the worker ended')
    return JSON.parse(value)
  }
}
