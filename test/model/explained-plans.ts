import type { TestContext } from 'node:test'
import type { Notice, Sql } from 'postgres'
import { openClient } from './model-database.js'

/** What one statement did, also one inside a function. */
export interface ExplainedPlan {
  readonly query: string
  readonly nodes: readonly PlanNode[]
}

interface PlanNode {
  readonly type: string
  /** Table or partition without its schema; empty for other nodes. */
  readonly relation: string
  readonly index: string
  /** Rows that were read, used or not. */
  readonly rowsRead: number
  /** Whether the node ran. */
  readonly wasRun: boolean
}

interface RawNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Actual Rows'?: number
  readonly 'Actual Loops'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly RawNode[]
}

export interface ExplainingClient {
  readonly sql: Sql
  /** Forgets the plans so far, runs the work, and gives the plans of its statements, those inside functions first. */
  explain(work: () => Promise<unknown>): Promise<readonly ExplainedPlan[]>
}

/**
 * Opens a client whose server tells the plan of every statement, by the module auto_explain.
 *
 * @param admin a superuser's client: only a superuser may load the module for a login
 */
export async function openExplainingClient(
  t: TestContext,
  admin: Sql,
  url: string,
  login: { readonly name: string; readonly password: string },
): Promise<ExplainingClient> {
  const settings = {
    session_preload_libraries: 'auto_explain',
    'auto_explain.log_min_duration': '0',
    'auto_explain.log_nested_statements': 'on',
    'auto_explain.log_analyze': 'on',
    'auto_explain.log_timing': 'off',
    'auto_explain.log_format': 'json',
    'auto_explain.log_level': 'notice',
  }
  for (const [name, value] of Object.entries(settings)) {
    await admin.unsafe(`ALTER ROLE ${login.name} SET ${name} = '${value}'`)
  }
  const { sql, notices } = openClient(t, url, login)
  return {
    sql,
    explain: async (work) => {
      const before = notices.length
      await work()
      return notices.slice(before).flatMap(readPlan)
    },
  }
}

function readPlan({ message = '' }: Notice): readonly ExplainedPlan[] {
  const json = message.slice(message.indexOf('{'))
  if (!message.startsWith('duration: ') || json === message) return []
  const plan: { readonly 'Query Text': string; readonly Plan: RawNode } = JSON.parse(json)
  return [{ query: plan['Query Text'], nodes: listNodes(plan.Plan) }]
}

function listNodes(node: RawNode): readonly PlanNode[] {
  const own = {
    type: node['Node Type'],
    relation: node['Relation Name'] ?? '',
    index: node['Index Name'] ?? '',
    rowsRead: ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)) * (node['Actual Loops'] ?? 1),
    wasRun: node['Actual Loops'] !== 0,
  }
  return [own, ...(node.Plans ?? []).flatMap(listNodes)]
}
