/**
 * The name that somebody who typed `word` probably meant, for "did you mean" in messages.
 *
 * Case, `_` and `-` are ignored. One slip is forgiven in a word of up to three letters, two in one of up to six, three in
 * longer ones; swapping two neighbours is one slip.
 *
 * @returns one of `candidates`, the first of several equally near ones, or `null` when none is near
 */
export function nearestName(word: string, candidates: Iterable<string>): string | null {
  const wanted = normalise(word)
  let nearest: string | null = null
  let smallest = wanted.length <= 3 ? 1 : wanted.length <= 6 ? 2 : 3
  for (const candidate of candidates) {
    const name = normalise(candidate)
    if (Math.abs(name.length - wanted.length) > smallest) continue
    const distance = editDistance(wanted, name)
    // A name that shares nothing is no suggestion, however short it is.
    if (distance >= Math.max(wanted.length, name.length)) continue
    if (distance < smallest || (distance === smallest && nearest === null)) {
      nearest = candidate
      smallest = distance
    }
  }
  return nearest
}

function normalise(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, '')
}

/** Optimal string alignment: insertions, deletions, replacements and swaps of neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const differs = a[row - 1] === b[column - 1] ? 0 : 1
      let cost = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + differs)
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, at(beforeLast, column - 2) + 1)
      }
      current.push(cost)
    }
    beforeLast = last
    last = current
  }
  return at(last, b.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
