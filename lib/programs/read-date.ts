const isoDate =
  /^(\d{4,6})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?)?)?( BC)?$/

/**
 * Reads what the server writes for a date or a timestamp under `DateStyle` ISO. Without an offset it is in UTC, as which a `Date` is
 * written, so that a value that is read and written back stays what it was, wherever this process runs.
 *
 * @returns the text as it is where no `Date` would be the same: `infinity`, a year that is out of reach, another `DateStyle`.
 */
export function readDate(text: string): Date | string {
  const found = isoDate.exec(text)
  if (found === null) return text
  const part = (index: number): number => Number(found[index] ?? 0)
  const date = new Date(0)
  // Not by Date.UTC, which takes the years up to 99 for those of the twentieth century.
  date.setUTCFullYear(found[12] === undefined ? part(1) : 1 - part(1), part(2) - 1, part(3))
  date.setUTCHours(part(4), part(5), part(6), Number((found[7] ?? '').padEnd(3, '0').slice(0, 3)))
  const offset = ((part(9) * 60 + part(10)) * 60 + part(11)) * 1000
  date.setTime(date.getTime() + (found[8] === '-' ? offset : -offset))
  return Number.isNaN(date.getTime()) ? text : date
}
