/**
 * Runs the tests behind `npm test` on one PostgreSQL server: the one in TEST_DATABASE_URL, else an embedded one.
 *
 *   npm test                                         all tests, without test/bench and test/chaos
 *   npm test -- test/run test/plan/plan.test.ts      these directories and files
 *   npm test -- --test-name-pattern 'waits for'      options are passed on to node
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startPostgres } from '../lib/testing/index.js'
import { shareProcesses } from './support/share-processes.js'

const testDirectory = fileURLToPath(new URL('.', import.meta.url))
/** Two more than there are processors, since many tests wait for locks, signals and deadlines. */
const processes = availableParallelism() + 2
const onlyWhenAsked = ['bench', 'chaos'].map((name) => join(testDirectory, name) + sep)

interface Selection {
  readonly files: readonly string[]
  readonly options: readonly string[]
  /** Paths among the arguments that hold no tests. */
  readonly empty: readonly string[]
}

/** An argument is an option, the value of the option before it, or a path. */
function select(args: readonly string[]): Selection {
  const paths: string[] = []
  const options: string[] = []
  for (const [index, argument] of args.entries()) {
    const previous = args[index - 1]
    const mayBeValue = previous?.startsWith('--') === true && !previous.includes('=')
    if (argument.startsWith('-') || (mayBeValue && !existsSync(argument))) options.push(argument)
    else paths.push(argument)
  }
  const files = paths.length === 0 ? findTests(testDirectory).filter(isRunByDefault) : paths.flatMap(findTests)
  const empty = paths.filter((path) => findTests(path).length === 0)
  return { files: [...new Set(files)].sort(), options, empty }
}

function isRunByDefault(file: string): boolean {
  return !onlyWhenAsked.some((directory) => file.startsWith(directory))
}

function findTests(path: string): readonly string[] {
  const absolute = resolve(path)
  if (!existsSync(absolute)) return []
  if (statSync(absolute).isFile()) return [absolute]
  const names = readdirSync(absolute, { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.test.ts')).map((name) => join(absolute, name))
}

async function run({ files, options }: Selection): Promise<number> {
  const server = await startPostgres()
  const temporary = join(testDirectory, '..', '.tmp')
  mkdirSync(temporary, { recursive: true })
  const directory = mkdtempSync(join(temporary, 'run-'))
  console.log(`${files.length} test files on PostgreSQL ${server.version} (${server.kind})`)
  try {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', '--test', ...withDefaults(options), ...shareProcesses(files, directory, processes)],
      {
        stdio: 'inherit',
        env: { ...process.env, TEST_DATABASE_URL: server.url },
      },
    )
    // A terminal sends Ctrl-C to the tests as well; we stay until they have ended.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
    const [code] = await once(child, 'exit')
    return typeof code === 'number' ? code : 1
  } finally {
    rmSync(directory, { recursive: true, force: true })
    await server.stop()
  }
}

/** A file that hangs fails by name. Node 20 reports in TAP when its output is not a terminal. */
function withDefaults(options: readonly string[]): readonly string[] {
  const defaults = [`--test-concurrency=${processes}`, `--test-timeout=${10 * 60 * 1000}`, '--test-reporter=spec']
  const isGiven = (option: string): boolean => options.some((given) => given.split('=')[0] === option.split('=')[0])
  return [...defaults.filter((option) => !isGiven(option)), ...options]
}

async function main(): Promise<void> {
  const selection = select(process.argv.slice(2))
  if (selection.files.length === 0 || selection.empty.length > 0) {
    console.error(
      `No test file matches ${selection.empty.join(', ') || testDirectory}. ` +
        'Name files, or directories that hold *.test.ts, or nothing to run all tests.',
    )
    process.exitCode = 1
    return
  }
  process.exitCode = await run(selection)
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
