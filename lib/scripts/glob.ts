/** Stands in a pattern for any number of items, none too. */
export const anyNumber = Symbol('any number')
const anyCharacter = Symbol('any character')

/** What a pattern asks of one character: to be this one, or only to be there. */
type CharacterPattern = string | typeof anyCharacter | typeof anyNumber
/** What a pattern asks of one part of a path; null asks nothing of it. */
type PartPattern = readonly CharacterPattern[] | null | typeof anyNumber

/** A pattern over paths, ready to be compared. */
export type Glob = readonly PartPattern[]

/**
 * Reads a pattern over paths with `/` between their parts: `*` stands for characters of one part, `?` for one of them, and
 * a part `**` for any number of parts, none too; at the end for one at least.
 *
 * @param options.fewest how many characters `*` stands for at least: in Flyway's locations it is one
 */
export function readGlob(text: string, { fewest = 0 }: { readonly fewest?: 0 | 1 } = {}): Glob {
  const parts = text.split('/')
  const pattern = parts.map((part) => (part === '**' ? anyNumber : readPart(part, fewest)))
  return withoutRepetition(parts.at(-1) === '**' ? [...pattern.slice(0, -1), null, anyNumber] : pattern)
}

function readPart(part: string, fewest: 0 | 1): readonly CharacterPattern[] {
  const read: CharacterPattern[] = []
  let hasStar = false
  const endRun = (): void => {
    if (hasStar) read.push(anyNumber)
    hasStar = false
  }
  for (const character of part) {
    if (character === '?') read.push(anyCharacter)
    else if (character === '*') {
      // Behind the characters that must be there, the stars of a run are one.
      if (fewest === 1) read.push(anyCharacter)
      hasStar = true
    } else {
      endRun()
      read.push(character)
    }
  }
  endRun()
  return read
}

function withoutRepetition(pattern: Glob): Glob {
  return pattern.filter((part, index) => part !== anyNumber || pattern[index - 1] !== anyNumber)
}

/** Whether a pattern stands for a path. */
export function matchesGlob(glob: Glob, path: string): boolean {
  return matchesParts(glob, path.split('/'))
}

/** How much of a path follows the shortest folder above it that a pattern stands for; null when it stands for none. */
export function pathBelowMatch(glob: Glob, path: string): string | null {
  const parts = path.split('/')
  for (let count = 1; count < parts.length; count += 1) {
    if (matchesParts(glob, parts.slice(0, count))) return parts.slice(count).join('/')
  }
  return null
}

function matchesParts(glob: Glob, parts: readonly string[]): boolean {
  return matchesInOrder(glob, parts, (pattern, part) => pattern === null || matchesInOrder(pattern, [...part], isFor))
}

function isFor(pattern: string | typeof anyCharacter, character: string): boolean {
  return pattern === anyCharacter || pattern === character
}

/**
 * Whether a pattern stands for items, the one rule for parts and for the characters in them. Where it fails, it goes on
 * from the last {@link anyNumber} with one item more; going back to one before could not help, since what lies between
 * them was found as early as it can be. So the comparisons are at most items times elements of the pattern.
 */
export function matchesInOrder<Element, Item>(
  pattern: readonly (Element | typeof anyNumber)[],
  items: readonly Item[],
  fits: (element: Element, item: Item) => boolean,
): boolean {
  let element = 0
  let item = 0
  let afterAny: { readonly element: number; readonly item: number } | null = null
  while (item < items.length) {
    const wanted = pattern[element]
    if (wanted === anyNumber) {
      element += 1
      afterAny = { element, item }
    } else if (element < pattern.length && fits(wanted as Element, items[item] as Item)) {
      element += 1
      item += 1
    } else if (afterAny === null) return false
    else {
      element = afterAny.element
      item = afterAny.item + 1
      afterAny = { element, item }
    }
  }
  return pattern.slice(element).every((rest) => rest === anyNumber)
}

/** Whether a path has characters that {@link readGlob} gives a meaning. */
export function hasWildcards(path: string): boolean {
  return /[*?]/.test(path)
}
