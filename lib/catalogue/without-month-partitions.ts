import type { Catalogue } from './read-catalogue.js'

/** Matches the names of month partitions, and of what belongs to one. */
export const monthPartition = /_y\d{4}m\d{2}/

/** A catalogue without month partitions, which follow the calendar: what is left depends on the migrations alone. */
export function withoutMonthPartitions(catalogue: Catalogue): Catalogue {
  return { ...catalogue, tables: catalogue.tables.filter(({ name }) => !monthPartition.test(name)) }
}
