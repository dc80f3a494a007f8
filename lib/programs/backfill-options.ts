import type { BackfillOptions } from './program.js'

const optionNames = ['name', 'table', 'alias', 'key', 'where', 'batchSize', 'pauseMilliseconds', 'update']

/** @throws TypeError for options that cannot be. */
export function checkOptions(options: BackfillOptions): void {
  const unknown = Object.keys(options).find((name) => !optionNames.includes(name))
  if (unknown !== undefined) {
    throw new TypeError(`backfill() has no option \`${unknown}\`; it has ${optionNames.join(', ')}.`)
  }
  const { name = '', table, alias = '', key = [], batchSize = 1, pauseMilliseconds = 0, where, update } = options
  const texts = [name, table, alias, ...[key].flat()]
  if (texts.some((text) => typeof text !== 'string') || table === '') {
    throw new TypeError('backfill() takes texts as `name`, `table`, `alias` and `key`; `table` must not be empty.')
  }
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new TypeError('backfill(): `batchSize` has to be a whole number from 1 on.')
  if (!Number.isFinite(pauseMilliseconds) || pauseMilliseconds < 0) {
    throw new TypeError('backfill(): `pauseMilliseconds` has to be a number from 0 on.')
  }
  if (typeof update !== 'function' || (where !== undefined && typeof where !== 'function')) {
    throw new TypeError('backfill() takes functions as `update` and `where`.')
  }
}
