import type { ErrorDetails } from '../errors/schemaway-error.js'
import { SchemawayError } from '../errors/schemaway-error.js'
import { ownNames, quoteIdentifier, quoteLiteral } from '../history/quote-sql.js'
import type { PlanStep } from '../plan/plan.js'
import type { ParsedScript } from '../scripts/parse-script.js'
import type { ScriptFile } from '../scripts/script-file.js'
import { type MessagePart, MessageWriter } from './message-writer.js'
import type { Run } from './open-run.js'
import { retryTransaction, type Send } from './retry-transaction.js'
import type { ServerError } from './server-error.js'
import { explainFailure } from './statement-error.js'
import { detailsOf } from './translate-error.js'

const insufficientPrivilege = '42501'

/** A file of seeds, ready to be sent. */
export interface SeedScript {
  readonly file: ScriptFile
  readonly parsed: ParsedScript
}

/** One file of seeds that ran. */
export interface SeededFile {
  /** For example `seed/demo/010_iam.sql`. */
  readonly script: string
  readonly module: string
  /** Duration of its message. */
  readonly milliseconds: number
}

/**
 * Runs files of seeds, each in a message, all in one transaction. History and ledger hear nothing of it: seeds are data
 * that their files may add again at any time, and there is nothing to undo or to compare.
 *
 * @throws SchemawayError `INVALID_OPTIONS` when the organisation is not there; `STATEMENT_FAILED` with file and line,
 *   `STATEMENT_BLOCKED`, `MISSING_PRIVILEGE`, `COMMIT_FAILED`, `ABORTED`, `CONNECTION_LOST`.
 */
export async function runSeeds(run: Run, scripts: readonly SeedScript[]): Promise<readonly SeededFile[]> {
  const { config, session } = run
  const nothing: MessagePart = { text: '', segments: [], copy: null, program: null, hook: null }
  let sent = nothing
  const results = await retryTransaction(
    run,
    {
      retries: config.lockRetries,
      doing: 'seeding',
      explain: (error, facts) =>
        sent === nothing && error.sqlState === insufficientPrivilege
          ? explainMissingRole(run, error)
          : explainFailure(error, {
              message: { parts: [sent], ledgerHash: null },
              part: sent,
              mask: run.mask,
              server: session.display,
              ...facts,
            }).error,
    },
    async (send) => {
      // An error of this attempt must not be looked up in what an earlier one had sent.
      sent = nothing
      // A login may come with a tenant of its own, which is not meant here.
      await send(`${ownNames}; SET LOCAL app.organisation_id = ${quoteLiteral(config.organisationId ?? '')}`)
      await refuseUnknownOrganisation(run, send)
      const done: SeededFile[] = []
      for (const script of scripts) {
        const started = performance.now()
        for (const part of writeSeed(script)) {
          sent = part
          await send(part.text, part.copy?.rows())
        }
        const { script: name, module } = script.file
        done.push({ script: name, module, milliseconds: Math.round(performance.now() - started) })
      }
      return done
    },
  )
  for (const result of results) run.emit({ type: 'seeded', ...result })
  return results
}

/** A message of one file. It is written like a migration, so that errors name file and line. */
function writeSeed({ file, parsed }: SeedScript): readonly MessagePart[] {
  const { script, module, description } = file
  const reference = { script, module, version: null, description }
  const planned = { action: 'apply', reference, parsed, file: file.file, searchPath: 'pg_catalog' } as const
  const step: PlanStep = {
    action: 'apply',
    reference,
    scripts: [planned],
    removeRanks: [],
    removeRepeatables: [],
    historyRows: [],
    ledgerEntries: [],
  }
  const writer = new MessageWriter()
  writer.addScript(planned, step, [])
  writer.add({ role: 'reset' }, ['RESET ROLE'])
  return writer.parts
}

/** Each file would say so in its first line, but with one organisation the role is needed before. */
function explainMissingRole({ config, session, login }: Run, error: ServerError): SchemawayError {
  const { owner } = config.roles
  return new SchemawayError(
    'MISSING_PRIVILEGE',
    `${login} may not seed ${session.display}: ${error.sqlState} ${error.serverMessage}. Seeds are written as ${owner}. Let an ` +
      `administrator run: GRANT ${quoteIdentifier(owner)} TO ${quoteIdentifier(login)}; Nothing was changed.`,
    { details: detailsOf(error, session.display), cause: error },
  )
}

/** Otherwise a wrong id would pass for one that has everything already. */
async function refuseUnknownOrganisation({ config, session }: Run, send: Send): Promise<void> {
  const { organisationId, roles } = config
  if (organisationId === undefined) return
  const { lastRows } = await send(
    `SET LOCAL ROLE ${quoteIdentifier(roles.owner)}; ` +
      `SELECT FROM iam.organisations WHERE id = ${quoteLiteral(organisationId)}; RESET ROLE`,
  )
  if (lastRows.length > 0) return
  const details: ErrorDetails = { option: 'organisationId', server: session.display }
  throw new SchemawayError(
    'INVALID_OPTIONS',
    `There is no organisation ${organisationId} in ${session.display}. Create it first, or leave \`organisationId\` out to ` +
      'seed every organisation. Nothing was changed.',
    { details },
  )
}
