import assert from 'node:assert/strict'
import test from 'node:test'
import { clean, migrate } from '../../lib/index.js'
import { testDatabase } from '../../lib/testing/index.js'
import { createLogin } from '../support/create-login.js'
import { expectError } from '../support/expect-error.js'
import { writeScripts } from '../support/write-scripts.js'

test('what stands on the history elsewhere is a reason to drop nothing, when the history would go', async (t) => {
  const { url, sql } = await testDatabase(t)
  await migrate({ url, modules: ['iam'] })
  await sql.unsafe(`CREATE SCHEMA reports;
    CREATE VIEW reports.applied AS SELECT version FROM public.flyway_schema_history;
    CREATE TABLE reports.notes (rank int CONSTRAINT of_rank REFERENCES public.flyway_schema_history, like_row public.flyway_schema_history);
    CREATE FUNCTION reports.show(public.flyway_schema_history) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$;
    CREATE INDEX theirs ON public.flyway_schema_history (installed_by);
    CREATE FUNCTION reports.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
    CREATE TRIGGER theirs AFTER INSERT ON public.flyway_schema_history FOR EACH ROW EXECUTE FUNCTION reports.note();
    CREATE VIEW public.applied AS SELECT version FROM public.flyway_schema_history;`)
  const expected = [
    'column like_row of table reports.notes',
    'constraint of_rank on table reports.notes',
    'function reports.show(public.flyway_schema_history)',
    'view public.applied',
    'view reports.applied',
  ]
  for (const way of [{ preview: true }, { cleanDisabled: false }]) {
    const error = await expectError('CLEAN_REFUSED', clean({ url, modules: ['iam'], ...way }))
    assert.deepEqual([...(error.details.objects ?? [])].toSorted(), expected)
  }
  assert.equal((await sql`SELECT FROM pg_namespace WHERE nspname = 'iam'`).length, 1)
  await sql.unsafe('DROP SCHEMA reports CASCADE; DROP VIEW public.applied')
  await clean({ url, modules: ['iam'], cleanDisabled: false })
  assert.equal((await sql`SELECT FROM pg_class WHERE relname = 'flyway_schema_history'`).length, 0)
})

test('what stands on the history hinders no clean that leaves the history, and goes with the schema where it lies', async (t) => {
  const { url, sql } = await testDatabase(t)
  const { directory: locations } = writeScripts(t, {
    'V1__a.sql': 'CREATE TABLE a (id int); CREATE VIEW applied AS SELECT version FROM flyway_schema_history;',
  })
  await migrate({ url, locations })
  await migrate({ url, modules: ['iam'] })
  await clean({ url, modules: ['iam'], cleanDisabled: false })
  assert.equal((await sql`SELECT FROM applied`).length, 1)
  const { dropped } = await clean({ url, locations, cleanDisabled: false })
  assert.deepEqual(
    dropped.map(({ name }) => name),
    ['applied', 'a'],
  )
  assert.equal((await sql`SELECT FROM pg_class WHERE relname = 'flyway_schema_history'`).length, 0)
})

test('a preview says, too, that the login cannot drop the history', async (t) => {
  const database = await testDatabase(t)
  await migrate({ url: database.url, modules: ['iam'] })
  const login = await createLogin(t, database)
  await database.sql.unsafe(`ALTER ROLE ${login.name} NOINHERIT; GRANT schemaway_owner TO ${login.name}`)
  const options = { url: login.url, modules: ['iam'] as const }
  const preview = await expectError('MISSING_PRIVILEGE', clean({ ...options, preview: true }))
  const real = await expectError('MISSING_PRIVILEGE', clean({ ...options, cleanDisabled: false }))
  assert.equal(preview.message, real.message)
})
