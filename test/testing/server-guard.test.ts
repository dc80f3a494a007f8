import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { startPostgres } from '../../lib/testing/index.js'
import { readServerStatus } from '../../lib/testing/server-guard.js'
import { holdServer, isRunning, waitUntilGone } from './held-server.js'

for (const signal of ['SIGKILL', 'SIGTERM', 'SIGINT'] as const) {
  test(`a process that dies by ${signal} takes its server and the directory with it`, async () => {
    const { child, server } = await holdServer('wait')
    assert.ok(isRunning(server.pid))
    assert.ok(existsSync(server.directory))
    child.kill(signal)
    await waitUntilGone(server)
  })
}

for (const [ending, title, code] of [
  ['forget', 'a process without anything to do ends although it did not call stop(), and so does its server', 0],
  ['exit', 'process.exit() ends the server', 0],
  ['throw', 'an uncaught exception ends the server', 1],
] as const) {
  test(title, async () => {
    const { child, server } = await holdServer(ending)
    const [actualCode] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode]
    assert.equal(actualCode, code)
    await waitUntilGone(server)
  })
}

test('a guard that gets SIGTERM, as everybody does when a machine shuts down, ends its server first', async () => {
  const { child, server } = await holdServer('wait')
  process.kill(findParent(server.pid), 'SIGTERM')
  await waitUntilGone(server)
  child.kill('SIGKILL')
})

test('stop() ends the server even when its guard was killed', async () => {
  const server = await startPostgres({ settings: {} })
  const directory = String(server.socketDirectory)
  const pid = readServerStatus(directory)?.pid ?? 0
  process.kill(findParent(pid), 'SIGKILL')
  await server.stop()
  await waitUntilGone({ url: server.url, directory, pid })
})

test('a directory that holds no complete pid file has no status', () => {
  assert.equal(readServerStatus('/nowhere'), null)
})

function findParent(pid: number): number {
  const parent = Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }))
  assert.ok(parent > 1)
  return parent
}
