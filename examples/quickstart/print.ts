import { type MigrationEvent, SchemawayError } from 'schemaway'

const isColoured = process.stdout.isTTY && process.env['NO_COLOR'] === undefined
const paint = (code: number, text: string): string => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text)

export const bold = (text: string): string => paint(1, text)
export const green = (text: string): string => paint(32, text)
export const red = (text: string): string => paint(31, text)
export const dim = (text: string): string => paint(2, text)

let steps = 0

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function step(title: string): void {
  steps += 1
  say(bold(`${steps}. ${title}`))
}

/** Listener that prints a line for each finished migration. */
export function stepDone(event: MigrationEvent): void {
  if (event.type !== 'stepFinished') return
  const mark = event.action === 'apply' ? green('+') : red('-')
  say(`   ${mark} ${event.script} ${dim(`${event.milliseconds} ms`)}`)
}

/** What a command says that is expected to refuse; a command that goes through would be a defect. */
export async function refusalOf(command: Promise<unknown>): Promise<string> {
  try {
    await command
  } catch (error) {
    if (error instanceof SchemawayError) return `${red('refused')}, ${error.code}: ${error.message}`
    throw error
  }
  throw new Error('the command was expected to be refused')
}

/** A failure explains itself and ends the process with status 1. */
export function fail(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`\n${red('The quickstart failed.')}\n${text}\n`)
  process.exitCode = 1
}

/** Prints rows as an aligned table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  say(`   ${dim(line(head))}`)
  for (const row of rows) say(`   ${line(row).trimEnd()}`)
  say('')
}
