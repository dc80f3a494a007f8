/** Values shorter than this would blank out ordinary words. */
const shortestSecret = 4

/** Replaces the values of placeholders by their names: they may be secrets, and a server's message may quote them. */
export function createMask(placeholders: ReadonlyMap<string, string>): (text: string) => string {
  const secrets = [...placeholders].filter(([, value]) => value.length >= shortestSecret)
  return (text) => secrets.reduce((masked, [name, value]) => masked.replaceAll(value, `\${${name}}`), text)
}
