import { quote } from './names.js'
import { type Expression, parseExpression } from './parse-expression.js'

/**
 * Translates a default to what constraints compare when an insert leaves the column out.
 *
 * @param write the type of the values in TypeScript
 * @returns the body of an arrow function, or null when the default is only known to the server
 */
export function translateDefault(source: string, write: string): string | null {
  const expression = parseExpression(source)
  const literal = withoutCasts(expression)
  if (literal.kind === 'call' && literal.name === 'now' && literal.values.length === 0) return 'new Date()'
  if (literal.kind === 'column') {
    if (literal.name === 'true' || literal.name === 'false') return literal.name
    return literal.name === 'CURRENT_DATE' ? 'new Date().toISOString().slice(0, 10)' : null
  }
  if (literal.kind === 'number') return literal.value
  if (literal.kind !== 'text') return null
  if (write === 'number' || write === 'string | number') return literal.value
  return /[{}]/.test(literal.value) ? null : quote(literal.value)
}

function withoutCasts(expression: Expression): Expression {
  return expression.kind === 'cast' ? withoutCasts(expression.value) : expression
}
