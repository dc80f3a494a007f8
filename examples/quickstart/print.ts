import { type ReportedMigration, SchemawayError } from 'schemaway'

const isColoured = process.stdout.isTTY && process.env['NO_COLOR'] === undefined
const paint = (code: number, text: string): string => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text)

const bold = (text: string): string => paint(1, text)
const red = (text: string): string => paint(31, text)
const dim = (text: string): string => paint(2, text)

let steps = 0

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

export function step(title: string): void {
  steps += 1
  say(bold(`${steps}. ${title}`))
}

/** How many migrations of each module a command ran: "notify 9, survey_notify 2". */
export function countByModule(migrations: readonly ReportedMigration[]): string {
  const counts = new Map<string, number>()
  for (const { module } of migrations) counts.set(module, (counts.get(module) ?? 0) + 1)
  return [...counts].map(([module, count]) => `${module} ${count}`).join(', ')
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
  say(`   ${dim(line(head).trimEnd())}`)
  for (const row of rows) say(`   ${line(row).trimEnd()}`)
  say('')
}
