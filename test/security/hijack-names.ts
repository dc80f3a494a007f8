import type { Sql } from 'postgres'

/**
 * Puts into `public` something of the same name and arguments for every function, operator, type and relation of PostgreSQL that SQL
 * of ours could mean, and a few that fit better than PostgreSQL's own. Each of them counts, also when what it did is rolled back, and
 * raises. Whoever has CREATE on `public` may do this.
 */
export async function hijackNames(sql: Sql): Promise<void> {
  await sql.unsafe(attack)
}

/** How often anything of {@link hijackNames} was called. */
export async function countHits(sql: Sql): Promise<number> {
  const [row] = await sql`SELECT CASE WHEN is_called THEN last_value ELSE 0 END::int4 AS hits FROM attack.hits`
  return Number(row?.['hits'])
}

const attack = `
SET search_path = pg_catalog;
CREATE SCHEMA attack;
CREATE SEQUENCE attack.hits;
GRANT USAGE ON SCHEMA attack TO PUBLIC;
GRANT ALL ON SEQUENCE attack.hits TO PUBLIC;
CREATE FUNCTION attack.hit(text) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS $f$
BEGIN
  PERFORM nextval('attack.hits');
  RAISE EXCEPTION 'hijacked: %', $1;
END $f$;

DO $$
DECLARE
  v record;
  v_body text := 'LANGUAGE plpgsql SET search_path = pg_catalog AS $f$ BEGIN PERFORM attack.hit(%L); RETURN NULL; END $f$';
  v_number int := 0;
BEGIN
  FOR v IN SELECT p.proname, pg_get_function_identity_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result
    FROM pg_proc AS p WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
      AND p.prorettype <> ALL ('{internal,cstring,trigger,event_trigger,language_handler,fdw_handler,index_am_handler,table_am_handler,tsm_handler,void}'::regtype[])
      AND NOT p.proretset
  LOOP
    BEGIN
      EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s ' || format(v_body, v.proname), v.proname, v.arguments, v.result);
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;

  -- They fit better than those with "any", or with a type that has to be converted.
  FOREACH v_body IN ARRAY ARRAY[
    'format(text, name)', 'format(text, name, name)', 'format(text, regclass, name)', 'format(text, text, text)', 'concat(name, text, name)',
    'to_regclass(varchar)', 'to_char(timestamptz, varchar)', 'pg_try_advisory_lock(numeric)', 'current_setting(varchar)'
  ]
  LOOP
    BEGIN
      EXECUTE 'CREATE FUNCTION public.' || v_body || ' RETURNS text LANGUAGE plpgsql AS $f$ BEGIN PERFORM attack.hit(''better''); RETURN NULL; END $f$';
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;

  FOR v IN
    SELECT o.oprname, o.oprleft::regtype::text AS lefttype, o.oprright::regtype::text AS righttype, o.oprresult::regtype::text AS result
    FROM pg_operator AS o WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprresult <> 0 AND o.oprright <> 0
    UNION ALL
    SELECT name, a, b, 'boolean' FROM unnest('{=,<>,<,>,~,!~}'::text[]) AS name,
      (VALUES ('varchar', 'varchar'), ('varchar', 'text'), ('text', 'varchar'), ('oid', 'regclass'), ('regclass', 'oid'), ('name', 'varchar')) AS t (a, b)
    UNION ALL
    SELECT '||', a, b, 'text' FROM (VALUES ('name', 'name'), ('name', 'text'), ('text', 'name'), ('text', 'varchar'), ('text', 'oid')) AS t (a, b)
  LOOP
    v_number := v_number + 1;
    BEGIN
      EXECUTE format('CREATE FUNCTION attack.operator_%s(%s%s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN PERFORM attack.hit(%L); RETURN NULL; END $f$',
        v_number, CASE v.lefttype WHEN '-' THEN '' ELSE v.lefttype || ', ' END, v.righttype, v.result, 'operator ' || v.oprname);
      EXECUTE format('CREATE OPERATOR public.%s (%s RIGHTARG = %s, FUNCTION = attack.operator_%s)',
        v.oprname, CASE v.lefttype WHEN '-' THEN '' ELSE 'LEFTARG = ' || v.lefttype || ',' END, v.righttype, v_number);
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;

  CREATE FUNCTION attack.step(text, anyelement) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN PERFORM attack.hit('aggregate'); RETURN NULL; END $f$;
  CREATE FUNCTION attack.step_of_record(text, record) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN PERFORM attack.hit('aggregate'); RETURN NULL; END $f$;
  CREATE FUNCTION attack.step_alone(text) RETURNS text LANGUAGE plpgsql AS $f$ BEGIN PERFORM attack.hit('aggregate'); RETURN NULL; END $f$;
  FOREACH v_body IN ARRAY ARRAY['json_agg', 'jsonb_agg', 'array_agg', 'max', 'min', 'sum', 'count', 'bool_and', 'bool_or', 'every'] LOOP
    EXECUTE format('CREATE AGGREGATE public.%I (anyelement) (SFUNC = attack.step, STYPE = text)', v_body);
    EXECUTE format('CREATE AGGREGATE public.%I (record) (SFUNC = attack.step_of_record, STYPE = text)', v_body);
  END LOOP;
  CREATE AGGREGATE public.count (*) (SFUNC = attack.step_alone, STYPE = text);

  -- A table is a type, too, and one name stands for one of them only.
  FOR v IN SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind IN ('r', 'v')
  LOOP
    BEGIN
      EXECUTE format('CREATE VIEW public.%I AS SELECT * FROM pg_catalog.%I WHERE attack.hit(%L)', v.relname, v.relname, v.relname);
      EXECUTE format('GRANT SELECT ON public.%I TO PUBLIC', v.relname);
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
  FOREACH v_body IN ARRAY ARRAY['text', 'int4', 'int8', 'int2', 'oid', 'regclass', 'regtype', 'json', 'jsonb', 'uuid', 'timestamptz',
    'name', 'float8', 'bool', 'varchar', 'date']
  LOOP
    EXECUTE format('CREATE DOMAIN public.%I AS pg_catalog.%I CHECK (attack.hit(%L))', v_body, v_body, 'type ' || v_body);
  END LOOP;
END $$;
CREATE TABLE public.schemaway_lock (history pg_catalog.text DEFAULT attack.hit('lock')::pg_catalog.text);
CREATE TABLE public.schemaway_ledger (hash pg_catalog.text);
CREATE VIEW public.flyway_schema_history AS SELECT attack.hit('history') AS installed_rank;
RESET search_path;
`
