-- telephony_notify: objects
-- schemaway: requires=20260105.120000,20260105.130300
--
-- Brings opt-outs into the calling rules. telephony.is_do_not_call asks this function as soon as it exists, so nothing
-- has to be copied from one table to the other.

SET LOCAL ROLE ${role_owner};
SET LOCAL search_path = pg_catalog;

CREATE OR REPLACE FUNCTION telephony.is_opted_out(p_organisation_id uuid, p_phone text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN notify.check_opt_out_status(p_organisation_id, p_phone, 'phone');
END
$$;
COMMENT ON FUNCTION telephony.is_opted_out(uuid, text) IS
  'True when a number has opted out of calls in notify; asked by telephony.is_do_not_call.';
