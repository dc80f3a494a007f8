import assert from 'node:assert/strict'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Outcome, runProgram } from './run-program.js'
import { repository, tarball } from './tarball.js'

/** A project outside the repository whose only dependency is the packed tarball. */
export interface Project {
  readonly directory: string
  /** Copies files and folders of `programs/` into the project. */
  add(...names: string[]): void
  write(file: string, text: string): void
  /** Makes a package of the repository's own `node_modules` available, in place of downloading it. */
  link(name: string): void
  /** Runs `node <args>` in the project. */
  node(args: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Outcome>
}

interface ProjectChoice {
  /** `type` of its package.json. */
  readonly type: 'module' | 'commonjs'
  /** Name of its directory. Default `service`. */
  readonly name?: string
  /** What it installs besides the tarball, with exact versions. */
  readonly packages?: readonly string[]
}

const programs = new URL('./programs/', import.meta.url)

/** Everything that npm would ask or say in a terminal is switched off; what it has fetched before is used again. */
const installOptions = ['--no-audit', '--no-fund', '--no-update-notifier', '--prefer-offline', '--loglevel=error']

/** Makes an empty project and installs the tarball, as the README tells people to. It is removed with the test. */
export async function createProject(t: { after(fn: () => void): void }, choice: ProjectChoice): Promise<Project> {
  const directory = join(makeScratchDirectory(t), choice.name ?? 'service')
  mkdirSync(directory)
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name: 'service', private: true, type: choice.type }))
  await install(directory, [tarball(), ...(choice.packages ?? [])])
  const node = async (args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
    await runProgram(process.execPath, args, { cwd: directory, environment })
  return {
    directory,
    add: (...names) => {
      for (const name of names) cpSync(new URL(name, programs), join(directory, name), { recursive: true })
    },
    write: (file, text) => writeFileSync(join(directory, file), text),
    link: (name) => {
      const link = join(directory, 'node_modules', name)
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(join(repository, 'node_modules', name), link)
    },
    node,
  }
}

/** A directory for one test or file of tests; the user that a test server runs as may pass through it. */
export function makeScratchDirectory(t: { after(fn: () => void): void }): string {
  const directory = mkdtempSync(join(tmpdir(), 'schemaway-consumer-'))
  chmodSync(directory, 0o755)
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Of our own process npm may know how to reach the registry, but neither the repository nor the test runner. */
const ofThisProcess = /^(NODE_(OPTIONS|PATH|TEST_CONTEXT)|INIT_CWD|npm_(package|lifecycle|config_local_prefix).*)$/i

async function install(directory: string, packages: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await runProgram('npm', ['install', ...installOptions, ...packages], {
    cwd: directory,
    environment: Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofThisProcess.test(name))),
  })
  assert.equal(code, 0, `npm install failed:\n${stdout}${stderr}`)
}
