import type { SpecifiedTable } from '../specification.js'
import {
  createdAt,
  isObject,
  jsonObject,
  ofOrganisation,
  tenantGrants,
  tenantKey,
  tenantPolicies,
  tenantRowId,
  updatedAt,
  whenUpdated,
} from './shared.js'

export const optOutTables = {
  opt_outs: {
    comment: 'Opt-outs by channel and address.',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      channel: ['iam.contact_channel NOT NULL', 'Channel; any is every channel.'],
      address: ['text NOT NULL', 'Lower-cased email or E.164 number.'],
      subject_type: ['text', 'Kind of the person record, e.g. escalation.customer.'],
      subject_id: ['uuid', 'Id of that record; no foreign key.'],
      source: [`notify.opt_out_source NOT NULL DEFAULT 'manual'`, 'How it reached us.'],
      reason: ['text', 'Reason given.'],
      evidence: [jsonObject, 'Proof: message id, call id, ip.'],
      opted_out_at: ['timestamptz NOT NULL DEFAULT now()', 'When.'],
      revoked_at: ['timestamptz', 'When the person opted in again.'],
      created_at: createdAt,
      updated_at: updatedAt,
    },
    constraints: {
      pk_opt_outs: 'PRIMARY KEY (organisation_id, id)',
      ck_opt_outs_address: 'CHECK (length(address) BETWEEN 3 AND 320 AND address = lower(btrim(address)))',
      ck_opt_outs_subject_type: 'CHECK (length(subject_type) BETWEEN 1 AND 100)',
      ck_opt_outs_evidence: isObject('evidence'),
      ck_opt_outs_subject_pair: 'CHECK ((subject_type IS NULL) = (subject_id IS NULL))',
      ck_opt_outs_revoked: 'CHECK (revoked_at IS NULL OR revoked_at >= opted_out_at)',
      fk_opt_outs_organisation_id: ofOrganisation,
    },
    indexes: {
      uq_opt_outs_active: [
        'UNIQUE (organisation_id, address, channel) WHERE revoked_at IS NULL',
        'Opt-out check; one active opt-out per address and channel.',
      ],
      ix_opt_outs_subject_type_subject_id: [
        '(organisation_id, subject_type, subject_id) WHERE subject_id IS NOT NULL',
        'Opt-outs of a person record.',
      ],
    },
    triggers: {
      trg_opt_outs_set_updated_at: whenUpdated,
    },
    policies: tenantPolicies,
    grants: tenantGrants,
  },
} as const satisfies Readonly<Record<string, SpecifiedTable>>
