import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { repository, tarball } from './tarball.js'

/** Paths in the tarball, without the directory `package/` that npm puts around them. */
function listFiles(): readonly string[] {
  const paths = execFileSync('tar', ['-tzf', tarball()], { encoding: 'utf8' }).trim().split('\n')
  return paths.map((path) => path.replace(/^package\//, '')).filter((path) => !path.endsWith('/'))
}

function listRepository(directory: string): readonly string[] {
  const entries = readdirSync(join(repository, directory), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(repository.length))
}

test('the tarball holds code, types, SQL, and the three texts, and nothing else', () => {
  const topLevel = new Set(listFiles().map((path) => path.split('/')[0]))
  assert.deepEqual([...topLevel].sort(), ['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json', 'sql'])
})

test('the tarball holds no hidden file, no test, and no TypeScript but declarations', () => {
  const strange = listFiles().filter(
    (path) =>
      /(^|\/)\.|(^|\/)(test|examples|node_modules)\/|\.tgz$|\.tsbuildinfo$/.test(path) || /(?<!\.d)\.ts$/.test(path),
  )
  assert.deepEqual(strange, [])
})

test('every source is in the tarball as code and as types, and nothing stale beside it', () => {
  const sources = listRepository('lib').filter((path) => path.endsWith('.ts'))
  const stems = sources.map((path) => path.replace(/^lib\//, 'dist/').replace(/\.ts$/, ''))
  const expected = stems.flatMap((stem) => [`${stem}.d.ts`, `${stem}.js`])
  const packed = listFiles().filter((path) => path.startsWith('dist/') && !path.endsWith('.map'))
  assert.deepEqual([...packed].sort(), expected.sort())
})

test('every SQL file of the repository is in the tarball', () => {
  const packed = listFiles().filter((path) => path.startsWith('sql/'))
  assert.deepEqual([...packed].sort(), [...listRepository('sql')].sort())
})
