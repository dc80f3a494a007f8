import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { serverEnvironment } from './server-environment.js'
import type { ServerUser } from './server-user.js'

/**
 * A shell between us and the server. It waits on its standard input, which we hold open: when we close it, or die in
 * whatever way, it stops the server at once and removes the directory. So our process needs no handlers of signals and
 * exits, and SIGKILL leaves nothing behind either.
 *
 * The server alone keeps descriptor 3, so that we can see it end. TERM goes first because a shell starts background
 * commands with QUIT ignored, which lasts until the server has installed its own handlers.
 */
const script = `
directory=$1
shift
"$@" </dev/null >>"$directory/log" 2>&1 &
server=$!
exec 3>&-
trap : INT TERM HUP
read -r _
kill -TERM "$server"
kill -QUIT "$server"
wait "$server"
cd /
rm -rf -- "$directory"
`

/** What holds a running server. It does not keep this process alive. */
export interface ServerGuard {
  /** Whether all processes of the server have ended, because of us or by themselves. */
  hasServerEnded(): boolean
  /** Ends the server without ceremony and removes its directory; resolves when both are gone. */
  stop(): Promise<void>
}

/** Starts `command` in the directory, with its output in `<directory>/log`. */
export async function startGuardedServer(
  command: readonly string[],
  directory: string,
  user: ServerUser | null,
): Promise<ServerGuard> {
  const guard = spawn('/bin/sh', ['-c', script, 'schemaway-guard', directory, ...command], {
    cwd: directory,
    env: serverEnvironment(),
    // A session of its own: Ctrl-C in a terminal then reaches us only, and the server through us.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
    ...(user !== null && { uid: user.uid, gid: user.gid }),
  })
  await once(guard, 'spawn')
  const [lifeline, , , serverEnd] = guard.stdio
  if (!(lifeline instanceof Socket && serverEnd instanceof Socket)) throw new TypeError('the guard has no pipes')

  let serverEnded = false
  serverEnd.once('close', () => {
    serverEnded = true
  })
  serverEnd.resume()
  // Writing to a guard that somebody killed is no reason to fail: see stop().
  lifeline.on('error', () => {})
  serverEnd.on('error', () => {})
  guard.unref()
  lifeline.unref()
  serverEnd.unref()

  const stop = async (): Promise<void> => {
    lifeline.destroy()
    await waitForExit(guard)
    if (!existsSync(directory)) return
    if (!serverEnded) await endOrphan(directory, () => serverEnded)
    await rm(directory, { recursive: true, force: true })
  }
  let stopped: Promise<void> | null = null
  return {
    hasServerEnded: () => serverEnded,
    stop: () => {
      stopped ??= stop()
      return stopped
    },
  }
}

async function waitForExit(guard: ChildProcess): Promise<void> {
  if (guard.exitCode !== null || guard.signalCode !== null) return
  guard.ref()
  await once(guard, 'exit')
}

/** Ends a server whose guard was killed before it could. */
async function endOrphan(directory: string, hasEnded: () => boolean): Promise<void> {
  const pid = readServerStatus(directory)?.pid
  if (pid === undefined) return
  try {
    process.kill(pid, 'SIGQUIT')
  } catch {
    // Its first process has ended, and the others notice that.
  }
  for (let waits = 0; waits < 500 && !hasEnded(); waits++) await delay(20)
}

/** Reads `postmaster.pid`: process id in its first line, state in its eighth. `null` while it is not complete. */
export function readServerStatus(directory: string): { readonly pid: number; readonly isReady: boolean } | null {
  try {
    const lines = readFileSync(join(directory, 'data', 'postmaster.pid'), 'utf8').split('\n')
    const pid = Number(lines[0])
    return pid > 0 ? { pid, isReady: lines[7]?.trim() === 'ready' } : null
  } catch {
    return null
  }
}
