import type { InfoReport, MigrationInfo } from './report.js'

const headings = ['Category', 'Version', 'Description', 'Type', 'Installed On', 'State', 'Undoable']
const nothing = 'No migrations found'

/**
 * Writes what `info()` returned as the table that Flyway's command line prints for `info`, for a terminal or a log.
 *
 * Columns are as wide as their longest text, counted as Flyway counts it, in UTF-16 units. `Undoable` says `Yes` where a `U`
 * file is there, as the editions of Flyway do that can undo; its community edition says `No` everywhere.
 *
 * @param report of `info()`, also one that went through JSON.
 * @returns lines, each ending in a line feed.
 * @example
 * console.log(describeInfo(await info({ url })))
 */
export function describeInfo({ migrations }: Pick<InfoReport, 'migrations'>): string {
  const rows = migrations.map((migration) => [
    migration.category,
    migration.version ?? '',
    migration.description,
    migration.type,
    migration.installedOn ?? '',
    migration.state,
    describeUndo(migration),
  ])
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const body = rows.length === 0 ? [`| ${nothing.padEnd(rule.length - 4)} |`] : rows.map(line)
  return `${[rule, line(headings), rule, ...body, rule].join('\n')}\n`
}

/** Nothing for what has no version, undoes something, or is gone. */
function describeUndo({ version, type, category, state, isUndoable }: MigrationInfo): string {
  if (version === null || type === 'DELETE' || category === 'Undo' || state === 'Undone' || state === 'Deleted')
    return ''
  return isUndoable && !state.startsWith('Failed') ? 'Yes' : 'No'
}
