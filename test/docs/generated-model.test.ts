import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import test from 'node:test'
import { writeModelFace } from '../../docs/generate/write-model-face.js'
import { modelDatabase } from '../model/model-database.js'

const root = new URL('../../', import.meta.url)

test('the TypeScript of the bundled model is what npm run generate writes from this server', async (t) => {
  const { sql } = await modelDatabase(t)
  const files = await writeModelFace(sql)
  assert.equal(files.size, 9)
  for (const [path, text] of files) {
    assert.equal(readFileSync(new URL(path, root), 'utf8'), text, `${path} is stale: run npm run generate`)
  }
  const written = readdirSync(new URL('lib/model/generated/', root)).map((name) => `lib/model/generated/${name}`)
  assert.deepEqual(written.sort(), [...files.keys()].sort())
})

test('a constraint of a shape that the generator does not know stops it, by name', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  const refused = {
    'CHECK (name !~ $$x$$)': /the operator !~/,
    'CHECK (upper(name) = name)': /the function upper/,
    "CHECK (name < 'm')": /the sides of </,
    "CHECK (name ~ '\\d')": /cannot be translated/,
    'CHECK (length(name) > 1 IS TRUE)': /shape that the generator does not know/,
    'CHECK (length(name) BETWEEN SYMMETRIC 1 AND 9)': null,
    "CHECK (status > 'active')": /the sides of >/,
    'CHECK (created_at < updated_at)': null,
    "CHECK (email = 'a')": /shape that the generator does not know/,
  }
  for (const [check, message] of Object.entries(refused)) {
    await sql.unsafe(`ALTER TABLE iam.users ADD CONSTRAINT ck_new ${check}`)
    if (message !== null) await assert.rejects(writeModelFace(sql), message, check)
    await sql`ALTER TABLE iam.users DROP CONSTRAINT ck_new`
  }
})

test('a type that the generator does not know stops it', async (t) => {
  const { sql } = await modelDatabase(t, ['iam'])
  await sql`ALTER TABLE iam.users ADD COLUMN place point`
  await assert.rejects(writeModelFace(sql), /The type point is not known/)
})
