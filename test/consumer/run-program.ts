import { execFile } from 'node:child_process'

/** How a program ended, and what it said. */
export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const timeoutMilliseconds = 120_000

/** What a consumer's process may know: nothing of the repository, of npm's scripts, or of the test runner around us. */
const inherited = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'SCHEMAWAY_CACHE', 'SCHEMAWAY_POSTGRES_BINARIES'] as const

/** Runs a program to its end. One that does not end by itself is an error: something keeps it alive. */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly environment?: NodeJS.ProcessEnv },
): Promise<Outcome> {
  const known = inherited.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))
  const env: NodeJS.ProcessEnv = { ...Object.fromEntries(known), ...options.environment }
  return await new Promise((resolve, reject) => {
    const child = execFile(
      file,
      args,
      { cwd: options.cwd, env, timeout: timeoutMilliseconds, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const command = [file, ...args].join(' ')
        if (child.signalCode !== null) {
          reject(new Error(`${command}: ended by ${child.signalCode} and not by itself\n${stdout}${stderr}`))
        } else if (child.exitCode === null) {
          reject(error ?? new Error(`${command}: has no exit code`))
        } else {
          resolve({ code: child.exitCode, stdout, stderr })
        }
      },
    )
    child.stdin?.end()
  })
}
