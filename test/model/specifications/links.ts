import type { SpecifiedLink } from '../specification.js'
import { partOf, refersTo, stable, volatile } from './shared.js'

const claimDueContacts =
  'claim_due_contacts(p_organisation_id uuid, p_campaign_id uuid, p_worker text, p_limit integer DEFAULT 10, ' +
  `p_lease interval DEFAULT '10 minutes', p_at timestamptz DEFAULT now())`

const recordCallOutcome =
  'record_call_outcome(p_organisation_id uuid, p_call_attempt_id uuid, p_outcome iam.contact_outcome, ' +
  'p_at timestamptz DEFAULT now())'

/** What each link adds to the schemas that it ties together. */
export const linkSpecifications = {
  survey_telephony: {
    survey: {
      constraints: {
        campaigns: { fk_campaigns_provider_config_id: refersTo('provider_config_id', 'telephony.provider_configs') },
        survey_responses: {
          fk_survey_responses_call_attempt_id: refersTo('call_attempt_id', 'telephony.call_attempts'),
        },
        events: { fk_events_call_attempt_id: refersTo('call_attempt_id', 'telephony.call_attempts') },
      },
      views: {
        v_campaign_effectiveness: {
          organisation_id: 'uuid',
          campaign_id: 'uuid',
          name: 'text',
          status: 'survey.campaign_status',
          contacts_total: 'bigint',
          completed: 'bigint',
          completion_rate: 'numeric',
          calls: 'bigint',
          answered: 'bigint',
          avg_duration_seconds: 'numeric',
          cost_amount: 'numeric',
          answer_rate: 'numeric',
        },
      },
      functions: {
        [claimDueContacts]: volatile('SETOF survey.contacts'),
        'release_expired_contacts(p_organisation_id uuid, p_at timestamptz DEFAULT now())': volatile('integer'),
        [recordCallOutcome]: volatile('survey.contact_state'),
      },
    },
    telephony: {
      constraints: {
        call_attempts: {
          fk_call_attempts_contact_id: partOf('contact_id', 'survey.contacts'),
          fk_call_attempts_campaign_id: partOf('campaign_id', 'survey.campaigns'),
        },
      },
      views: {},
      functions: {},
    },
  },
  survey_notify: {
    survey: {
      constraints: {
        campaigns: {
          fk_campaigns_email_completed_template_id: refersTo('email_completed_template_id', 'notify.email_templates'),
          fk_campaigns_email_refused_template_id: refersTo('email_refused_template_id', 'notify.email_templates'),
          fk_campaigns_email_not_reached_template_id: refersTo(
            'email_not_reached_template_id',
            'notify.email_templates',
          ),
        },
      },
      views: {},
      functions: {},
    },
    notify: {
      constraints: {
        email_notifications: {
          fk_email_notifications_event_id: refersTo('event_id', 'survey.events'),
          fk_email_notifications_contact_id: partOf('contact_id', 'survey.contacts'),
          fk_email_notifications_campaign_id: partOf('campaign_id', 'survey.campaigns'),
        },
      },
      views: {},
      functions: { 'enqueue_survey_email(p_organisation_id uuid, p_event_id uuid)': volatile('uuid') },
    },
  },
  telephony_notify: {
    telephony: {
      constraints: {},
      views: {},
      functions: { 'is_opted_out(p_organisation_id uuid, p_phone text)': stable('boolean') },
    },
  },
} as const satisfies Readonly<Record<string, SpecifiedLink>>
