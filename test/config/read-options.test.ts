import assert from 'node:assert/strict'
import test from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { type CommandName, commandNames } from '../../lib/config/command-names.js'
import { optionsSchema } from '../../lib/config/explain-options.js'
import { type Config, findSuspectOption, readOptions } from '../../lib/config/read-options.js'
import { SchemawayError } from '../../lib/errors/schemaway-error.js'
import { expectError } from '../support/expect-error.js'
import { arbitraryArgument, arbitrarySingleOption } from './arbitrary-options.js'

const url = 'postgres://u@h/d'

async function refused(options: unknown, command: CommandName = 'migrate'): Promise<SchemawayError> {
  return await expectError('INVALID_OPTIONS', readOptions(command, options))
}

test('without options beside the url, everything has its default and the bundled modules are selected', async () => {
  const { selection, placeholders, logger, ...config } = await readOptions('migrate', { url })
  assert.deepEqual(config, {
    command: 'migrate',
    connection: { url, connection: undefined, sql: undefined },
    historySchema: 'public',
    table: 'flyway_schema_history',
    ledgerTable: 'schemaway_ledger',
    roles: {
      owner: 'schemaway_owner',
      app: 'schemaway_app',
      worker: 'schemaway_worker',
      readonly: 'schemaway_readonly',
    },
    transaction: 'each',
    outOfOrder: false,
    applicationName: 'schemaway',
    connectTimeout: 10_000,
    connectRetries: 5,
    waitForLock: 600_000,
    lockStrategy: 'auto',
    lockTimeout: 2_000,
    lockRetries: 9,
    statementTimeout: 0,
    partitionsAhead: 3,
    retention: new Map(),
    set: undefined,
    organisationId: undefined,
    target: 'latest',
    cherryPick: [],
    validateOnMigrate: true,
    skipExecutingMigrations: false,
    ignoreMigrationPatterns: ['*:future'],
    baselineOnMigrate: false,
    baselineVersion: '1',
    baselineDescription: '<< Flyway Baseline >>',
    cleanDisabled: true,
    preview: false,
    versions: [],
    unfinished: undefined,
    from: undefined,
    applied: undefined,
    fromTable: undefined,
    installedBy: undefined,
    requireUndo: false,
    mixed: false,
    placeholderReplacement: true,
    placeholderPrefix: '${',
    placeholderSuffix: '}',
    placeholderSeparator: ':',
    encoding: 'utf-8',
    naming: 'flyway',
    ignore: [],
    failOnMissingLocations: true,
    steps: undefined,
    to: undefined,
    run: undefined,
    allowDataLoss: false,
    timeout: 60_000,
    interval: 500,
    signal: undefined,
    onEvent: undefined,
    hooks: {},
    isObserved: false,
  } satisfies Omit<Config, 'selection' | 'placeholders' | 'logger'>)
  assert.equal(selection.modules[0]?.name, 'iam')
  assert.equal(placeholders.size, 0)
  assert.deepEqual(logger, {})
})

test('an option given as undefined is one that is not given', async () => {
  const config = await readOptions('migrate', { url, table: undefined, modules: undefined, connection: undefined })
  assert.equal(config.table, 'flyway_schema_history')
})

test('what was read does not follow later changes of the caller, and cannot be changed', async () => {
  const options = { url, table: 'history', roles: { app: 'acme_app' } }
  const reading = readOptions('migrate', options)
  options.table = 'other'
  const config = await reading
  options.roles.app = 'other'
  assert.equal(config.table, 'history')
  assert.equal(config.ledgerTable, 'history_ledger')
  assert.equal(config.roles.app, 'acme_app')
  assert.throws(() => Object.assign(config, { table: 'x' }), TypeError)
  assert.throws(() => Object.assign(config.roles, { app: 'x' }), TypeError)
})

test('an unknown option is refused, naming the nearest one', async () => {
  const error = await refused({ url, lock_timeout: 5, modul: [], somethingElse: 1 })
  assert.match(error.message, /^migrate\(\) was called with options that cannot be used: /)
  assert.match(error.message, /`lock_timeout` is not an option, did you mean `lockTimeout`\?/)
  assert.match(error.message, /`modul` is not an option, did you mean `modules`\?/)
  assert.match(error.message, /`somethingElse` is not an option[;.]/)
  assert.equal(error.details.option, 'lock_timeout')
  assert.deepEqual(
    error.details.problems?.map((one) => one.kind),
    ['UNKNOWN_OPTION', 'UNKNOWN_OPTION', 'UNKNOWN_OPTION'],
  )
})

test('an option of another command is refused, naming the commands that take it', async () => {
  assert.match((await refused({ url, steps: 1 })).message, /`steps` is an option of rollback\(\) only/)
  assert.match(
    (await refused({ url, lockTimeout: 1 }, 'info')).message,
    /`lockTimeout` is an option of migrate\(\), migrateAll\(\), rollback\(\), maintain\(\), seed\(\), undo\(\), baseline\(\), repair\(\), clean\(\), adopt\(\), createMigrator\(\) only/,
  )
  assert.match((await refused({ url, timeout: 1 })).message, /`timeout` is an option of waitUntilMigrated\(\) only/)
})

test('names that every object inherits are unknown options, not known ones', async () => {
  for (const name of ['constructor', 'toString', 'hasOwnProperty', '__proto__']) {
    const error = await refused(JSON.parse(`{"url": "${url}", "${name}": "x"}`))
    assert.match(error.message, new RegExp(`\`${name}\` is not an option`))
  }
})

const wrongValues: readonly [option: string, value: unknown, problem: string][] = [
  ['url', '', 'must not be empty'],
  ['url', 5, 'must be a connection URL'],
  ['url', 'postgres://h/d\0', 'must not contain NUL or half a character'],
  ['connection', 'postgres://h/d', 'must be an object'],
  ['connection', new URL('postgres://h/d'), 'must be an object'],
  ['sql', {}, 'must be a postgres.js client, as postgres() returns it'],
  ['sql', () => {}, 'must be a postgres.js client, as postgres() returns it'],
  ['modules', 'iam', 'must be a list of module names and modules'],
  ['modules', [], 'must name at least one module'],
  ['locations', 7, 'must be a path, a file: URL, or a list of them'],
  ['locations', [], 'must name at least one folder'],
  ['locations', new URL('https://h/sql'), 'must be a file: URL'],
  ['cherryPick', [], 'must name at least one'],
  ['historySchema', '', 'must not be empty'],
  ['historySchema', 5, 'must be text'],
  ['historySchema', 's'.repeat(64), 'must not be longer than 63 bytes'],
  ['table', 'é'.repeat(27), 'must not be longer than 53 bytes'],
  ['table', 'a\0b', 'must not contain NUL or half a character'],
  ['applicationName', 'half \ud83d', 'must not contain NUL or half a character'],
  ['roles', new Map(), 'must be a plain object'],
  ['placeholders', new Map([['a', 'b']]), 'must be a plain object'],
  ['transaction', 'both', "must be 'each' or 'all'"],
  ['outOfOrder', 'true', 'must be true or false'],
  ['connectTimeout', 0, 'must be a whole number from 1 to 86400000'],
  ['connectTimeout', 1.5, 'must be a whole number from 1 to 86400000'],
  ['connectTimeout', '10', 'must be a whole number from 1 to 86400000'],
  ['connectTimeout', Number.POSITIVE_INFINITY, 'must be a whole number from 1 to 86400000'],
  ['connectTimeout', Number.NaN, 'must be a whole number from 1 to 86400000'],
  ['signal', new AbortController(), 'must be an AbortSignal'],
  ['logger', 'console', 'must be an object'],
  ['onEvent', {}, 'must be a function'],
]

for (const [option, value, problem] of wrongValues) {
  test(`\`${option}\` as ${inspect(value, { breakLength: Number.POSITIVE_INFINITY }).slice(0, 40)} is refused: ${problem}`, async () => {
    const error = await refused({ ...(option !== 'url' && { url }), [option]: value })
    assert.equal(
      error.message,
      `migrate() was called with an option that cannot be used: \`${option}\` ${problem}. ` +
        'See docs/configuration.md for every option.',
    )
    assert.equal(error.details.option, option)
  })
}

test('a wrong part of an option is named by its path', async () => {
  const error = await refused({
    url,
    modules: ['iam', 5],
    locations: ['a', new URL('https://h/')],
    placeholders: { TOKEN: 5 },
    roles: { owner: 'Acme Owner', app: 'pg_acme', worker: 'public', readonly: 5 },
  })
  assert.deepEqual(
    error.details.problems?.map((one) => one.message),
    [
      '`modules.1` must be a module name or a module from defineModule()',
      '`locations.1` must be a file: URL',
      '`roles.owner` must be a plain lower-case role name that PostgreSQL does not reserve, such as "acme_owner"',
      '`roles.app` must be a plain lower-case role name that PostgreSQL does not reserve, such as "acme_owner"',
      '`roles.worker` must be a plain lower-case role name that PostgreSQL does not reserve, such as "acme_owner"',
      '`roles.readonly` must be a role name',
      '`placeholders.TOKEN` must be text',
    ],
  )
})

test('an unknown role is refused, naming the nearest one', async () => {
  const error = await refused({ url, roles: { reader: 'x', ownr: 'y' } })
  assert.match(error.message, /`roles` has no `reader`/)
  assert.match(error.message, /`roles` has no `ownr`, did you mean `owner`\?/)
})

test('several problems of different kinds are told at once', async () => {
  const error = await refused({ url: '', lokations: 'sql', transaction: 'x', steps: 0 })
  assert.equal(error.details.problems?.length, 4)
  assert.deepEqual(
    new Set(error.details.problems.map((one) => one.kind)),
    new Set(['UNKNOWN_OPTION', 'INVALID_OPTION']),
  )
})

test('an argument that is no object of options is refused with an example', async () => {
  for (const argument of [undefined, null, 'postgres://u:hunter2@h/d', 5, [], new URL(url), () => {}]) {
    const error = await refused(argument)
    assert.match(error.message, /the argument must be an object, such as \{ url: process\.env\.DATABASE_URL \}/)
    assert.doesNotMatch(inspect(error), /hunter2/)
  }
})

test('what an object inherits is no option of the caller', async () => {
  assert.match((await refused(Object.create({ url }))).message, /no database is named/)
  const config = await readOptions('migrate', Object.assign(Object.create({ table: 5, unknown: 1 }), { url }))
  assert.equal(config.table, 'flyway_schema_history')
})

test('without a database the message asks whether the environment variable is set', async () => {
  for (const options of [{}, { url: undefined }]) {
    const error = await refused(options)
    assert.match(
      error.message,
      /no database is named; pass `url: process\.env\.DATABASE_URL` \(is the variable set\?\)/,
    )
    assert.equal(error.details.option, 'url')
  }
})

test('two databases are refused by name', async () => {
  const sql = Object.assign(() => {}, { options: {} })
  const error = await refused({ url, connection: {}, sql })
  assert.match(error.message, /`url` and `connection` and `sql` are given; exactly one of them names the database/)
  assert.match((await refused({ connection: {}, sql })).message, /`connection` and `sql` are given/)
})

test('steps, to and run exclude each other', async () => {
  const error = await refused({ url, steps: 1, to: '1' }, 'rollback')
  assert.match(error.message, /`steps` and `to` exclude each other/)
  assert.match((await refused({ url, to: '1', run: 'last' }, 'rollback')).message, /`to` and `run` exclude each other/)
})

test('a rollback to something that is no version is refused before anybody connects', async () => {
  for (const to of ['latest', 'V1', '1.', '-1', ' 1', 'Empty']) {
    assert.match((await refused({ url, to }, 'rollback')).message, /`to` is neither a version such as/)
  }
  for (const to of ['empty', '1', '20260105_110200', '20251223112456789.01']) {
    assert.equal((await readOptions('rollback', { url, to })).to, to)
  }
})

test('a list that came out empty is refused where it would mean everything, and kept where it means nothing', async () => {
  const empty = { versions: 'repair', applied: 'adopt', cherryPick: 'info' } as const
  for (const [option, command] of Object.entries(empty)) {
    assert.match((await refused({ url, [option]: [] }, command)).message, /must name at least one/)
  }
  const config = await readOptions('migrate', { url, ignoreMigrationPatterns: [], ignore: [] })
  assert.deepEqual(config.ignoreMigrationPatterns, [])
})

test('`cherryPick` goes with the default target, written out or not, and with no other', async () => {
  const config = await readOptions('migrate', { url, cherryPick: ['3'], target: 'Latest' })
  assert.deepEqual(config.cherryPick, ['3'])
  for (const target of ['5', 'next', 'current']) {
    assert.match((await refused({ url, cherryPick: ['3'], target })).message, /`cherryPick` and `target` exclude/)
  }
})

test('undo() takes a version or one of the words as its target, with a question mark or not', async () => {
  for (const target of ['3', '3?', 'next', 'latest?']) await readOptions('undo', { url, target })
  assert.match((await refused({ url, target: 'nonsense' }, 'undo')).message, /`target` is neither a version/)
})

test('the name of a placeholder may hold any end but the one that is chosen', async () => {
  assert.match((await refused({ url, placeholders: { 'a}b': 'x' } })).message, /has a } in its name/)
  const marks = { placeholderPrefix: '%%', placeholderSuffix: 'End' }
  assert.equal((await readOptions('migrate', { url, ...marks, placeholders: { 'a}b': 'x' } })).placeholders.size, 1)
  assert.match((await refused({ url, ...marks, placeholders: { theEND: 'x' } })).message, /has a End in its name/)
})

test('contradictions are told together', async () => {
  const error = await refused({ steps: 1, run: 'last', placeholders: { a: '1', A: '2' } }, 'rollback')
  assert.deepEqual(
    error.details.problems?.map((one) => one.message),
    [
      'no database is named; pass `url: process.env.DATABASE_URL` (is the variable set?), `connection` or `sql`',
      '`steps` and `run` exclude each other',
      'the placeholder `a` is given twice, in different case',
    ],
  )
})

test('a placeholder given twice in different case is refused', async () => {
  const error = await refused({ url, placeholders: { Tenant: 'a', tenant: 'b' } })
  assert.match(error.message, /the placeholder `tenant` is given twice, in different case/)
})

test('a placeholder without a name, or of the built-in ones, is refused', async () => {
  assert.match((await refused({ url, placeholders: { '': 'x' } })).message, /a placeholder has an empty name/)
  assert.match(
    (await refused({ url, placeholders: { 'Flyway:User': 'x' } })).message,
    /the placeholder `flyway:user` is built in and cannot be given/,
  )
})

test('placeholders are kept by lower-case name, with values as they are, empty ones too', async () => {
  const { placeholders } = await readOptions('migrate', { url, placeholders: { Tenant: '', OTHER: ' $1 `\\' } })
  assert.deepEqual(
    [...placeholders],
    [
      ['tenant', ''],
      ['other', ' $1 `\\'],
    ],
  )
})

test('two roles of the same name are refused, since one would have the rights of the other', async () => {
  const twice = await refused({ url, roles: { app: 'acme', worker: 'acme' } })
  assert.match(twice.message, /`roles\.app` and `roles\.worker` are both 'acme'/)
  const asDefault = await refused({ url, roles: { app: 'schemaway_owner' } })
  assert.match(asDefault.message, /`roles\.owner` and `roles\.app` are both 'schemaway_owner'/)
})

test('a role left undefined keeps its default name', async () => {
  const { roles } = await readOptions('migrate', { url, roles: { owner: undefined, app: 'acme_app' } })
  assert.equal(roles.owner, 'schemaway_owner')
  assert.equal(roles.app, 'acme_app')
  assert.equal(findSuspectOption('createMigrator', { url, roles: { owner: undefined } }), null)
})

test('a table whose ledger would be that of the default table is refused', async () => {
  assert.match((await refused({ url, table: 'schemaway' })).message, /`table` cannot be 'schemaway'/)
})

test('somebody listens when a logger or a listener is given, of whatever class', async () => {
  for (const listening of [{ logger: console }, { logger: new (class Log {})() }, { onEvent: () => {} }]) {
    assert.equal((await readOptions('migrate', { url, ...listening })).isObserved, true)
  }
})

test('a rollback of one module need not select those that it requires; a migrate() has to', async () => {
  const { defineModule } = await import('../../lib/modules/define-module.js')
  const modules = [defineModule({ name: 'billing', directory: '/sql', requires: ['iam'] })]
  assert.equal((await readOptions('rollback', { url, modules })).selection.modules.length, 1)
  await expectError('INVALID_MODULES', readOptions('migrate', { url, modules }))
})

test('property: what the fast check accepts, the zod schema accepts', () => {
  const schemas = new Map(commandNames.map((command) => [command, optionsSchema(command)]))
  let accepted = 0
  const check = (command: CommandName, argument: unknown): void => {
    if (findSuspectOption(command, argument) !== null) return
    accepted += 1
    const result = schemas.get(command)?.safeParse(argument)
    assert.ok(result?.success, result?.error?.message)
  }
  const arbitraryCommand = fc.constantFrom(...commandNames)
  fc.assert(fc.property(arbitraryCommand, arbitraryArgument, check), { numRuns: 1_000 })
  fc.assert(fc.property(fc.constant<CommandName>('migrate'), arbitrarySingleOption, check), { numRuns: 1_500 })
  fc.assert(fc.property(fc.constant<CommandName>('rollback'), arbitrarySingleOption, check), { numRuns: 1_000 })
  assert.ok(accepted > 500, `only ${accepted} were accepted: the property says little`)
})

test('property: whatever is passed, options are read or refused, never answered with a foreign error', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...commandNames), arbitraryArgument, async (command, argument) => {
      await readOptions(command, argument).catch((error: unknown) => {
        assert.ok(error instanceof SchemawayError, error instanceof Error ? error.stack : String(error))
      })
    }),
    { numRuns: 1_000 },
  )
})

test('property: no message contains a password given in url', async () => {
  let refusals = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...commandNames),
      arbitraryArgument,
      fc.nat(2),
      async (command, argument, form) => {
        const secret = 'postgres://user:hunter2-secret@host:5432/db'
        const given = form === 0 ? new URL(secret) : form === 1 ? secret : `${secret}\0`
        const options = typeof argument === 'object' ? { ...argument, url: given } : { url: given, unknown: 1 }
        await readOptions(command, options).catch((error: unknown) => {
          refusals += 1
          assert.ok(error instanceof SchemawayError)
          assert.doesNotMatch(`${error.message} ${JSON.stringify(error)} ${inspect(error, { depth: 9 })}`, /hunter2/)
        })
      },
    ),
    { numRuns: 1_000 },
  )
  assert.ok(refusals > 200)
})

test('seeds need a set, and an organisation only with reference data; retention only months that can be counted', async () => {
  assert.match((await refused({ url }, 'seed')).message, /`set` is missing; pass `set: 'reference'`/)
  assert.match((await refused({ url, set: 'prod' }, 'seed')).message, /`set` must be 'reference' or 'demo'/)
  const organisationId = '00000000-0000-7000-8000-00000000000A'
  assert.match(
    (await refused({ url, set: 'demo', organisationId }, 'seed')).message,
    /goes with `set: 'reference'` only/,
  )
  assert.match((await refused({ url, set: 'reference', organisationId: 'acme' }, 'seed')).message, /must be a uuid/)
  assert.equal(
    (await readOptions('seed', { url, set: 'reference', organisationId })).organisationId,
    organisationId.toLowerCase(),
  )
  for (const months of [0, -1, 1.5, '24', Number.NaN, 1_201, null]) {
    const error = await refused({ url, retention: { 'iam.audit_logs': { months } } }, 'maintain')
    assert.match(error.message, /`retention\.iam\.audit_logs\.months` must be a whole number from 1 to 1200/)
  }
  const error = await refused({ url, retention: { 'iam.audit_logs': { month: 3, months: 3 } } }, 'maintain')
  assert.match(error.message, /has no `month`, did you mean `months`\?/)
  assert.match(
    (await refused({ url, retention: {} }, 'migrate')).message,
    /`retention` is an option of maintain\(\) only/,
  )
})

test('an encoding is spelt as Java spells it, and one that nobody knows is refused with what there is', async () => {
  for (const [name, encoding] of [
    ['UTF-8', 'utf-8'],
    ['utf8', 'utf-8'],
    ['Latin1', 'iso-8859-1'],
    ['Cp1252', 'windows-1252'],
  ] as const) {
    assert.equal((await readOptions('migrate', { url: 'postgres://h/d', encoding: name })).encoding, encoding, name)
  }
  for (const encoding of ['utf-9', 'UTF-16', 1]) {
    const error = await expectError('INVALID_OPTIONS', readOptions('migrate', { url: 'postgres://h/d', encoding }))
    assert.match(error.message, /`encoding` must be/)
  }
})

test('a placeholder may not have the name of a built-in one, whatever their separator is', async () => {
  const placeholders = { flyway_table: 'mine' }
  const options = { url: 'postgres://h/d', locations: 'sql', placeholders }
  assert.equal((await readOptions('migrate', options)).placeholders.size, 1)
  const error = await expectError('INVALID_OPTIONS', readOptions('migrate', { ...options, placeholderSeparator: '_' }))
  assert.equal(error.details.option, 'placeholders.flyway_table')
})
