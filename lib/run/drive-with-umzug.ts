import { Umzug } from 'umzug'

/** One thing to run, in the order of the list. */
export interface Unit {
  readonly name: string
  readonly run: () => Promise<void>
}

/**
 * Lets Umzug drive the units one after the other. This is the only file that knows Umzug.
 *
 * We plan ourselves, so Umzug gets exactly the list that is to run, and a storage that has nothing to remember: history is
 * written in the transaction of the migration itself. Umzug's own error would carry its context along, so the original
 * error leaves instead.
 */
export async function driveWithUmzug(units: readonly Unit[]): Promise<void> {
  const failure: { error?: unknown } = {}
  const umzug = new Umzug({
    migrations: units.map(({ name, run }) => ({
      name,
      up: async () => {
        try {
          await run()
        } catch (error) {
          failure.error = error
          throw error
        }
      },
    })),
    storage: { executed: async () => [], logMigration: async () => {}, unlogMigration: async () => {} },
    logger: undefined,
  })
  try {
    await umzug.up()
  } catch (error) {
    throw failure.error ?? error
  }
}
