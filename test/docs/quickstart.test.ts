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
    assert.match(output, /8 migrations applied, version 20260105\.100300/)
    assert.match(output, /app, for acme {4}Acme Ltd {14}key of acme/)
    assert.match(output, /app, for globex {2}Globex SpA {12}key of globex/)
    assert.match(output, /acme inserts a key for globex: refused/)
    assert.match(output, /refused, DATA_LOSS_REFUSED: .*iam\.api_keys \(2 rows\)/)
    assert.match(output, /- iam\/V20260105_100200__iam_access\.sql/)
    assert.match(output, /\+ iam\/V20260105_100200__iam_access\.sql/)
    assert.match(output, /undone {3}iam\/V20260105_100300__iam_audit_metrics\.sql/)
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
