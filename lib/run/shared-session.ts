import { quoteDoBlock, quoteLiteral, withOwnNames } from '../history/quote-sql.js'
import { ServerError } from './server-error.js'
import type { Session } from './session.js'
import type { SessionCare } from './session-care.js'

/** SET app.tenant = ..., SET SESSION app.tenant TO ..., set_config('app.tenant', ...) */
const customSetting = /\bSET\s+(?:SESSION\s+)?((?:\w+\.)+\w+)|\bset_config\s*\(\s*'((?:\w+\.)+\w+)'/gi

function findCustomSettings(texts: readonly string[]): readonly string[] {
  const names = texts.flatMap((text) => [...text.matchAll(customSetting)].map((match) => match[1] ?? match[2] ?? ''))
  return [...new Set(names.map((name) => name.toLowerCase()))].filter((name) => !name.startsWith('schemaway.'))
}

/** The same in a function that a script may call. */
const settingsOfFunctionsSql = withOwnNames(
  `SELECT DISTINCT lower(coalesce(m[1], m[2])) AS name FROM pg_proc AS p CROSS JOIN LATERAL regexp_matches(` +
    `coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), ${quoteLiteral(String.raw`\mSET\s+(?:SESSION\s+)?((?:\w+\.)+\w+)|\mset_config\s*\(\s*'((?:\w+\.)+\w+)'`)}, 'gi') AS m ` +
    `WHERE p.prokind IN ('f', 'p') AND p.pronamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`,
)

/** Objects of the session's own temporary schema. */
const temporaryObjects =
  `FROM pg_catalog.pg_depend AS d WHERE d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass ` +
  `AND d.refobjid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema() AND d.deptype OPERATOR(pg_catalog.=) 'n'`

const advisoryLocks =
  `FROM pg_catalog.pg_locks AS l WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory' AND l.granted ` +
  `AND l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()`
const lockName = `pg_catalog.concat_ws(' ', l.classid, l.objid, l.objsubid, l.mode)`

const sessionSettings =
  `(SELECT coalesce(pg_catalog.jsonb_object_agg(s.name, s.setting), '{}') FROM pg_catalog.pg_settings AS s ` +
  `WHERE s.source OPERATOR(pg_catalog.=) 'session')`

/**
 * Of a session that shares its connections to the server with other clients, behind a transaction pooler. What was in such a
 * connection before belongs to them, or to whoever set the pooler up, so nothing is reset as a whole: what there was is noted
 * down, and what scripts left behind is found by comparison and undone.
 *
 * The note is committed in front of the transaction of the scripts, since some of what they do survives its ROLLBACK; all of that
 * is one message, or a transaction that is open, so the pooler gives the connection to nobody in between.
 *
 * Not seen are settings with a dot in their names that no extension defines, unless the text of a script or of a function names
 * them, and what `currval()` returns: the catalogue does not show them.
 */
export async function careForSharedSession(session: Session): Promise<SessionCare> {
  const customSettings = new Set(await readSettingsOfFunctions(session))
  return {
    ...sharedCare,
    remember: (texts) => {
      // What a script makes here a later one may call.
      for (const name of findCustomSettings(texts)) customSettings.add(name)
      return [
        'BEGIN READ WRITE',
        `SELECT pg_catalog.set_config('schemaway.session', (${describeSession([...customSettings])})::pg_catalog.text, false)`,
        'COMMIT',
      ]
    },
  }
}

async function readSettingsOfFunctions(session: Session): Promise<readonly string[]> {
  try {
    const rows = await session.query<{ name: string }>(settingsOfFunctionsSql)
    return rows.map(({ name }) => name)
  } catch (error) {
    // A server that keeps its functions otherwise.
    if (error instanceof ServerError) return []
    throw error
  }
}

const sharedCare: Omit<SessionCare, 'remember'> = {
  isShared: true,
  // Unless it is named, it comes first: what another client left there would take the place of the tables that are meant.
  setSearchPath: (path) => `SET LOCAL search_path = ${path}, pg_temp`,
  // RESET ROLE would end one that the pooler gave to the connection.
  resetRole: `SELECT pg_catalog.set_config('role', pg_catalog.current_setting('schemaway.session')::pg_catalog.json OPERATOR(pg_catalog.->>) 'role', true)`,
  // RESET ALL takes it away; the ROLLBACK brings it back.
  check: [`SELECT pg_catalog.current_setting('schemaway.session')::pg_catalog.json`],
  afterTables: [],
  afterScripts: ['BEGIN READ WRITE', restoreSession(), 'COMMIT'],
  afterRoles: ['BEGIN READ WRITE', restoreSession(), 'COMMIT'],
}

/** JSON of all that a script could leave behind. */
function describeSession(customSettings: readonly string[]): string {
  const list = (value: string, from: string): string =>
    `(SELECT coalesce(pg_catalog.jsonb_agg(${value}), '[]') ${from})`
  const custom = customSettings.map(
    (name) => `${quoteLiteral(name)}, pg_catalog.current_setting(${quoteLiteral(name)}, true)`,
  )
  const facts = {
    login: 'session_user',
    role: `pg_catalog.current_setting('role')`,
    settings: sessionSettings,
    custom: `pg_catalog.jsonb_build_object(${custom.join(', ')})`,
    prepared: list('p.name', 'FROM pg_catalog.pg_prepared_statements AS p'),
    cursors: list('c.name', 'FROM pg_catalog.pg_cursors AS c'),
    channels: list('c.name', 'FROM pg_catalog.pg_listening_channels() AS c(name)'),
    temporary: list(`pg_catalog.concat_ws(' ', d.classid, d.objid)`, temporaryObjects),
    locks: list(lockName, advisoryLocks),
  }
  const pairs = Object.entries(facts).map(([name, value]) => `'${name}', ${value}`)
  return `pg_catalog.jsonb_build_object(${pairs.join(', ')})`
}

/** Does nothing where nothing was noted down. */
function restoreSession(): string {
  const half = (column: string): string =>
    `(CASE WHEN ${column}::bigint > 2147483647 THEN ${column}::bigint - 4294967296 ELSE ${column}::bigint END)::int`
  return quoteDoBlock(`DECLARE
  v_before pg_catalog.jsonb;
  v_after pg_catalog.jsonb;
  v_login pg_catalog.text := session_user;
  v_role pg_catalog.text := pg_catalog.current_setting('role');
  v_user pg_catalog.text := current_user;
  v_item record;
BEGIN
  -- NULL and nothing alike.
  IF coalesce(pg_catalog.length(pg_catalog.current_setting('schemaway.session', true)) OPERATOR(pg_catalog.=) 0, true) THEN
    RETURN;
  END IF;
  v_before := pg_catalog.current_setting('schemaway.session')::pg_catalog.jsonb;
  v_after := ${sessionSettings};
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog', true);

  IF v_login <> v_before ->> 'login' THEN
    RESET SESSION AUTHORIZATION;
  END IF;
  -- The setting may name a role that RESET SESSION AUTHORIZATION has ended.
  IF v_role <> v_before ->> 'role' OR v_login <> v_before ->> 'login'
    OR v_user <> (CASE v_before ->> 'role' WHEN 'none' THEN v_before ->> 'login' ELSE v_before ->> 'role' END)
  THEN
    IF v_before ->> 'role' = 'none' THEN
      SET ROLE NONE;
    ELSE
      EXECUTE format('SET ROLE %I', v_before ->> 'role');
    END IF;
  END IF;

  FOR v_item IN SELECT p.name FROM pg_prepared_statements AS p
    WHERE p.from_sql AND NOT (v_before -> 'prepared') ? p.name
  LOOP
    EXECUTE format('DEALLOCATE %I', v_item.name);
  END LOOP;
  FOR v_item IN SELECT c.name FROM pg_cursors AS c WHERE c.is_holdable AND NOT (v_before -> 'cursors') ? c.name
  LOOP
    EXECUTE format('CLOSE %I', v_item.name);
  END LOOP;
  FOR v_item IN SELECT c.name FROM pg_listening_channels() AS c(name) WHERE NOT (v_before -> 'channels') ? c.name
  LOOP
    EXECUTE format('UNLISTEN %I', v_item.name);
  END LOOP;
  FOR v_item IN SELECT i.type, i.identity ${temporaryObjects.replace(
    'AS d WHERE',
    'AS d CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) AS i WHERE',
  )} AND NOT (v_before -> 'temporary') ? concat_ws(' ', d.classid, d.objid)
  LOOP
    EXECUTE format('DROP %s IF EXISTS %s CASCADE', v_item.type, v_item.identity);
  END LOOP;
  FOR v_item IN SELECT l.classid, l.objid, l.objsubid, l.mode ${advisoryLocks}
    AND NOT (v_before -> 'locks') ? ${lockName}
  LOOP
    -- As often as it was taken.
    LOOP
      EXIT WHEN NOT CASE
        WHEN v_item.objsubid = 1 AND v_item.mode = 'ShareLock' THEN
          pg_advisory_unlock_shared((v_item.classid::bigint << 32) | v_item.objid::bigint)
        WHEN v_item.objsubid = 1 THEN
          pg_advisory_unlock((v_item.classid::bigint << 32) | v_item.objid::bigint)
        WHEN v_item.mode = 'ShareLock' THEN
          pg_advisory_unlock_shared(${half('v_item.classid')}, ${half('v_item.objid')})
        ELSE
          pg_advisory_unlock(${half('v_item.classid')}, ${half('v_item.objid')})
      END;
      EXIT WHEN NOT EXISTS (SELECT ${advisoryLocks} AND l.classid = v_item.classid AND l.objid = v_item.objid
        AND l.objsubid = v_item.objsubid AND l.mode = v_item.mode);
    END LOOP;
  END LOOP;

  FOR v_item IN SELECT c.key, c.value FROM jsonb_each_text(v_before -> 'custom') AS c
    WHERE current_setting(c.key, true) IS DISTINCT FROM c.value
  LOOP
    PERFORM set_config(v_item.key, coalesce(v_item.value, ''), false);
  END LOOP;
  FOR v_item IN SELECT k.name FROM jsonb_object_keys(v_after) AS k(name) WHERE NOT (v_before -> 'settings') ? k.name
  LOOP
    EXECUTE 'RESET ' || (SELECT string_agg(quote_ident(part), '.') FROM unnest(string_to_array(v_item.name, '.')) AS part);
  END LOOP;
  FOR v_item IN SELECT b.key, b.value FROM jsonb_each_text(v_before -> 'settings') AS b
    WHERE v_after ->> b.key IS DISTINCT FROM b.value
  LOOP
    PERFORM set_config(v_item.key, v_item.value, false);
  END LOOP;
  RESET schemaway.session;
END`)
}
