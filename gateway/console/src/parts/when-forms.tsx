/* Forms that set a time: the appointment, the follow-up. Native date and time inputs; refusals of the gateway stand at their field. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { serverNow } from '../lib/api';
import { isoDate } from '../lib/format';
import { join, t, tCode } from '../lib/i18n';
import { consult } from '../lib/session';
import type { Consultation } from '../lib/types';
import { Field, Notice, ProblemNotice, Select, useAction } from './basic';
import { Dialog } from './dialog';
import { PUT_OFF_REASONS } from './questions';

/* "2026-03-01" and "08:30" by this computer's clock; null: not both are valid. */
export function moment(date: string, time: string): number | null {
  const d = /^(\d{4})-(\d\d)-(\d\d)$/.exec(date);
  const h = /^(\d\d):(\d\d)/.exec(time);
  if (!d || !h) {
    return null;
  }
  const at = new Date(Number(d[1]), Number(d[2]) - 1, Number(d[3]), Number(h[1]), Number(h[2]));
  return at.getMonth() === Number(d[2]) - 1 ? at.getTime() : null;
}

const two = (n: number): string => String(n).padStart(2, '0');
const timeOf = (ms: number): string => `${two(new Date(ms).getHours())}:${two(new Date(ms).getMinutes())}`;
const HALF_HOUR_MS = 1_800_000;

export function ScheduleDialog(p: { c: Consultation; onDone: () => void; onClose: () => void }): JSX.Element {
  const { c } = p;
  const off = c.state === 'scheduled';
  const first = c.scheduled_from_ms ?? Math.ceil((serverNow() + HALF_HOUR_MS) / HALF_HOUR_MS) * HALF_HOUR_MS;
  const [date, setDate] = useState(isoDate(first));
  const [from, setFrom] = useState(timeOf(first));
  const [until, setUntil] = useState('');
  const [reason, setReason] = useState(PUT_OFF_REASONS[0] ?? 'other');
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const action = useAction();
  const busy = action.problem?.code.startsWith('appointment.') || action.problem?.field === '/from_ms';
  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    const begin = moment(date, from);
    const end = until ? moment(date, until) : null;
    setWrong(begin === null ? t('when.needed') : begin <= serverNow() ? t('when.past') : end !== null && end <= begin ? t('when.order') : null);
    if (begin === null || begin <= serverNow() || (end !== null && end <= begin)) {
      return;
    }
    const why = off ? { reason_code: reason, ...(text.trim() ? { reason_text: text.trim() } : {}) } : {};
    if (await action.run(() => consult(c.id, 'schedule', { from_ms: begin, ...(end === null ? {} : { until_ms: end }), ...why }))) {
      p.onClose();
      p.onDone();
    }
  };
  return (
    <Dialog title={t(off ? 'act.reschedule' : 'act.schedule')} onClose={p.onClose}>
      <form onSubmit={submit} noValidate>
        <p>{t('act.schedule-ask')}</p>
        <div class="grid g3">
          <Field label={t('when.date')} type="date" value={date} onInput={setDate} required />
          <Field label={t('when.from')} type="time" value={from} onInput={setFrom} required error={wrong ?? (busy ? action.problem?.sentence() : null)} />
          <Field label={t('when.until')} type="time" value={until} onInput={setUntil} hint={t('when.until-hint')} error={action.problem?.field === '/until_ms' ? action.problem.sentence() : null} />
        </div>
        {off && <>
          <Select label={t('act.reason')} value={reason} onChange={setReason} options={PUT_OFF_REASONS.map((r) => ({ value: r, label: tCode('reason', r) }))} />
          <Field label={t('act.text')} value={text} onInput={setText} rows={2} required={reason === 'other'} maxLength={1000} />
        </>}
        {!busy && <ProblemNotice problem={action.problem} />}
        <div class="buttons end">
          <button type="button" onClick={p.onClose}>{t('app.cancel')}</button>
          <button type="submit" class="primary" disabled={action.busy || (off && reason === 'other' && text.trim() === '')}>{t('app.confirm')}</button>
        </div>
      </form>
    </Dialog>
  );
}

export function FollowUpDialog(p: { c: Consultation; onDone: () => void; onClose: () => void }): JSX.Element {
  const { c } = p;
  const [date, setDate] = useState(isoDate(c.follow_up?.due_ms ?? serverNow() + 7 * 86_400_000));
  const [text, setText] = useState(c.follow_up?.text ?? '');
  const [need, setNeed] = useState(false);
  const action = useAction();
  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    const due = moment(date, '09:00');
    setNeed(due === null || text.trim() === '');
    if (due !== null && text.trim() !== '' && await action.run(() => consult(c.id, 'follow-up', { due_ms: due, text: text.trim() }))) {
      p.onClose();
      p.onDone();
    }
  };
  return (
    <Dialog title={t(c.follow_up ? 'act.follow-up-change' : 'act.follow-up')} onClose={p.onClose}>
      <form onSubmit={submit} noValidate>
        <Field label={t('follow.due')} type="date" value={date} onInput={setDate} required error={action.problem?.field === '/due_ms' ? action.problem.sentence() : null} />
        <Field label={t('follow.text')} value={text} onInput={setText} rows={3} required maxLength={4000} error={action.problem?.field === '/text' ? action.problem.sentence() : null} />
        {need && (moment(date, '09:00') === null || text.trim() === '') && <Notice kind="error">{t('form.missing', { fields: join([t('follow.due'), t('follow.text')]) })}</Notice>}
        <ProblemNotice problem={action.problem} />
        <div class="buttons end">
          <button type="button" onClick={p.onClose}>{t('app.cancel')}</button>
          <button type="submit" class="primary" disabled={action.busy}>{t('app.confirm')}</button>
        </div>
      </form>
    </Dialog>
  );
}

export function followUpWords(dueMs: number): string {
  const days = Math.round((moment(isoDate(dueMs), '00:00') as number) / 86_400_000 - (moment(isoDate(serverNow()), '00:00') as number) / 86_400_000);
  return days === 0 ? t('follow.due-now') : days < 0 ? t('follow.late', { n: -days }) : t('follow.in', { n: days });
}
