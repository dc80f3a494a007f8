import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { testDatabase } from '../../lib/testing/index.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** The code of the README, in order. A block whose first line is a comment with a path is a file, any other a program. */
const blocks = [...readme.matchAll(/```(?:sql|ts)\n([\s\S]*?)```/g)].map(([, text = '']) => {
  return { text, path: /^(?:--|\/\/) (\S+\.\w+)\n/.exec(text)?.[1] }
})

/** What each program of the README prints, in order, when they run one after the other on one database. */
const expected: readonly RegExp[] = [
  /8 migrations applied, now at 20260105\.100300/,
  /0 members/,
  /^$/,
  /^\[ 'Contact Four', 'Contact One', 'Contact Three', 'Contact Two' \]\s+\[ \[ 'phone_number' \] \]$/,
  /^\[\] \[\] \[\]$/,
  /^$/,
  /20260105\.095900 iam roles Success[\s\S]*20260301\.090000 billing invoices Success/,
  /^done: billing\/V20260301_100000__billing_currency\.ts$/,
  /\| Versioned +\| 20260301\.100000 +\| billing currency +\| SCRIPT/,
  /INVALID_OPTIONS [\s\S]*did you mean `placeholders`\?/,
]

test('the code of the README runs, block by block', async (t) => {
  const { url } = await testDatabase(t)
  mkdirSync(join(root, '.tmp'), { recursive: true })
  const directory = mkdtempSync(join(root, '.tmp', 'readme-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  assert.equal(blocks.filter(({ path }) => path === undefined).length, expected.length)
  let index = 0
  for (const { text, path } of blocks) {
    if (path !== undefined) {
      mkdirSync(join(directory, dirname(path)), { recursive: true })
      writeFileSync(join(directory, path), text)
      continue
    }
    const file = join(directory, `block-${index + 1}.mts`)
    writeFileSync(file, text)
    const child = spawn(process.execPath, ['--import', 'tsx', file], {
      cwd: root,
      env: { ...process.env, DATABASE_URL: url },
    })
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (errors += chunk))
    const [code] = await once(child, 'close')
    assert.equal(code, 0, `block ${index + 1}:\n${text}\n${errors}`)
    assert.match(output.trim(), expected[index] ?? /^$/)
    index += 1
  }
})

test('every local link of the README leads to a file', () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => path)
  assert.ok(links.length > 3)
  assert.deepEqual(
    links.filter((path) => !existsSync(join(root, path))),
    [],
  )
})
