export { defaultRoleNames, type RoleNames } from './role-names.js'
export type { TenantContext } from './tenant-context.js'
export { withOrganisation } from './with-organisation.js'
export { type WorkerOptions, withWorker } from './with-worker.js'
