/**
 * A process of its own for the tests of the session: it must end by itself, with nothing thrown outside a promise.
 * Arguments: the scenario and the URL. It prints what the promises of the session said.
 */
import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import { SchemawayError } from '../../lib/errors/schemaway-error.js'
import { openSession } from '../../lib/run/session.js'
import { targetOf } from './private-server.js'

const [scenario = '', url = ''] = process.argv.slice(2)
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error) => {
    console.log(`${event}: ${error}`)
    process.exitCode = 1
  })
}

await run(scenario)
// The server of the tests may take a moment to close its side.
const deadline = Date.now() + 1_000
while (openHandles().length > 0 && Date.now() < deadline) await nextTurn()
console.log(['done', ...openHandles()].join(' '))

/** Sockets and timers; a timer that ended the wait itself would count. */
function openHandles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'Timeout')
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function run(name: string): Promise<void> {
  if (name === 'refused') return report(openSession(targetOf(url)))
  const session = await openSession(targetOf(url))
  switch (name) {
    case 'query and close':
      await report(session.query('select 1 as one'))
      break
    case 'killed while running':
      await Promise.all([report(session.send('select pg_sleep(60)')), delay(100).then(() => kill(session.backendPid))])
      break
    case 'killed while idle':
      await kill(session.backendPid)
      await untilLost(session)
      break
    case 'killed in a transaction':
      await session.send('begin; create table never_there (id int)')
      await kill(session.backendPid)
      break
    case 'killed while copying': {
      const rows = async function* () {
        yield '1\n'
        await kill(session.backendPid)
        for (;;) {
          yield '2\n'.repeat(10_000)
          await delay(1)
        }
      }
      await session.send('create temporary table copied (id int)')
      await report(session.send('copy copied from stdin', rows()))
      break
    }
    case 'closed while running':
      await Promise.all([report(session.send('select pg_sleep(60)')), delay(50).then(() => session.close())])
      break
    case 'not closed':
      await kill(session.backendPid)
      await untilLost(session)
      return
    default:
      throw new Error(`no such scenario: ${name}`)
  }
  await report(session.query('select 2 as two'))
  await report(session.send('select 3'))
  await session.cancel()
  await session.close()
  await session.close()
}

async function report(promise: Promise<unknown>): Promise<void> {
  try {
    const value = await promise
    console.log(JSON.stringify(value))
  } catch (error) {
    console.log(
      error instanceof SchemawayError ? `${error.code} ${error.details.sqlState ?? ''}`.trim() : String(error),
    )
  }
}

async function kill(backendPid: number): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql`select pg_terminate_backend(${backendPid}, 5000)`
  await sql.end()
}

async function untilLost(session: { readonly isLost: boolean }): Promise<void> {
  while (!session.isLost) await delay(5)
}
