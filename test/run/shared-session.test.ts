import assert from 'node:assert/strict'
import test from 'node:test'
import { readOptions } from '../../lib/config/read-options.js'
import { openRun } from '../../lib/run/open-run.js'
import { testDatabase } from '../../lib/testing/index.js'

test('a setting that nothing defines does not stay behind in a shared session, whichever function set it', async (t) => {
  const { url, sql } = await testDatabase(t)
  await sql.unsafe(`CREATE FUNCTION as_tenant() RETURNS void LANGUAGE plpgsql AS
      'BEGIN PERFORM set_config(''one.tenant'', ''7'', false); SET SESSION one.more.role = ''x''; END';
    CREATE FUNCTION as_user() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT set_config('two.person', '8', false); END;
    CREATE FUNCTION as_other() RETURNS void LANGUAGE plpgsql SET three.person = '3' AS 'BEGIN END'`)
  const run = await openRun(await readOptions('migrate', { url, locations: '.', lockStrategy: 'transaction' }))
  t.after(() => run.close())
  const { session, care, begin } = run
  const ran = async (script: string): Promise<void> => {
    const statements = [...care.remember([script]), ...begin, script, 'COMMIT', ...care.afterScripts]
    await session.send(statements.join(';\n'))
  }
  await session.send(`SET two.person = 'of the pooler'`)
  await ran('SELECT as_tenant(), as_user(), as_other()')
  await ran(
    `CREATE FUNCTION made_now() RETURNS text LANGUAGE sql AS $$ SELECT set_config('four.person', '4', false) $$`,
  )
  await ran('SELECT made_now()')
  const names = ['one.tenant', 'one.more.role', 'two.person', 'three.person', 'four.person']
  const values = names.map((name) => `current_setting('${name}', true) AS "${name}"`)
  const [row] = await session.query<Record<string, string | null>>(`SELECT ${values}`)
  // Nothing takes the name itself away again.
  assert.deepEqual(
    names.map((name) => row?.[name] || null),
    [null, null, 'of the pooler', null, null],
  )
})
