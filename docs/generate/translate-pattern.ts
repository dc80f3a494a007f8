/**
 * Translates a regular expression of PostgreSQL (an ARE) to the source of one of JavaScript with the flag `u`. Knows
 * what means the same in both: literals, brackets with ranges, groups, alternatives, quantifiers, anchors at the ends.
 *
 * @throws Error on everything else, such as class escapes, whose meaning depends on the locale of the database
 */
export function translatePattern(pattern: string): string {
  const part =
    /(?<escape>\\[.+*?()[\]{}|^$/\\])|(?<group>\(\?:|\((?!\?)|\))|(?<bracket>\[\^?(?:\[:space:\]|[^\][\\])+\])|(?<count>\{\d+(?:,\d*)?\})|(?<quantifier>[*+?])|(?<anchor>[\^$])|(?<or>\|)|(?<plain>[^\\()[\]{}*+?^$|.])/uy
  let source = ''
  while (part.lastIndex < pattern.length) {
    const start = part.lastIndex
    const match = part.exec(pattern)
    if (match === null) throw new Error(`The pattern ${pattern} cannot be translated at ${pattern.slice(start)}.`)
    const isMisplaced = (match[0] === '^' && start > 0) || (match[0] === '$' && part.lastIndex < pattern.length)
    if (match.groups?.['anchor'] !== undefined && isMisplaced) {
      throw new Error(`The pattern ${pattern} has an anchor in its middle.`)
    }
    // A range over letters of a bracket means code points in both. White space beyond ASCII depends on the locale there.
    source += match[0].replace('[:space:]', '\\t\\n\\v\\f\\r ')
  }
  return new RegExp(source, 'u').source
}
