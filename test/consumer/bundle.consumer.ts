import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { type BuildOptions, build } from 'esbuild'
import { expectRoundTrip } from './expect-round-trip.js'
import { createProject, makeScratchDirectory, type Project } from './project.js'
import { type Outcome, runProgram } from './run-program.js'

type Format = 'esm' | 'cjs'

/**
 * Umzug is CommonJS and requires modules of Node, which an ESM bundle of esbuild cannot do by itself. This is the
 * remedy that esbuild's users know.
 */
const requireForEsm = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

/** Nothing listens there: a service without its SQL has to stop before it connects. */
const unreachable = 'postgres://127.0.0.1:1/none'

const fileOf = { esm: 'main.mjs', cjs: 'main.cjs' } as const

/** Bundles the service into one file in a folder of the project and returns the path of that file. */
async function bundle(project: Project, format: Format, folder: string, options: BuildOptions = {}): Promise<string> {
  const outfile = join(project.directory, folder, fileOf[format])
  const { warnings } = await build({
    absWorkingDir: project.directory,
    entryPoints: ['bundled-service.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format,
    logLevel: 'silent',
    ...(format === 'esm' && { banner: { js: requireForEsm } }),
    ...options,
  })
  assert.deepEqual(warnings, [])
  return outfile
}

/** Copies the package's SQL beside a bundle, as people are told to. */
function copySql(project: Project, directory: string): void {
  cpSync(join(project.directory, 'node_modules', 'schemaway', 'sql'), join(directory, 'sql'), { recursive: true })
}

/** Moves a bundle, with what was copied beside it, to where no `node_modules` is in reach. */
function deploy(t: { after(fn: () => void): void }, bundled: string, name: string): string {
  const directory = join(makeScratchDirectory(t), name)
  cpSync(dirname(bundled), directory, { recursive: true })
  return directory
}

async function start(program: string, command: string, environment: NodeJS.ProcessEnv): Promise<Outcome> {
  return await runProgram(process.execPath, [program, command], { cwd: '/', environment })
}

/** The error that the service prints as JSON. */
function readError({ code, stderr }: Outcome): { readonly code: string; readonly message: string } {
  assert.equal(code, 1, stderr)
  return JSON.parse(stderr)
}

describe('a bundle', () => {
  const installing = createProject({ after }, { type: 'module' })
  const bundling = installing.then((project) => {
    project.add('bundled-service.ts')
    return project
  })

  for (const format of ['esm', 'cjs'] as const) {
    test(`of format ${format} runs with sql/ beside it, in another directory and without node_modules`, async (t) => {
      const project = await bundling
      const directory = deploy(t, await bundle(project, format, `plain-${format}`), 'deployed service')
      copySql(project, directory)
      assert.deepEqual(readdirSync(directory).sort(), [fileOf[format], 'sql'])
      const program = join(directory, fileOf[format])
      await expectRoundTrip(t, async (command, environment) => await start(program, command, environment))
    })

    test(`of format ${format} runs minified, in a path with characters that URLs escape`, async (t) => {
      const project = await bundling
      const bundled = await bundle(project, format, `minified-${format}`, { minify: true })
      const directory = deploy(t, bundled, 'service #1 (100%20)?')
      copySql(project, directory)
      const program = join(directory, fileOf[format])
      await expectRoundTrip(t, async (command, environment) => await start(program, command, environment))
    })

    test(`of format ${format} without sql/ fails with BUNDLED_SQL_MISSING, and the remedy it names works`, async (t) => {
      const project = await bundling
      rmSync(join(project.directory, 'dist'), { recursive: true, force: true })
      const bundled = await bundle(project, format, 'dist')
      const lonely = deploy(t, bundled, 'lonely')
      const failed = await start(join(lonely, fileOf[format]), 'migrate', { DATABASE_URL: unreachable })
      const { code, message } = readError(failed)
      assert.equal(code, 'BUNDLED_SQL_MISSING')
      assert.ok(message.includes(join(lonely, 'sql')), `the message does not say where it looked: ${message}`)
      const remedy = /\((cp -r [^)]+)\)/.exec(message)?.[1]
      assert.ok(remedy !== undefined, `the message names no command: ${message}`)

      const repaired = await runProgram('/bin/sh', ['-c', remedy], { cwd: project.directory })
      assert.equal(repaired.code, 0, repaired.stderr)
      const program = join(deploy(t, bundled, 'repaired'), fileOf[format])
      await expectRoundTrip(t, async (command, environment) => await start(program, command, environment))
    })

    test(`of format ${format} runs in its project with schemaway kept external`, async (t) => {
      const program = await bundle(await bundling, format, `external-${format}`, { external: ['schemaway'] })
      await expectRoundTrip(t, async (command, environment) => await start(program, command, environment))
    })
  }

  test('takes the sql/ beside it, whatever else is called sql further up', async (t) => {
    const project = await bundling
    const top = makeScratchDirectory(t)
    const directory = join(top, 'build', 'server')
    mkdirSync(join(top, 'sql', 'iam'), { recursive: true })
    cpSync(dirname(await bundle(project, 'cjs', 'nested-cjs')), directory, { recursive: true })
    copySql(project, directory)
    const program = join(directory, fileOf.cjs)
    await expectRoundTrip(t, async (command, environment) => await start(program, command, environment))
  })
})
