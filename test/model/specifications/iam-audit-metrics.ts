import type { SpecifiedTable } from '../specification.js'
import {
  appendOnlyGrants,
  isObject,
  jsonObject,
  ofOrganisation,
  ofVersion7,
  tenantGrants,
  tenantKey,
  tenantPolicies,
  tenantRowId,
} from './shared.js'

export const auditAndMetricTables = {
  audit_logs: {
    comment: 'Immutable audit trail; rows survive deletion of the organisation.',
    partitionBy: 'RANGE (id)',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      occurred_at: ['timestamptz NOT NULL DEFAULT now()', 'When it happened; the partition follows the id.'],
      entity_type: ['text NOT NULL', 'Kind of entity, e.g. campaign.'],
      entity_id: ['text NOT NULL', 'Id of the entity as text.'],
      action: ['text NOT NULL', 'What happened, e.g. status_changed.'],
      actor_type: [`iam.actor_type NOT NULL DEFAULT 'system'`, 'Kind of actor.'],
      actor_id: ['text', 'Id of the actor as text.'],
      changes: [jsonObject, 'Before/after values.'],
      request_id: ['text', 'Correlation id of the request.'],
      ip_address: ['inet', 'Client address.'],
      user_agent: ['text', 'Client agent.'],
    },
    constraints: {
      pk_audit_logs: 'PRIMARY KEY (organisation_id, id)',
      ck_audit_logs_entity_type: 'CHECK (length(entity_type) BETWEEN 1 AND 100)',
      ck_audit_logs_entity_id: 'CHECK (length(entity_id) BETWEEN 1 AND 200)',
      ck_audit_logs_action: 'CHECK (length(action) BETWEEN 1 AND 100)',
      ck_audit_logs_changes: isObject('changes'),
      ck_audit_logs_id_v7: ofVersion7,
    },
    indexes: {
      ix_audit_logs_entity: ['(organisation_id, entity_type, entity_id, id)', 'History of one entity.'],
      ix_audit_logs_actor: ['(organisation_id, actor_id, id) WHERE actor_id IS NOT NULL', 'History of one actor.'],
    },
    triggers: {
      trg_audit_logs_immutable: ['BEFORE UPDATE OR DELETE FOR EACH ROW', 'iam.prevent_mutation()'],
      trg_audit_logs_no_truncate: ['BEFORE TRUNCATE FOR EACH STATEMENT', 'iam.prevent_mutation()'],
    },
    policies: tenantPolicies,
    grants: appendOnlyGrants,
  },
  system_metrics: {
    comment: 'Time series of system and business metrics per organisation.',
    partitionBy: 'RANGE (id)',
    columns: {
      organisation_id: tenantKey,
      id: tenantRowId,
      recorded_at: ['timestamptz NOT NULL DEFAULT now()', 'Sample time; the partition follows the id.'],
      name: ['text NOT NULL', 'Metric name.'],
      value: ['double precision NOT NULL', 'Sample value.'],
      unit: ['text', 'Unit of the value.'],
      labels: [jsonObject, 'Dimensions of the sample.'],
    },
    constraints: {
      pk_system_metrics: 'PRIMARY KEY (organisation_id, id)',
      ck_system_metrics_name: `CHECK (name ~ '^[a-z][a-z0-9_.]{0,99}$')`,
      ck_system_metrics_labels: isObject('labels'),
      ck_system_metrics_id_v7: ofVersion7,
      fk_system_metrics_organisation_id: ofOrganisation,
    },
    indexes: {
      ix_system_metrics_name: ['(organisation_id, name, id)', 'Reads one series over a time range.'],
    },
    triggers: {},
    policies: tenantPolicies,
    grants: tenantGrants,
  },
} as const satisfies Readonly<Record<string, SpecifiedTable>>
