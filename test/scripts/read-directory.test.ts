import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { encodingError } from '../../lib/scripts/encoding-error.js'
import { readScriptDirectory } from '../../lib/scripts/read-directory.js'
import { errorOf } from './script-file-of.js'

let root = ''

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'read-directory-')))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(path: string, content: string | Buffer = 'SELECT 1;'): void {
  const file = join(root, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}

function link(path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  symlinkSync(target, join(root, path))
}

function read(directory = root, prefix = 'iam/') {
  return readScriptDirectory({ directory, module: 'iam', prefix })
}

function scripts(directory = root, prefix = ''): readonly string[] {
  return read(directory, prefix).files.map((file) => file.script)
}

suite('readScriptDirectory', () => {
  test('reads name, place, bytes and checksum of each script', () => {
    write('V20260105_100000___iam_init.sql', 'SELECT 1;\r\n')
    const { files, badNames } = read()
    assert.deepEqual(badNames, [])
    assert.deepEqual(files, [
      {
        kind: 'versioned',
        module: 'iam',
        script: 'iam/V20260105_100000___iam_init.sql',
        file: join(root, 'V20260105_100000___iam_init.sql'),
        version: { text: '20260105.100000', parts: [20260105n, 100000n] },
        description: ' iam init',
        bytes: Buffer.from('SELECT 1;\r\n'),
        checksum: 78787420,
      },
    ])
  })

  test('goes through folders and sorts by history path', () => {
    for (const path of ['b/V2__b.sql', 'V10__c.sql', 'b/a/V1__a.sql', 'V9__d.sql', 'a.sql/V3__e.sql']) write(path)
    assert.deepEqual(scripts(), ['V10__c.sql', 'V9__d.sql', 'a.sql/V3__e.sql', 'b/V2__b.sql', 'b/a/V1__a.sql'])
    assert.deepEqual(scripts(root, 'iam/')[0], 'iam/V10__c.sql')
  })

  test('takes a path relative to the working directory and names files absolutely', () => {
    write('V1__a.sql')
    assert.equal(read(relative(process.cwd(), root)).files[0]?.file, join(root, 'V1__a.sql'))
  })

  test('ignores files with other suffixes and an empty folder', () => {
    for (const path of ['README.md', 'V1__a.sql.conf', 'V1__a.sql~', 'empty/notes.txt']) write(path)
    assert.deepEqual(read(), {
      files: [],
      badNames: [],
      undecodable: [],
      configurations: [join(root, 'V1__a.sql.conf')],
      callbacks: [],
      programs: [],
      unread: [],
    })
  })

  test('reports bad names with reasons, sorted, and reads none of them', () => {
    write('b.sql', Buffer.from([0xff]))
    write('afterMigrate__x.sql')
    write('sub/v1__a.sql')
    write('._V1__a.sql', Buffer.from([0xff]))
    const { files, badNames, callbacks } = read()
    assert.deepEqual(files, [])
    assert.deepEqual(
      badNames.map(({ script }) => script),
      ['iam/._V1__a.sql', 'iam/b.sql', 'iam/sub/v1__a.sql'],
    )
    assert.deepEqual(callbacks, [{ script: 'iam/afterMigrate__x.sql', file: join(root, 'afterMigrate__x.sql') }])
  })

  test('reads each file of a mounted Kubernetes volume once', () => {
    write('..2026_01_05/V1__a.sql')
    link('..data', '..2026_01_05')
    link('V1__a.sql', '..data/V1__a.sql')
    assert.deepEqual(scripts(), ['V1__a.sql'])
  })

  test('follows links to files and folders', () => {
    const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'elsewhere-')))
    try {
      writeFileSync(join(elsewhere, 'V2__b.sql'), 'SELECT 2;')
      link('V1__a.sql', join(elsewhere, 'V2__b.sql'))
      link('sub', elsewhere)
      assert.deepEqual(scripts(), ['V1__a.sql', 'sub/V2__b.sql'])
    } finally {
      rmSync(elsewhere, { recursive: true })
    }
  })

  test('stops at links that lead in circles', () => {
    write('a/V1__a.sql')
    write('b/V2__b.sql')
    link('a/up', '..')
    link('a/b', '../b')
    link('b/a', '../a')
    assert.deepEqual(scripts(), ['a/V1__a.sql', 'a/b/V2__b.sql', 'b/V2__b.sql', 'b/a/V1__a.sql'])
  })

  test('leaves an editor lock that points nowhere to the bad names', () => {
    link('.#V1__a.sql', 'user@host.123:456')
    assert.equal(read().badNames.length, 1)
  })

  test('does not open what is neither file nor folder', { skip: process.platform === 'win32' }, () => {
    execFileSync('mkfifo', [join(root, 'V1__a.sql')])
    assert.match(read().badNames[0]?.reason ?? '', /not a regular file/)
  })
})

suite('what cannot be read', () => {
  test('a missing directory is named, with the next step', () => {
    const error = errorOf(() => read(join(root, 'missing')))
    assert.equal(error.code, 'UNREADABLE_DIRECTORY')
    assert.match(error.message, /missing does not exist\. Create it or correct the path/)
    assert.deepEqual(error.details, { directory: join(root, 'missing') })
    assert.ok(error.cause instanceof Error)
  })

  test('a file in place of a directory', () => {
    write('V1__a.sql')
    assert.match(errorOf(() => read(join(root, 'V1__a.sql'))).message, /is not a directory\. Name the folder/)
  })

  test('a link that points nowhere', () => {
    link('V1__a.sql', 'gone.sql')
    const error = errorOf(() => read())
    assert.equal(error.code, 'UNREADABLE_DIRECTORY')
    assert.deepEqual(error.details, { directory: root, file: join(root, 'V1__a.sql') })
  })

  test('a link to itself', () => {
    link('V1__a.sql', 'V1__a.sql')
    assert.match(errorOf(() => read()).message, /leads to itself/)
  })

  test('a file that is not UTF-8 is set apart, to be explained with the byte', () => {
    write('V1__a.sql', Buffer.from('-- caf\xe9', 'latin1'))
    const { files, undecodable } = read()
    assert.deepEqual(files, [])
    const [file] = undecodable
    assert.ok(file)
    const error = encodingError(file.bytes, file)
    assert.equal(error.code, 'INVALID_SCRIPT')
    assert.match(error.message, /^iam\/V1__a\.sql, line 1, column 7: .*byte 6 \(0xE9\)/)
    assert.deepEqual([error.details.module, error.details.version], ['iam', '1'])
  })

  test('a folder without the right to read it', {
    skip: process.getuid?.() === 0 || process.platform === 'win32',
  }, () => {
    write('sub/V1__a.sql')
    chmodSync(join(root, 'sub'), 0)
    try {
      assert.match(errorOf(() => read()).message, /may not be read by this process\. Give its user the right/)
    } finally {
      chmodSync(join(root, 'sub'), 0o700)
    }
  })
})
