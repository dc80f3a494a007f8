import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface FlywayMigration {
  readonly category: string
  readonly version: string
  readonly description: string
  readonly type: string
  readonly state: string
  readonly script: string
  readonly checksum: number | null
}

export interface FlywayAnswer {
  readonly error: { readonly code: string; readonly message: string } | null
  /** Of `migrate`: how many migrations ran. */
  readonly executed?: number
  /** Of `info`. */
  readonly migrations?: readonly FlywayMigration[]
  /** Of `info`: what Flyway's command line prints. */
  readonly table?: string
  /** Of `validate`. */
  readonly valid?: boolean
  /** `ok`, or the code of the whole. */
  readonly verdict?: string
  /** Of `validate`, and of a `migrate` whose validation failed. */
  readonly problems?: readonly { readonly code: string; readonly version: string; readonly description: string }[]
}

export type FlywayCommand = 'migrate' | 'info' | 'validate' | 'baseline' | 'repair' | 'clean'

/**
 * Directories with the jars of one Flyway each, from `FLYWAY_JARS` (separated by `:`). `.ci/run` fetches them through
 * Maven; without them the tests that need the real Flyway are skipped.
 */
export const flywayDirectories: readonly string[] = (process.env['FLYWAY_JARS'] ?? '').split(':').filter(Boolean)

/** What `node:test` takes as the reason to skip. */
export const withoutFlyway: string | false =
  flywayDirectories.length === 0 &&
  'FLYWAY_JARS names no directory with the jars of Flyway; .ci/run flyway fetches them'

/** The real Flyway, in one Java process that answers requests one after the other. */
export class FlywayProgram {
  /** Read from the name of its jar, such as `11.14.1`. */
  readonly version: string
  readonly #process: ChildProcessWithoutNullStreams
  readonly #classes: string
  readonly #waiting: { resolve(answer: FlywayAnswer): void; reject(error: Error): void }[] = []
  #complaints = ''

  /** @param directory with its jars; compiles the small program that drives it */
  constructor(directory: string) {
    this.version = readdirSync(directory)
      .map((name) => /^flyway-core-(.+)\.jar$/.exec(name)?.[1])
      .find((version) => version !== undefined) as string
    this.#classes = mkdtempSync(`${tmpdir()}/flyway-`)
    const source = fileURLToPath(new URL('./RunFlyway.java', import.meta.url))
    execFileSync('javac', ['-cp', `${directory}/*`, '-d', this.#classes, source])
    this.#process = spawn('java', ['-Xshare:auto', '-cp', `${directory}/*:${this.#classes}`, 'RunFlyway'])
    this.#process.stderr.on('data', (data: Buffer) => {
      this.#complaints += data.toString()
    })
    this.#process.on('exit', (code) => {
      for (const { reject } of this.#waiting.splice(0))
        reject(new Error(`java ended with ${code}: ${this.#complaints}`))
    })
    createInterface(this.#process.stdout).on('line', (line) => this.#waiting.shift()?.resolve(JSON.parse(line)))
  }

  /**
   * Runs a command.
   *
   * @param url of the database, as postgres.js takes it
   * @param options names and values as in Flyway's configuration, without `flyway.`
   */
  async run(command: FlywayCommand, url: string, options: Readonly<Record<string, string>>): Promise<FlywayAnswer> {
    const { host, pathname, username, password } = new URL(url)
    const all = {
      url: `jdbc:postgresql://${host}${pathname}`,
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
      ...options,
    }
    const fields = Object.entries(all).map(([name, value]) => encodeURIComponent(`${name}=${value}`))
    this.#process.stdin.write(`${[command, ...fields].join('\t')}\n`)
    return await new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#process.stdin.end()
    await ended
    rmSync(this.#classes, { recursive: true })
  }
}
