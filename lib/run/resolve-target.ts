import { hostname } from 'node:os'
import type { Config } from '../config/read-options.js'
import { type ConnectionTarget, resolveConnectionTarget } from './connection-target.js'

/** Longest application name that PostgreSQL keeps. */
const longestName = 63

/** Where to connect, under a name that tells people in `pg_stat_activity` which process it is. */
export function resolveTarget(config: Config): ConnectionTarget {
  const suffix = `@${hostname()}:${process.pid}`
  const applicationName = `${config.applicationName.slice(0, Math.max(longestName - suffix.length, 1))}${suffix}`
  const { connectTimeout } = config
  const target = resolveConnectionTarget(config.connection, { applicationName, connectTimeout }, process.env)
  for (const warning of target.warnings) {
    try {
      config.logger.warn?.(warning)
    } catch {
      // A logger that fails must not keep a service from starting.
    }
  }
  return target
}
