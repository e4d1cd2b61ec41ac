/* The question before an action that needs no form of its own: why, how it is confirmed, which reasons may be given. The codes are this
 * console's own vocabulary. */
import { t } from '../lib/i18n';
import { consult } from '../lib/session';
import type { Action, Consultation } from '../lib/types';
import type { Question } from './dialog';

type Plain = Omit<Question, 'run'>;

const REASONS: Partial<Record<Action, string[]>> = {
  decline: ['busy', 'not-my-field', 'off-duty', 'conflict', 'other'],
  return: ['images-missing', 'images-unclear', 'incomplete-history', 'tests-missing', 'consent-missing', 'other'],
  withdraw: ['no-longer-needed', 'patient-transferred', 'patient-refused', 'entered-in-error', 'other'],
  fail: ['link-lost', 'media-failure', 'device-failure', 'other'],
  reject: ['not-indicated', 'treat-here', 'not-within-scope', 'duplicate', 'other'],
  cancel: ['patient-improved', 'patient-transferred', 'patient-refused', 'no-longer-needed', 'other'],
};
export const HAND_OVER_REASONS = ['emergency-here', 'shift-ends', 'needs-other-specialty', 'conflict', 'other'];
export const TAKE_OVER_REASONS = ['account-closed', 'left', 'ill', 'on-leave', 'other'];
export const PUT_OFF_REASONS = ['patient-not-ready', 'specialist-busy', 'device-failure', 'other'];

function plain(action: Action): Plain {
  switch (action) {
    case 'decline':
      return { title: t('act.decline'), text: t('act.decline-ask'), textLabel: t('act.text') };
    case 'return':
      return { title: t('act.return'), text: t('act.return-ask'), textLabel: t('act.missing'), textRequired: true };
    case 'withdraw':
      return { title: t('act.withdraw'), text: t('act.withdraw-ask'), danger: true, textLabel: t('act.text') };
    case 'fail':
      return { title: t('act.fail'), text: t('act.fail-ask'), danger: true, textLabel: t('act.text') };
    case 'reject':
      return { title: t('act.reject'), text: t('act.reject-ask'), danger: true, textLabel: t('act.text'), textRequired: true };
    case 'cancel':
      return { title: t('act.cancel'), text: t('act.cancel-ask'), danger: true, textLabel: t('act.text') };
    case 'end':
      return { title: t('act.end'), text: t('act.end-ask'), danger: true };
    case 'amend':
      return { title: t('act.amend'), text: t('act.amend-ask'), textLabel: t('act.text'), textRequired: true };
    case 'revise':
      return { title: t('act.revise'), text: t('act.revise-ask'), textLabel: t('act.text'), textRequired: true };
    case 'mark-error':
      return { title: t('act.mark-error'), text: t('act.mark-error-ask'), danger: true, textLabel: t('act.text'), textRequired: true };
    case 'renew':
      return { title: t('act.renew'), text: t('act.renew-ask') };
    case 'reopen':
      return { title: t('act.reopen'), text: t('act.reopen-ask') };
    case 'convert':
      return { title: t('act.convert'), text: t('act.convert-ask') };
    case 'preliminary':
      return { title: t('act.preliminary'), text: t('act.preliminary-ask') };
    case 'sign':
      return { title: t('act.verify'), text: t('act.verify-ask'), confirm: t('op.sign-now') };
    default:
      return { title: t('act.close'), text: t('act.close-ask') };
  }
}

export function questionFor(action: Action, c: Consultation, after: () => void): Question {
  return { ...plain(action), reasons: REASONS[action], run: (answer) => consult(c.id, action, answer).then(after) };
}
