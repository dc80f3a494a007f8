// The main job of schemaway in one sitting: migrate, look, isolate tenants, roll back, migrate again.
// It works on an embedded PostgreSQL, or in a database of its own on the server of DATABASE_URL, and leaves nothing behind.
import { migrate, rollback, SchemawayError } from 'schemaway'
import { startPostgres } from 'schemaway/testing'
import { fail, refusalOf, say, step, stepDone } from './print.js'
import { showInfo, showLedger } from './show-database.js'
import { showIsolation } from './show-isolation.js'
import { dropNewRoles, listRoles } from './tidy-up.js'

const modules = ['iam'] as const

try {
  say('schemaway quickstart\n')
  const server = await startPostgres({ url: process.env['DATABASE_URL'] })
  const rolesBefore = await listRoles(server.url)
  const database = await server.createDatabase()
  const { url, sql } = database
  try {
    const how = server.kind === 'embedded' ? 'embedded, just started' : 'of DATABASE_URL'
    step(`PostgreSQL ${server.version} (${how}), database ${database.name}`)

    step("await migrate({ url, modules: ['iam'] })")
    const first = await migrate({ url, modules, onEvent: stepDone })
    say(`   ${first.migrations.length} migrations applied, version ${first.currentVersion}\n`)
    await showInfo({ url, modules })

    step('Two organisations in the same tables, seen as the application role')
    await showIsolation(sql)

    step("await rollback({ url, modules: ['iam'], to: '20260105.100100' })")
    say(`   ${await refusalOf(rollback({ url, modules, to: '20260105.100100' }))}\n`)
    step('The same with allowDataLoss: true')
    await rollback({ url, modules, to: '20260105.100100', allowDataLoss: true, onEvent: stepDone })
    say('   organisations and users are still there, what came later is gone\n')

    step("await migrate({ url, modules: ['iam'] })   again")
    await migrate({ url, modules, onEvent: stepDone })
    const idle = await migrate({ url, modules })
    say(`   and once more: nothing to do, one query, ${idle.milliseconds} ms\n`)

    step('The ledger remembers everything')
    await showLedger(sql)
  } finally {
    await database.drop()
    await dropNewRoles(server, rolesBefore)
    await server.stop()
  }
  step('Server stopped, nothing left behind. Next: README.md, "Embed it".')
} catch (error) {
  fail(error instanceof SchemawayError ? `${error.code}: ${error.message}` : error)
}
