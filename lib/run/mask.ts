/** Values shorter than this would blank out ordinary words. */
const shortestSecret = 4
/**
 * Of a value that the server cuts off it still shows 63 bytes in names and 64 in rows, less what stands before it there. So many
 * characters of a long value are taken for all of it.
 */
const tellingStart = 32

/** Replaces the values of placeholders by their names: they may be secrets, and a server's message may quote them. */
export function createMask(placeholders: ReadonlyMap<string, string>): (text: string) => string {
  // A value that is part of another one must not leave the rest of it.
  const secrets = [...placeholders]
    .filter(([, value]) => value.length >= shortestSecret)
    .sort(([, one], [, other]) => other.length - one.length)
  return (text) => secrets.reduce((masked, [name, value]) => replaceStarts(masked, value, `\${${name}}`), text)
}

function replaceStarts(text: string, value: string, replacement: string): string {
  const start = value.slice(0, tellingStart)
  let written = ''
  let copied = 0
  for (let found = text.indexOf(start); found !== -1; found = text.indexOf(start, copied)) {
    let length = start.length
    while (length < value.length && text[found + length] === value[length]) length += 1
    written += text.slice(copied, found) + replacement
    copied = found + length
  }
  return written + text.slice(copied)
}
