import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Sql } from 'postgres'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A block of code of a page, in its order. */
export interface Block {
  readonly language: string
  readonly text: string
}

/** What a guide is run on. */
export interface GuideSite {
  readonly directory: string
  readonly url: string
  readonly sql: Sql
  readonly environment: Readonly<Record<string, string>>
  /** Carries out a command of a block in `sh`. */
  readonly shell: (command: string, directory: string) => Promise<void>
}

export function readBlocks(page: string): readonly Block[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({ language, text }))
}

/** Writes the files that blocks in SQL and JavaScript are, each to the path in its first line. */
export function writeFiles(blocks: readonly Block[], directory: string): void {
  for (const { language, text } of blocks) {
    if ((language !== 'sql' && language !== 'js') || isForDatabase(text)) continue
    const [first = '', ...lines] = text.split('\n')
    const [, path = ''] = /^(?:--|\/\/) (\S+\.(?:sql|mjs))$/.exec(first) ?? []
    assert.notEqual(path, '', `a file begins with its path, or with "in the database": ${first}`)
    mkdirSync(join(directory, dirname(path)), { recursive: true })
    writeFileSync(join(directory, path), lines.join('\n'))
  }
}

/** An empty folder that goes with the test. */
export function guideDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'guide-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/**
 * Runs the blocks in their order: SQL that is meant for the database, programs, and commands of a shell. The text block
 * behind a program is exactly what it prints.
 *
 * @returns how many programs ran
 */
export async function runBlocks(blocks: readonly Block[], site: GuideSite): Promise<number> {
  let programs = 0
  for (const [index, { language, text }] of blocks.entries()) {
    if (language === 'sql' && isForDatabase(text)) await site.sql.unsafe(text).simple()
    if (language === 'sh') await site.shell(text.replaceAll(/\\\n\s*/g, '').trim(), site.directory)
    if (language !== 'ts') continue
    programs += 1
    const next = blocks[index + 1]
    assert.equal(next?.language, 'text', 'behind a program stands what it prints')
    assert.equal(await runProgram(text, site), next.text)
  }
  return programs
}

function isForDatabase(text: string): boolean {
  return text.startsWith('-- in the database')
}

async function runProgram(program: string, { directory, url, environment }: GuideSite): Promise<string> {
  const file = join(directory, 'program.mts')
  writeFileSync(file, program.replaceAll("'schemaway'", `'${join(root, 'lib/index.ts')}'`))
  const child = spawn(process.execPath, ['--import', join(root, 'node_modules/tsx/dist/loader.mjs'), file], {
    cwd: directory,
    env: { ...process.env, DATABASE_URL: url, ...environment },
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (errors += chunk))
  const [code] = await once(child, 'close')
  assert.equal(code, 0, `${program}\n${errors}`)
  return output
}

/** The text of a page below `docs`. */
export function readPage(name: string): string {
  return readFileSync(join(root, 'docs', name), 'utf8')
}
