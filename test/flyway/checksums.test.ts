import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import fc from 'fast-check'
import { checksumOfBytes } from '../../lib/scripts/checksum.js'
import { testDatabase } from '../../lib/testing/index.js'
import { FlywayProgram, flywayDirectories, withoutFlyway } from './flyway-program.js'

const numberOfFiles = 600

const piece = fc.oneof(
  fc.constantFrom(
    '\n',
    '\r\n',
    '\r',
    '\n\n',
    ' ',
    '\t',
    '\f',
    '\v',
    '\u0085',
    '\u2028',
    '\u00a0',
    '\ufeff',
    '-- x',
    ';',
  ),
  fc.constantFrom('SELECT 1;', "INSERT INTO t VALUES ('é€🚀');", '/* ä */', '$$ body $$', '\\.', '${', "''"),
  fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => Buffer.from(text).toString() === text),
)
const text = fc.oneof(
  fc.constantFrom('', '\n', '\r\n\r\n', '\ufeff', '\ufeff\ufeffSELECT 1;', ' '),
  fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
)

test('checksums are those of Flyway, whatever a file holds', { skip: withoutFlyway }, async (t) => {
  const { url } = await testDatabase(t)
  const directory = mkdtempSync(`${tmpdir()}/checksums-`)
  t.after(() => rmSync(directory, { recursive: true }))
  const texts = fc.sample(text, { numRuns: numberOfFiles, seed: 20261120 })
  for (const [index, one] of texts.entries()) writeFileSync(`${directory}/V${index + 1}__x.sql`, one)
  for (const jars of flywayDirectories) {
    const flyway = new FlywayProgram(jars)
    const { error, migrations = [] } = await flyway.run('info', url, { locations: `filesystem:${directory}` })
    await flyway.stop()
    assert.equal(error, null)
    assert.equal(migrations.length, numberOfFiles)
    for (const { version, checksum } of migrations) {
      const one = texts[Number(version) - 1] ?? ''
      assert.equal(checksumOfBytes(Buffer.from(one)), checksum, `Flyway ${flyway.version}: ${JSON.stringify(one)}`)
    }
  }
})
