/** Findings of one rule in the bundled model that are meant to be. */
interface AcceptedFindings {
  readonly code: string
  readonly reason: string
  readonly objects: readonly string[]
}

const under = (schema: string, names: string): readonly string[] => names.split(' ').map((name) => `${schema}.${name}`)

const withUpdatedAt = [
  ...under('iam', 'api_keys invitations organisation_users organisations users'),
  ...under('survey', 'campaign_questions campaigns contacts experiment_variants experiments prompts'),
  ...under('survey', 'survey_answers survey_responses'),
  ...under('telephony', 'agents call_attempts compliance_rules exclusion_list_entries provider_configs tasks'),
  ...under('notify', 'email_notifications email_templates message_open_stats message_templates opt_outs'),
  ...under('notify', 'webhook_deliveries webhook_endpoints'),
]

export const acceptedFindings: readonly AcceptedFindings[] = [
  {
    code: 'T03',
    reason: 'the natural key says all, so there is no id',
    objects: [
      'iam.organisation_users',
      'survey.enrollments',
      'telephony.webhook_receipts',
      'notify.message_open_stats',
    ],
  },
  {
    code: 'T14',
    reason: 'another time column stands for created_at: occurred_at, recorded_at, assigned_at, received_at',
    objects: [
      ...under('iam', 'audit_logs system_metrics'),
      ...['survey.enrollments', 'telephony.webhook_receipts', 'notify.tracking_events'],
    ],
  },
  {
    code: 'T19',
    reason: 'the column serves order, counting or the owner; what the application searches has a partial index',
    objects: [
      'iam.organisation_users.ix_organisation_users_role',
      'survey.campaigns.ix_campaigns_status_starts_at',
      'survey.contacts.ix_contacts_campaign_id_state',
      'survey.events.ix_events_campaign_id_event_type_created_at',
      'survey.survey_answers.ix_survey_answers_question_id_answer_numeric',
      'telephony.agents.ix_agents_type_status',
      'telephony.call_attempts.ix_call_attempts_campaign_id_outcome',
      'telephony.compliance_rules.ix_compliance_rules_channel_country_code',
      'telephony.tasks.ix_tasks_agent_id_status',
      'notify.email_notifications.ix_email_notifications_campaign_id_status',
      'notify.webhook_endpoints.ix_webhook_endpoints_status',
    ],
  },
  {
    code: 'T19',
    reason:
      'the worker searches addresses by it; the application, whose policy comes first, reads the rows of its ' +
      'organisation instead, because the equality of citext is not leakproof',
    objects: [
      'survey.contacts.ix_contacts_email',
      'notify.email_notifications.ix_email_notifications_to_email_created_at',
    ],
  },
  {
    code: 'C01',
    reason: 'members see each other on plain PostgreSQL; on Citus the policy is made without this clause',
    objects: ['iam.users.users_read'],
  },
  {
    code: 'C03',
    reason: 'a fact: the runner switches citus.enable_unsafe_triggers on',
    objects: [
      ...withUpdatedAt.map((name) => `${name}.trg_${name.replace(/^\w+\./, '')}_set_updated_at`),
      ...under('iam.audit_logs', 'trg_audit_logs_immutable trg_audit_logs_no_truncate'),
    ],
  },
  {
    code: 'C07',
    reason: 'a fact: the two global tables become reference tables',
    objects: under('iam', 'organisations users'),
  },
  {
    code: 'C08',
    reason: 'a fact: iam.make_tenant_table distributes each table right after its creation, so inline keys work',
    objects: [
      ...under('iam', 'api_keys invitations organisation_users'),
      ...under('survey', 'campaign_questions campaigns contacts enrollments events experiment_variants experiments'),
      ...under('survey', 'survey_answers survey_responses'),
      ...under('telephony', 'agents call_attempts call_events exclusion_list_entries tasks transcript_snippets'),
      ...under('telephony', 'webhook_receipts'),
      ...under('notify', 'delivery_events email_notifications message_open_stats tracking_events tracking_pixels'),
      ...under('notify', 'webhook_deliveries'),
    ],
  },
]
