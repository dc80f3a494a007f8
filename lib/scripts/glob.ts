/**
 * A pattern over paths with `/` between their parts, as the source of a regular expression: `*` stands for characters of
 * one part, `?` for one of them, and a part `**` for any number of parts, none too.
 *
 * @param star what `*` stands for: Flyway's locations need at least one character, others none
 */
export function regExpOfGlob(glob: string, star: '[^/]*' | '[^/]+?' = '[^/]*'): string {
  const parts = glob.split('/')
  return parts
    .map((part, index) => {
      const isLast = index === parts.length - 1
      if (part === '**') return isLast ? '.*' : '(?:[^/]+/)*?'
      const source = part
        .replaceAll(/[\\^$.+()[\]{}|]/g, '\\$&')
        .replaceAll('?', '[^/]')
        .replaceAll('*', star)
      return isLast ? source : `${source}/`
    })
    .join('')
}

/** Whether a path has characters that {@link regExpOfGlob} gives a meaning. */
export function hasWildcards(path: string): boolean {
  return /[*?]/.test(path)
}
