import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { HeldServer } from './hold-server.js'

const program = fileURLToPath(new URL('./hold-server.ts', import.meta.url))
const patienceMilliseconds = 20_000

export interface Holder {
  readonly child: ChildProcess
  readonly server: HeldServer
}

/** Runs `hold-server.ts` with the ending and waits until its server runs. */
export async function holdServer(
  ending: 'wait' | 'forget' | 'exit' | 'throw',
  options: { readonly environment?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<Holder> {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), program, ending], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.environment },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  })
  let errors = ''
  child.stderr.on('data', (text) => {
    errors += text
  })
  let output = ''
  for await (const text of child.stdout) {
    output += text
    if (output.includes('\n')) return { child, server: JSON.parse(output) }
  }
  throw new Error(`hold-server.ts ended without starting a server: ${errors}`)
}

/** Resolves when neither the server's process nor its directory is there any more. */
export async function waitUntilGone({ pid, directory }: HeldServer): Promise<void> {
  const deadline = performance.now() + patienceMilliseconds
  while (isRunning(pid) || existsSync(directory)) {
    if (performance.now() > deadline) throw new Error(`after ${patienceMilliseconds} ms ${describe(pid, directory)}`)
    await delay(20)
  }
}

function describe(pid: number, directory: string): string {
  return `process ${pid} ${isRunning(pid) ? 'runs' : 'is gone'}, ${directory} ${existsSync(directory) ? 'exists' : 'is gone'}`
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
