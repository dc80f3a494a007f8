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
  -- What notify.check_opt_out_status says, but asked of the table itself: it is there when only a part of notify is,
  -- and its opt-outs count then, too.
  PERFORM
  FROM notify.opt_outs AS o
  WHERE o.organisation_id = p_organisation_id
    AND o.address = btrim(p_phone)
    AND o.channel IN ('phone', 'any')
    AND o.revoked_at IS NULL;

  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION telephony.is_opted_out(uuid, text) IS
  'True when a number has opted out of calls in notify; asked by telephony.is_do_not_call.';
