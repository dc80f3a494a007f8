/** A foreign key, read from what `pg_get_constraintdef` prints. */
export interface ForeignKey {
  readonly columns: readonly string[]
  readonly target: string
  readonly targetColumns: readonly string[]
  /** What follows the referenced columns, such as `ON DELETE CASCADE`; empty when nothing does. */
  readonly actions: string
}

const shape = /^FOREIGN KEY \(([^)]+)\) REFERENCES ([a-z_.]+)\(([^)]+)\)\s*(.*)$/

/** Parts a definition; names that need quotes do not occur in the bundled model. */
export function parseForeignKey(definition: string): ForeignKey {
  const [, columns, target, targetColumns, actions] = shape.exec(definition) ?? []
  if (columns === undefined || target === undefined || targetColumns === undefined) {
    throw new TypeError(`not a foreign key as the server prints it: ${definition}`)
  }
  return { columns: columns.split(', '), target, targetColumns: targetColumns.split(', '), actions: actions ?? '' }
}

/** The columns besides the tenant key, which every key between tenant tables begins with. */
export function ownColumns({ columns }: ForeignKey): readonly string[] {
  return columns.length === 1 ? columns : columns.filter((column) => column !== 'organisation_id')
}
