import assert from 'node:assert/strict'
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findBinaries } from '../../lib/testing/find-binaries.js'
import { prepareBinaries } from '../../lib/testing/prepare-binaries.js'
import { chooseServerUser } from '../../lib/testing/server-user.js'
import { holdServer, waitUntilGone } from './held-server.js'
import { copyVersion, installPackageCopy } from './package-copy.js'
import { makeScratchDirectory } from './scratch-directory.js'

/** Every name below a directory, with what would change if somebody wrote there. */
function takeStock(directory: string): readonly string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()
  return names.map((name) => {
    const { mode, mtimeMs, size } = lstatSync(join(directory, name))
    return `${name} ${mode.toString(8)} ${mtimeMs} ${size}`
  })
}

test('a server starts from a read-only node_modules in a private project with a space in its path', async (t) => {
  const scratch = makeScratchDirectory(t)
  const project = join(scratch, 'a project')
  const cache = join(scratch, 'a cache')
  mkdirSync(project)
  const native = installPackageCopy(project)
  const stock = takeStock(project)
  const readOnly = [native, join(native, 'lib'), join(native, 'bin')]
  for (const directory of readOnly) chmodSync(directory, 0o555)
  chmodSync(project, 0o700)
  try {
    const environment = { SCHEMAWAY_CACHE: cache, SCHEMAWAY_POSTGRES_BINARIES: '' }
    const { server } = await holdServer('exit', { environment, cwd: project })
    await waitUntilGone(server)
  } finally {
    for (const directory of readOnly) chmodSync(directory, 0o755)
  }
  assert.ok(readdirSync(cache).some((name) => name.startsWith('binaries-') && name.endsWith(copyVersion)))
  assert.deepEqual(takeStock(project), stock)
})

test('files that only their owner may read are copied, not linked, so that the project keeps its permissions', async (t) => {
  const scratch = makeScratchDirectory(t)
  const native = installPackageCopy(join(scratch, 'project'))
  const secret = join(native, 'share', 'postgresql', 'postgres.bki')
  const program = join(native, 'bin', 'postgres')
  chmodSync(secret, 0o600)
  chmodSync(program, 0o700)
  const cache = join(scratch, 'cache')
  mkdirSync(cache)
  const binaries = findBinaries(undefined, { SCHEMAWAY_POSTGRES_BINARIES: native })
  const directory = await prepareBinaries(binaries, cache, chooseServerUser())
  assert.equal(statSync(join(directory, 'share', 'postgresql', 'postgres.bki')).mode & 0o777, 0o644)
  assert.equal(statSync(join(directory, 'bin', 'postgres')).mode & 0o777, 0o755)
  assert.equal(statSync(secret).mode & 0o777, 0o600)
  assert.equal(statSync(program).mode & 0o777, 0o700)
  // One file system: the others need no second place on the disk.
  assert.equal(statSync(join(directory, 'bin', 'initdb')).ino, statSync(join(native, 'bin', 'initdb')).ino)
  assert.equal(await prepareBinaries(binaries, cache, chooseServerUser()), directory)
})

test('every symbolic link that the package lists exists in the copy and leads to a file', async (t) => {
  const scratch = makeScratchDirectory(t)
  const native = installPackageCopy(join(scratch, 'project'))
  const cache = join(scratch, 'cache')
  mkdirSync(cache)
  const binaries = findBinaries(undefined, { SCHEMAWAY_POSTGRES_BINARIES: native })
  const directory = await prepareBinaries(binaries, cache, chooseServerUser())
  const links = readdirSync(join(directory, 'lib')).filter((name) =>
    lstatSync(join(directory, 'lib', name)).isSymbolicLink(),
  )
  assert.ok(process.platform !== 'linux' || links.length > 0)
  for (const link of links) assert.ok(existsSync(join(directory, 'lib', link)), link)
})
