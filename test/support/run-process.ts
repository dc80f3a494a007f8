import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { MigrateOptions } from '../../lib/index.js'

const program = fileURLToPath(new URL('./migrate-process.ts', import.meta.url))

/** A process of its own that calls migrate(). */
export interface MigratingProcess {
  readonly child: ChildProcess
  /** Resolves once it is ready to call migrate(). */
  readonly ready: Promise<void>
  /** Lets it call migrate(). */
  go(): void
  /** Resolves with the first line of output that contains a text. */
  saw(text: string): Promise<void>
  /** Resolves with its exit code (null when it was killed) and all its output. */
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>
}

/** Starts a process that prints each event of a migrate() as a line of JSON. */
export function startMigrating(
  options: Pick<MigrateOptions, 'locations' | 'modules' | 'transaction'> & { url: string },
): MigratingProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, MIGRATE_OPTIONS: JSON.stringify(options) },
  })
  const lines: string[] = []
  const listeners = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    for (const listener of listeners) listener()
  })
  const saw = async (text: string): Promise<void> =>
    await new Promise((resolve, reject) => {
      const look = (): void => {
        if (!lines.some((line) => line.includes(text))) return
        listeners.delete(look)
        resolve()
      }
      listeners.add(look)
      child.once('close', () => reject(new Error(`the process ended without "${text}":\n${lines.join('\n')}`)))
      look()
    })
  const ended = once(child, 'close').then(([code]: (number | null)[]) => ({
    code: code ?? null,
    output: lines.join('\n'),
  }))
  return { child, ready: saw('"ready"'), go: () => child.stdin.end('go\n'), saw, ended }
}
