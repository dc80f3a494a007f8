import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Problem } from '../errors/schemaway-error.js'
import { completeReading } from '../plan/complete-reading.js'
import type { FileOptions } from '../plan/reading-rules.js'
import { checksumOfBytes } from '../scripts/checksum.js'
import { nearestName } from '../scripts/nearest-name.js'
import { type ReadingRules, type ScriptDirectory, unreadable } from '../scripts/read-directory.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { type CallbackEvent, callbackEvents, impossibleEvents, isCallbackEvent } from './callback-events.js'

/** A file that runs at an event. It is no migration; where its text is parsed, it counts as a repeatable. */
export interface CallbackFile extends ScriptFile {
  readonly event: CallbackEvent
}

/** Where callbacks were found, and how the files of that folder are read. */
interface CallbackSource {
  readonly directory: string
  readonly module: string
  readonly rules: ReadingRules | undefined
  readonly encoding: FileOptions['encoding']
}

/**
 * Reads the callbacks of a folder: `<event>.sql` and `<event>__<description>.sql`, in every style of naming. Event names
 * are case-sensitive, as in Flyway. Names of no event go to the bad ones of the folder.
 *
 * @throws `INVALID_SCRIPT` for one that cannot be decoded and for a faulty `.conf` file; `UNREADABLE_DIRECTORY`
 */
export function readCallbacks(
  found: ScriptDirectory,
  { directory, module, rules, encoding }: CallbackSource,
  options: FileOptions,
): readonly CallbackFile[] {
  const events = new Map<string, CallbackEvent>()
  const files: ScriptFile[] = []
  const undecodable: ScriptFile[] = []
  for (const { script, file } of found.callbacks) {
    const { event, description, reason } = parseCallbackName(basename(script))
    if (event === null) {
      found.badNames.push({ script, reason })
      continue
    }
    events.set(file, event)
    const read = readFileAt(file, directory)
    const bytes = rules?.toUtf8 === undefined ? read : rules.toUtf8(read)
    const isDecoded = bytes !== null && checksumOfBytes(bytes) !== null
    const callback: ScriptFile = {
      kind: 'repeatable',
      module,
      script,
      file,
      version: null,
      description,
      bytes: bytes ?? read,
      checksum: 0,
      ...(rules?.placeholderMarks !== undefined && { placeholderMarks: rules.placeholderMarks }),
    }
    ;(isDecoded ? files : undecodable).push(callback)
  }
  const isOwn = (path: string): boolean => events.has(path.slice(0, -'.conf'.length))
  const configurations = found.configurations.filter(isOwn)
  for (const path of configurations) found.configurations.splice(found.configurations.indexOf(path), 1)
  completeReading({ ...found, files, undecodable, configurations }, { ...options, encoding, directory })
  return files.flatMap((file) => {
    const event = events.get(file.file)
    return event === undefined ? [] : [{ ...file, event }]
  })
}

function readFileAt(path: string, directory: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw unreadable(path, directory, error)
  }
}

function parseCallbackName(
  name: string,
):
  | { readonly event: CallbackEvent; readonly description: string; readonly reason: '' }
  | { readonly event: null; readonly description: ''; readonly reason: string } {
  const stem = name.replace(/\.sql$/i, '')
  const at = stem.indexOf('__')
  const head = at === -1 ? stem : stem.slice(0, at)
  if (isCallbackEvent(head)) {
    return { event: head, description: at === -1 ? '' : stem.slice(at + 2).replaceAll('_', ' '), reason: '' }
  }
  const impossible = Object.hasOwn(impossibleEvents, head) ? impossibleEvents[head] : undefined
  if (impossible !== undefined) return { event: null, description: '', reason: impossible }
  const nearest = nearestName(head, callbackEvents)
  const hint = nearest === null ? '' : `, did you mean ${nearest}?`
  return {
    event: null,
    description: '',
    reason: `it is named like a callback, but there is no event ${head}${hint} Expected <event>.sql or <event>__<description>.sql`,
  }
}

/**
 * Callbacks in the order in which those of one event run: the one without a description, then by description, whatever
 * folder they lie in. The same name twice in one module, or in `locations`, is refused as Flyway does.
 */
export function orderCallbacks(callbacks: readonly CallbackFile[]): {
  readonly callbacks: readonly CallbackFile[]
  readonly problems: readonly Problem[]
} {
  const problems: Problem[] = []
  const known = new Map<string, CallbackFile>()
  for (const callback of callbacks) {
    const { module, event, description, file, script } = callback
    const key = `${module}\0${event}\0${description}`
    const first = known.get(key)
    if (first === undefined) known.set(key, callback)
    // Two locations with wildcards may find the same file.
    else if (first.file !== file) {
      problems.push({
        kind: 'REPEATED_CALLBACK',
        script,
        module,
        message: `${first.file} and ${file} are the same callback; give one of them another description`,
      })
    }
  }
  const ordered = [...known.values()].sort((a, b) =>
    a.description < b.description ? -1 : a.description > b.description ? 1 : 0,
  )
  return { callbacks: ordered, problems }
}
