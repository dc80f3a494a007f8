// The main job of schemaway in one sitting: migrate, seed, look, isolate tenants, roll back, migrate again.
// It works on an embedded PostgreSQL, or in a database of its own on the server of DATABASE_URL, and leaves nothing behind.
import { migrate, rollback, SchemawayError, seed } from 'schemaway'
import { startPostgres } from 'schemaway/testing'
import { countByModule, fail, refusalOf, say, step } from './print.js'
import { showCampaign } from './show-campaign.js'
import { showLedger, showModules } from './show-database.js'
import { showIsolation } from './show-isolation.js'
import { dropNewRoles, listRoles } from './tidy-up.js'

try {
  say('schemaway quickstart\n')
  const server = await startPostgres({ url: process.env['DATABASE_URL'] })
  const rolesBefore = await listRoles(server.url)
  const database = await server.createDatabase()
  const { url, sql } = database
  try {
    const how = server.kind === 'embedded' ? 'embedded, just started' : 'of DATABASE_URL'
    step(`PostgreSQL ${server.version} (${how}), database ${database.name}`)

    step('await migrate({ url })')
    const first = await migrate({ url })
    const partitions = first.upkeep?.created.length ?? 0
    say(
      `   ${first.migrations.length} migrations applied and ${partitions} month partitions made in ${first.milliseconds} ms\n`,
    )
    await showModules({ url })

    step("await seed({ url, set: 'demo' })")
    const { files } = await seed({ url, set: 'demo' })
    say(`   ${files.map(({ script }) => script).join(', ')}\n`)
    await showCampaign(sql)

    step('Two organisations in the same tables, seen as the application role')
    await showIsolation(sql)

    step("await rollback({ url, modules: ['survey'], to: 'empty' })")
    const survey = { url, modules: ['survey'], to: 'empty' } as const
    say(`   ${await refusalOf(rollback(survey))}\n`)
    step('The same with allowDataLoss: true')
    const undone = await rollback({ ...survey, allowDataLoss: true })
    say(`   - ${countByModule(undone.migrations)}; the other modules go on working\n`)

    step('await migrate({ url })   again')
    const again = await migrate({ url })
    say(`   + ${countByModule(again.migrations)}`)
    await seed({ url, set: 'demo' })
    const idle = await migrate({ url })
    say(`   seeded again, and once more: nothing to do, one query, ${idle.milliseconds} ms\n`)

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
