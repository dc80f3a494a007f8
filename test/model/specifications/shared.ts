import type { Grants, SpecifiedFunction } from '../specification.js'

export const tenantKey = ['uuid NOT NULL DEFAULT iam.current_organisation_id()', 'Tenant key.'] as const
export const tenantRowId = ['uuid NOT NULL DEFAULT iam.uuid_v7()', 'Row id, unique inside the organisation.'] as const
export const createdAt = ['timestamptz NOT NULL DEFAULT now()', 'Creation time.'] as const
export const updatedAt = ['timestamptz NOT NULL DEFAULT now()', 'Latest change, kept by trigger.'] as const
export const jsonObject = `jsonb NOT NULL DEFAULT '{}'::jsonb`

export const isObject = (column: string): string => `CHECK (jsonb_typeof(${column}) = 'object')`
export const lockPair = 'CHECK ((locked_by IS NULL) = (locked_until IS NULL))'
export const ofVersion7 = `CHECK (substr(id::text, 15, 1) = '7')`

export const ofOrganisation = 'FOREIGN KEY (organisation_id) REFERENCES iam.organisations (id) ON DELETE CASCADE'
/** The row goes with the one it names. */
export const partOf = (columns: string, table: string, key = 'id'): string =>
  `FOREIGN KEY (organisation_id, ${columns}) REFERENCES ${table} (organisation_id, ${key}) ON DELETE CASCADE`
/** The row keeps the one it names. */
export const refersTo = (columns: string, table: string, key = 'id'): string =>
  `FOREIGN KEY (organisation_id, ${columns}) REFERENCES ${table} (organisation_id, ${key}) ON DELETE NO ACTION`
export const ofMember = (column: string): string => refersTo(column, 'iam.organisation_users', 'user_id')

export const whenUpdated = ['BEFORE UPDATE FOR EACH ROW', 'iam.set_updated_at()'] as const

export const workerAccess = 'FOR ALL TO <worker> USING (true) WITH CHECK (true)'
export const tenantPolicies = {
  tenant_isolation:
    'FOR ALL USING (organisation_id = iam.current_organisation_id()) ' +
    'WITH CHECK (organisation_id = iam.current_organisation_id())',
  worker_access: workerAccess,
} as const

const all = 'SELECT, INSERT, UPDATE, DELETE'
export const tenantGrants: Grants = { app: all, worker: all, readonly: 'SELECT' }
export const globalGrants: Grants = { app: 'SELECT, INSERT, UPDATE', worker: all, readonly: 'SELECT' }
export const appendOnlyGrants: Grants = { app: 'SELECT, INSERT', worker: 'SELECT, INSERT', readonly: 'SELECT' }

const everybody = { securityDefiner: false, execute: ['PUBLIC'] } as const

/** A function that everybody may call and that writes, or gives another answer at each call. */
export const volatile = (returns: string): SpecifiedFunction => ({ returns, volatility: 'volatile', ...everybody })
/** A function that everybody may call and that reads. */
export const stable = (returns: string): SpecifiedFunction => ({ returns, volatility: 'stable', ...everybody })
/** A function that everybody may call and that depends on its arguments alone. */
export const immutable = (returns: string): SpecifiedFunction => ({ returns, volatility: 'immutable', ...everybody })
