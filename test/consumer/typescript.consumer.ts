import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { expectRoundTrip } from './expect-round-trip.js'
import { createProject, type Project } from './project.js'
import type { Outcome } from './run-program.js'
import { repository } from './tarball.js'

/** A compiler of the generation before ours, which most services still use. */
const olderTypeScript = '5.9.3'
const strictest = {
  target: 'es2022',
  strict: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  types: ['node'],
}
const nodeNext = { ...strictest, module: 'nodenext', outDir: 'dist', rootDir: '.' }
const bundler = { ...strictest, module: 'esnext', moduleResolution: 'bundler', noEmit: true }

const compilers = {
  current: join(repository, 'node_modules', 'typescript', 'bin', 'tsc'),
  older: join('node_modules', 'typescript', 'bin', 'tsc'),
} as const

async function createTypedProject(t: { after(fn: () => void): void }): Promise<Project> {
  const project = await createProject(t, { type: 'module', packages: [`typescript@${olderTypeScript}`] })
  project.link('@types/node')
  project.add('typed-service.ts', 'bundled-service.ts', 'wrong-options.ts', 'billing')
  return project
}

async function compile(
  project: Project,
  compiler: string,
  compilerOptions: object,
  files: readonly string[],
): Promise<Outcome> {
  const configuration = `tsconfig.${files.join('.')}.json`
  project.write(configuration, JSON.stringify({ compilerOptions, files }))
  return await project.node([compiler, '--pretty', 'false', '-p', configuration])
}

describe('a project in TypeScript', () => {
  const installing = createTypedProject({ after })

  for (const [name, compiler] of Object.entries(compilers)) {
    for (const [resolution, options] of Object.entries({ nodeNext, bundler })) {
      test(`compiles under ${resolution} with the ${name} compiler, our declarations included`, async () => {
        const files = ['typed-service.ts', 'bundled-service.ts', 'wrong-options.ts']
        const { code, stdout } = await compile(await installing, compiler, { ...options, noEmit: true }, files)
        assert.equal(code, 0, stdout)
      })
    }
  }

  test('does not compile with an option that does not exist', async () => {
    const project = await installing
    project.write('wrong.ts', "import { migrate } from 'schemaway'\nvoid migrate({ url: '', modul: [] })\n")
    const { code, stdout } = await compile(project, compilers.current, { ...nodeNext, noEmit: true }, ['wrong.ts'])
    assert.notEqual(code, 0)
    assert.match(stdout, /^wrong\.ts\(2,\d+\): error TS2\d+: .*'modul'/m)
  })

  test('migrates and rolls back with a module of its own, and uses the model', async (t) => {
    const project = await installing
    const { code, stdout } = await compile(project, compilers.current, nodeNext, ['typed-service.ts'])
    assert.equal(code, 0, stdout)
    const program = join('dist', 'typed-service.js')
    await expectRoundTrip(t, async (command, environment) => await project.node([program, command], environment))
  })
})
