import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { BigFile } from '../../lib/scripts/big-file.js'
import { expectError } from '../support/expect-error.js'
import { errorOf } from './script-file-of.js'

const folder = mkdtempSync(join(tmpdir(), 'schemaway-big-file-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const path = join(folder, 'V1__a.sql')

function bigFileOf(content: Buffer): BigFile {
  writeFileSync(path, content)
  return new BigFile({ script: 'V1__a.sql', file: path })
}

async function streamed(file: BigFile, from: number, to: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of file.stream(from, to)) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

const streamedAtOnce = 1 << 18

test('chunks and streamed pieces are what the file holds, wherever they begin and end', async () => {
  const content = Buffer.from(Array.from({ length: 3 * streamedAtOnce }, (_, index) => (index * 31) % 251))
  const file = bigFileOf(content)
  const place = fc.oneof(
    fc.integer({ min: 0, max: content.length }),
    fc.constantFrom(0, streamedAtOnce, content.length),
  )
  await fc.assert(
    fc.asyncProperty(place, place, fc.integer({ min: 1, max: 1 << 20 }), fc.nat(20), async (a, b, length, overlap) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      const expected = content.subarray(from, to)
      assert.ok((await streamed(file, from, to)).equals(expected))
      assert.ok(file.read(from, to).equals(expected))
      let at = from
      for (const chunk of file.chunks({ from, to, length: length + overlap, overlap })) {
        assert.ok(chunk.equals(content.subarray(at, at + chunk.length)))
        at = at + chunk.length === to ? to : at + chunk.length - overlap
      }
      assert.equal(at, to)
    }),
    { numRuns: 40 },
  )
})

test('a view holds what the file holds, until the next one is asked for', () => {
  const content = Buffer.from(Array.from({ length: 1 << 21 }, (_, index) => (index * 31) % 251))
  const file = bigFileOf(content)
  for (const [from, to] of [
    [0, 10],
    [5, 1 << 20],
    [100, content.length],
    [7, 7],
  ] as const) {
    assert.ok(file.view(from, to).equals(content.subarray(from, to)))
  }
})

test('a text is found across the borders of chunks, and the hash is that of the whole file', () => {
  const content = Buffer.alloc((1 << 20) + 100, 'x')
  content.write('${name}', (1 << 20) - 3)
  const file = bigFileOf(content)
  assert.equal(file.includes('${name}'), true)
  assert.equal(file.includes('${other}'), false)
  assert.equal(file.sha256(), createHash('sha256').update(content).digest('hex'))
})

test('a file that is not the same any more is refused, whichever way it is read', async () => {
  const content = Buffer.from('SELECT 1;\n'.repeat(1_000))
  const changes: readonly (() => void)[] = [
    () => writeFileSync(path, content.subarray(1)),
    () => utimesSync(path, 1, 1),
    () => {
      rmSync(path)
      writeFileSync(join(folder, 'other'), '')
      writeFileSync(path, content)
    },
    () => rmSync(path),
  ]
  for (const change of changes) {
    const file = bigFileOf(content)
    change()
    const error = errorOf(() => file.read())
    assert.equal(error.code, 'INVALID_SCRIPT')
    assert.deepEqual([error.details.script, error.details.file], ['V1__a.sql', path])
    await expectError('INVALID_SCRIPT', streamed(file, 0, 10))
  }
})

test('a file that is there and cannot be read is not called changed', async () => {
  const file = bigFileOf(Buffer.from('SELECT 1;'))
  rmSync(path)
  symlinkSync(path, path)
  const error = errorOf(() => file.read())
  assert.match(error.message, /^V1__a\.sql cannot be read \(ELOOP\)/)
  assert.equal((await expectError('INVALID_SCRIPT', streamed(file, 0, 9))).message, error.message)
  rmSync(path)
})

test('a file that changes while it is read is refused at the end of the reading', async () => {
  const content = Buffer.alloc(3 * streamedAtOnce, 'x')
  const file = bigFileOf(content)
  const read = async () => {
    for await (const _ of file.stream(0, content.length)) utimesSync(path, 1, 1)
  }
  await expectError('INVALID_SCRIPT', read())
})
