import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { startPostgres } from '../../lib/testing/index.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

async function runQuickstart(
  environment: NodeJS.ProcessEnv,
): Promise<{ code: number | null; output: string; errors: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/quickstart/main.ts'], {
    cwd: root,
    env: environment,
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (errors += chunk))
  const [code] = await once(child, 'close')
  return { code, output, errors }
}

test('the quickstart does what it says, on the server of DATABASE_URL, and leaves neither databases nor roles', async () => {
  const server = await startPostgres({ settings: {} })
  try {
    const { code, output, errors } = await runQuickstart({ ...process.env, DATABASE_URL: server.url })
    assert.equal(code, 0, errors)
    assert.match(output, /\d+ migrations applied and 12 month partitions made/)
    assert.match(output, /survey_telephony {2}1 {9}20260105\.140000 {2}1 {11}Success {2}Yes/)
    assert.match(output, /"Demo satisfaction survey" \(draft\), 5 contacts/)
    assert.match(output, /Contact One {4}in_progress {2}leased to dialler-1/)
    assert.match(output, /Contact Three {2}pending {6}leaves alone: no consent/)
    assert.match(output, /Contact Five {3}excluded {5}never calls: do not call/)
    assert.match(output, /app, for demo {2}Demo Organisation {12}1 {10}5/)
    assert.match(output, /app, for acme {2}Acme Ltd {21}1 {10}0/)
    assert.match(output, /acme adds a contact to the campaign of demo: refused \(.*row-level security/)
    assert.match(output, /refused, DATA_LOSS_REFUSED: .*survey\.contacts \(5 rows\)/)
    assert.match(output, /- survey_notify 1, survey_telephony 1, survey 5; the other modules go on working/)
    assert.match(output, /\+ survey 8, survey_telephony 2, survey_notify 2/)
    assert.match(output, /undone {3}7 {6}survey\/V20260105_110000__survey_types\.sql/)
    const left = await server.createDatabase()
    const rows = await left.sql`
      SELECT datname AS name FROM pg_database WHERE datname LIKE 'schemaway%' AND datname <> current_database()
      UNION ALL SELECT rolname FROM pg_roles WHERE rolname LIKE 'schemaway%'`
    assert.deepEqual(
      rows.map((row) => row['name']),
      [],
    )
  } finally {
    await server.stop()
  }
})

test('a quickstart that cannot reach its server explains itself and fails', async () => {
  const { code, errors } = await runQuickstart({ ...process.env, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' })
  assert.equal(code, 1)
  assert.match(errors, /The quickstart failed\.[\s\S]*127\.0\.0\.1:1/)
})
