import { isSqlFileName, type Naming, type ParsedScriptName, parseScriptName, type ScriptKind } from './script-name.js'
import { parseVersion } from './version.js'

/** Version, then description behind one or two underscores, or a hyphen. */
const versionFirst = /^(\d+(?:\.\d+)*)(?:(?:__?|-)(.*))?$/
/** A version that goes on behind a hyphen, which Flyway's versions do not have. */
const hyphenated = /^\d+(?:-\d+)+(?=[-_]|$)/
const repeatable = /^U?R__/
const upOrDown = /^(.*)\.(up|down)\.sql$/i
const longestVersion = 50

const expected: Readonly<Record<Exclude<Naming, 'flyway'>, string>> = {
  'up-down': '<version>_<description>.up.sql with <version>_<description>.down.sql',
  numbered: '<version>_<description>.sql with <version>_<description>.down.sql',
}

/**
 * Reads a file name of another style than Flyway's: `0001_users.up.sql` (or `V0001.up.sql`) with `0001_users.down.sql` for
 * `up-down`, `001_users.sql` with `001_users.down.sql` for `numbered`.
 *
 * Version and description are those that `V0001__users.sql` would have, so a team that renames its files to Flyway's
 * style later keeps its history. Repeatables are named as Flyway's in every style, `R__x.sql` with `UR__x.sql`, or
 * `R__x.up.sql` with `R__x.down.sql`.
 */
export function parseOtherScriptName(fileName: string, naming: Exclude<Naming, 'flyway'>): ParsedScriptName {
  if (repeatable.test(fileName)) return parseRepeatableName(fileName)
  const [, stem, direction] = upOrDown.exec(fileName) ?? []
  if (naming === 'up-down') {
    if (stem === undefined || direction === undefined) {
      return refuse(naming, 'its name ends in neither .up.sql nor .down.sql', fileName)
    }
    return parseStem(stem.replace(/^V/, ''), direction.toLowerCase() === 'up' ? 'versioned' : 'undo', naming, fileName)
  }
  if (direction?.toLowerCase() === 'up') return refuse(naming, 'its name ends in .up.sql', fileName)
  if (stem !== undefined) return parseStem(stem, 'undo', naming, fileName)
  return isSqlFileName(fileName)
    ? parseStem(fileName.slice(0, -'.sql'.length), 'versioned', naming, fileName)
    : refuse(naming, 'its name does not end in .sql', fileName)
}

/** A drop that was taken for a repeatable would run after what it drops. */
function parseRepeatableName(fileName: string): ParsedScriptName {
  const [, stem, direction] = upOrDown.exec(fileName) ?? []
  if (stem === undefined || direction === undefined) return parseScriptName(fileName)
  if (stem.startsWith('U')) {
    return {
      ok: false,
      reason: `UR__ and .${direction.toLowerCase()}.sql both say what the file is for; expected UR__<description>.sql or R__<description>.down.sql`,
    }
  }
  return parseScriptName(`${direction.toLowerCase() === 'down' ? 'U' : ''}${stem}.sql`)
}

function parseStem(
  stem: string,
  kind: ScriptKind,
  naming: Exclude<Naming, 'flyway'>,
  fileName: string,
): ParsedScriptName {
  if (hyphenated.test(stem)) {
    return refuse(naming, 'a version has dots or nothing between its digits, no hyphens', fileName)
  }
  const [, text = '', description = ''] = versionFirst.exec(stem) ?? []
  const version = parseVersion(text)
  if (version === null) return refuse(naming, 'its name does not begin with a number', fileName)
  if (text.length > longestVersion) {
    return refuse(
      naming,
      `its version is longer than ${longestVersion} characters, which history cannot hold`,
      fileName,
    )
  }
  return { ok: true, kind, version, description: description.replaceAll('_', ' ') }
}

function refuse(naming: Exclude<Naming, 'flyway'>, reason: string, fileName: string): ParsedScriptName {
  return { ok: false, reason: `${reason}; expected ${expected[naming]}${describeMixture(naming, fileName)}` }
}

/** What a file is that is named in another style than its folder. */
function describeMixture(naming: Naming, fileName: string): string {
  const other = namingOf(fileName)
  if (other === null || other === naming) return ''
  return `. It is named in the style \`naming: '${other}'\`, and a folder has one style: rename it, or put files of that style into a module of their own`
}

/** The style that a name is of beyond doubt. */
export function namingOf(fileName: string): Naming | null {
  if (/^V?\d.*\.up\.sql$/i.test(fileName)) return 'up-down'
  if (/^[VUB]\d.*\.sql$/.test(fileName) && !upOrDown.test(fileName)) return 'flyway'
  return /^\d.*\.sql$/.test(fileName) && !upOrDown.test(fileName) ? 'numbered' : null
}
