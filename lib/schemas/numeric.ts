interface Limits {
  readonly precision: number
  readonly scale: number
}

const decimal = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$/i
const special = /^(?:NaN|[+-]?Infinity)$/

/** The most digits before and behind the point that `numeric` without limits holds. */
const mostDigits = { before: 131072, behind: 16383 }

/** Whether `numeric` takes a text, after rounding it to its scale. With limits it holds NaN, but no infinity. */
export function fitsNumeric(text: string, limits: Limits | null): boolean {
  if (special.test(text)) return limits === null || text === 'NaN'
  const parsed = parse(text)
  if (parsed === null) return false
  const { digits, pointAt } = parsed
  if (limits === null) {
    const leadingZeros = /^0*/.exec(digits)?.[0].length ?? 0
    return pointAt - leadingZeros <= mostDigits.before && digits.length - pointAt <= mostDigits.behind
  }
  return scaled(parsed, limits.scale) < 10n ** BigInt(limits.precision)
}

/** The number that the server compares: rounded to the scale. Exact up to 15 digits. */
export function roundNumeric(text: string, limits: Limits | null): number {
  const parsed = parse(text)
  if (parsed === null || limits === null) return Number(text)
  const magnitude = Number(scaled(parsed, limits.scale)) / 10 ** limits.scale
  return parsed.isNegative && magnitude !== 0 ? -magnitude : magnitude
}

interface Parsed {
  readonly isNegative: boolean
  readonly digits: string
  /** How many of the digits stand before the point; negative or beyond them through an exponent. */
  readonly pointAt: number
}

function parse(text: string): Parsed | null {
  const match = decimal.exec(text)
  if (match === null) return null
  const [, sign, before = '', behind = '', exponent = '0'] = match
  if (before === '' && behind === '') return null
  return { isNegative: sign === '-', digits: before + behind, pointAt: before.length + Number(exponent) }
}

/** The magnitude times ten to the scale, halves rounded away from zero. */
function scaled({ digits, pointAt }: Parsed, scale: number): bigint {
  const kept = pointAt + scale
  if (kept < 0) return 0n
  const whole = BigInt(digits.slice(0, kept).padEnd(kept, '0') || '0')
  return (digits[kept] ?? '0') >= '5' ? whole + 1n : whole
}
