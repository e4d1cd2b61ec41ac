/* The buttons of a case page: what the gateway says is possible, the most likely first, each with the question or the form it needs. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../lib/i18n';
import { go } from '../lib/router';
import { consult } from '../lib/session';
import { ENTERABLE, wayOn } from '../lib/steps';
import type { Action, Consultation } from '../lib/types';
import type { Key } from '../lib/dict';
import { ProblemNotice, useAction } from './basic';
import { Ask, type Question } from './dialog';
import { questionFor } from './questions';
import { TakeOverDialog } from './take-over';
import { HandOverDialog, TriageDialog } from './target-form';
import { FollowUpDialog, ScheduleDialog } from './when-forms';

/* Some stand in `actions` by the state alone: those that do not fit the kind are left out. */
export function may(c: Consultation, action: Action): boolean {
  if (!c.actions.includes(action)) {
    return false;
  }
  switch (action) {
    case 'convert':
      return c.kind === 'read';
    case 'schedule':
      return c.kind !== 'read';
    default:
      return true;
  }
}

type Look = '' | 'primary' | 'danger' | 'ghost';
const FORMS: Action[] = ['triage', 'hand-over', 'take-over', 'schedule', 'follow-up'];
const DIRECT: Action[] = ['accept', 'approve'];
/* In the order in which they stand. What has its own place on the page is not among them: sign, acknowledge, review, enlist ... */
const BUTTONS: [Action, Look][] = [
  ['accept', 'primary'], ['approve', 'primary'], ['triage', 'primary'], ['close', 'primary'], ['renew', 'primary'], ['reopen', 'primary'], ['schedule', ''], ['follow-up', ''],
  ['preliminary', ''], ['convert', ''], ['revise', ''], ['return', ''], ['decline', ''], ['reject', 'danger'], ['hand-over', ''], ['take-over', ''], ['cancel', ''], ['withdraw', ''], ['amend', ''],
  ['end', 'danger'], ['fail', 'ghost'], ['mark-error', 'ghost'],
];
/* After these the one who did it has nothing more to do here: back to the list. */
const LEAVES: Action[] = ['decline', 'return', 'approve', 'reject', 'hand-over'];

function labelOf(action: Action, c: Consultation): Key {
  if (action === 'schedule' && c.state === 'scheduled') {
    return 'act.reschedule';
  }
  if (action === 'follow-up' && c.follow_up) {
    return 'act.follow-up-change';
  }
  return `act.${action}` as Key;
}

function listOf(c: Consultation): string {
  return c.my_role === 'approver' ? '/approval' : c.my_role === 'coordinator' ? '/coordination' : '/queue';
}

export function ActionBar(p: { c: Consultation; reload: () => void; set: (c: Consultation) => void }): JSX.Element {
  const { c } = p;
  const [question, setQuestion] = useState<Question | null>(null);
  const [form, setForm] = useState<Action | null>(null);
  const direct = useAction();
  const after = (a: Action) => (): void => {
    if (LEAVES.includes(a) && c.my_role !== 'requester' && (c.my_role !== 'coordinator' || a !== 'hand-over')) {
      go(listOf(c));
    } else {
      p.reload();
    }
  };
  const run = (a: Action): void => {
    if (DIRECT.includes(a)) {
      void direct.run(async () => {
        const answer = await consult(c.id, a);
        if (a === 'accept') {
          p.set(answer);
        } else {
          after(a)();
        }
      });
    } else if (FORMS.includes(a)) {
      setForm(a);
    } else {
      setQuestion(questionFor(a, c, after(a)));
    }
  };
  const party = c.my_role === 'requester' || c.my_role === 'consultant' || c.my_role === 'guest';
  const enter = party && ENTERABLE.includes(c.state);
  const shown = BUTTONS.filter(([a]) => may(c, a)).map(([a, look]): [Action, Look] => [a, a === wayOn(c) ? 'primary' : look]);
  const calling = c.urgency === 'stat' && c.my_role === 'requester' && ['submitted', 'offered'].includes(c.state);
  const verifies = c.my_role === 'verifier' && may(c, 'sign');
  const again = c.my_role === 'requester' && ['closed', 'archived', 'follow-up', 'acknowledged', 'rejected', 'withdrawn'].includes(c.state);
  return (
    <div class="action-bar" role="group" aria-label={t('case.actions')}>
      <div class="buttons">
        {enter && <button type="button" class="primary big" onClick={() => go(`/c/${c.id}/room`)}>{t('act.enter')}</button>}
        {verifies && <button type="button" class="primary big" onClick={() => setQuestion(questionFor('sign', c, p.reload))}>{t('act.verify')}</button>}
        {shown.map(([a, look]) => (
          <button key={a} type="button" class={`${look === 'primary' && enter ? '' : look}${DIRECT.includes(a) || (calling && a === 'withdraw') ? ' big' : ''}`}
            disabled={direct.busy && DIRECT.includes(a)} onClick={() => run(a)}>{t(labelOf(a, c))}</button>
        ))}
        {again && <a class="button" href={`#/new/${c.id}`}>{t('act.again')}</a>}
      </div>
      {direct.problem && <ProblemNotice problem={direct.problem} />}
      {question && <Ask question={question} onClose={() => setQuestion(null)} />}
      {form === 'triage' && <TriageDialog c={c} onDone={p.reload} onClose={() => setForm(null)} />}
      {form === 'hand-over' && <HandOverDialog c={c} onDone={after('hand-over')} onClose={() => setForm(null)} />}
      {form === 'take-over' && <TakeOverDialog c={c} onDone={p.reload} onClose={() => setForm(null)} />}
      {form === 'schedule' && <ScheduleDialog c={c} onDone={p.reload} onClose={() => setForm(null)} />}
      {form === 'follow-up' && <FollowUpDialog c={c} onDone={p.reload} onClose={() => setForm(null)} />}
    </div>
  );
}
