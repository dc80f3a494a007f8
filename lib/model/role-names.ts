/** Names of the four group roles of the bundled model, as the SQL files know them by placeholder. */
export interface RoleNames {
  /** Owns every object of the model: `${role_owner}`. */
  readonly owner: string
  /** Works for one organisation at a time: `${role_app}`. */
  readonly app: string
  /** Works for all organisations: `${role_worker}`. */
  readonly worker: string
  /** Reads for one organisation at a time: `${role_readonly}`. */
  readonly readonly: string
}

/** The role names that are used unless the caller chooses others. They belong to the whole cluster. */
export const defaultRoleNames = Object.freeze({
  owner: 'schemaway_owner',
  app: 'schemaway_app',
  worker: 'schemaway_worker',
  readonly: 'schemaway_readonly',
} as const satisfies RoleNames)
