/**
 * Packs the package as `npm publish` would and lets projects outside the repository install and use it.
 *
 *   node --import tsx test/consumer/run.ts
 *   node --import tsx test/consumer/run.ts test/consumer/bundle.consumer.ts --test-name-pattern space
 *
 * Without names of files all `*.consumer.ts` run. The rest is left to `test/run.ts`: one server, one process for each file.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pack } from './tarball.js'

const consumerDirectory = fileURLToPath(new URL('.', import.meta.url))
const testRunner = fileURLToPath(new URL('../run.ts', import.meta.url))

function listConsumers(): readonly string[] {
  const names = readdirSync(consumerDirectory).filter((name) => name.endsWith('.consumer.ts'))
  return names.sort().map((name) => join(consumerDirectory, name))
}

async function main(args: readonly string[]): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'schemaway-tarball-'))
  try {
    const files = args.some((argument) => argument.endsWith('.ts')) ? [] : listConsumers()
    const child = spawn(process.execPath, ['--import', 'tsx', testRunner, ...args, ...files], {
      stdio: 'inherit',
      env: { ...process.env, SCHEMAWAY_TARBALL: pack(directory) },
    })
    // A terminal sends Ctrl-C to the tests as well; we stay until they have ended, to tidy up.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
    const [code] = await once(child, 'exit')
    process.exitCode = typeof code === 'number' ? code : 1
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
