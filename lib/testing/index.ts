export type { TestDatabase } from './create-database.js'
export { type StartPostgresOptions, startPostgres } from './start-postgres.js'
export { type TestContext, type TestDatabaseOptions, testDatabase } from './test-database.js'
export type { TestServer } from './test-server.js'
