import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../../', import.meta.url))

let packed: string | undefined

/** The tarball that `run.ts` has packed; a file of tests that is run without it packs one of its own. */
export function tarball(): string {
  packed ??= process.env['SCHEMAWAY_TARBALL'] ?? packForThisProcess()
  return packed
}

/** Builds and packs the package; returns the path of the tarball in `directory`. */
export function pack(directory: string): string {
  try {
    execFileSync('npm', ['pack', '--pack-destination', directory], { cwd: repository, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error && 'stderr' in error ? [error.stdout, error.stderr] : []
    throw new Error(`npm pack failed:\n${output.join('')}`, { cause: error })
  }
  const [name, ...others] = readdirSync(directory).filter((entry) => entry.endsWith('.tgz'))
  if (name === undefined || others.length > 0) throw new Error(`npm pack left ${[name, ...others]} in ${directory}`)
  return join(directory, name)
}

function packForThisProcess(): string {
  const directory = mkdtempSync(join(tmpdir(), 'schemaway-tarball-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  return pack(directory)
}
