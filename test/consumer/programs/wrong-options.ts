// Compiled only: each of these mistakes has to be an error of its own, and the compiler says so if one is not.
import { createMigrator, defineModule, type ErrorCode, info, migrate, type RunReport, rollback } from 'schemaway'
import { startPostgres } from 'schemaway/testing'

const url = 'postgres://localhost/app'

export function makeMistakes(report: RunReport): void {
  // @ts-expect-error: no such option
  void migrate({ url, module: ['iam'] })
  // @ts-expect-error: no such bundled module
  void migrate({ url, modules: ['ima'] })
  // @ts-expect-error: not one of the values
  void migrate({ url, transaction: 'none' })
  // @ts-expect-error: milliseconds are a number
  void migrate({ url, lockTimeout: '2s' })
  // @ts-expect-error: an option of rollback()
  void migrate({ url, allowDataLoss: true })
  // @ts-expect-error: an option of commands that write
  void info({ url, lockTimeout: 2000 })
  // @ts-expect-error: the options are needed
  void migrate()
  // @ts-expect-error: not one of the values
  void rollback({ url, run: 'first' })
  // @ts-expect-error: no such option
  void createMigrator({ url, schema: 'app' })
  // @ts-expect-error: the directory is missing
  void defineModule({ name: 'billing' })
  // @ts-expect-error: not a supported version
  void startPostgres({ version: 14 })
  // @ts-expect-error: no such code
  void ('NO_SUCH_CODE' satisfies ErrorCode)
  // @ts-expect-error: reports are not to be changed
  report.currentVersion = '1'
}
