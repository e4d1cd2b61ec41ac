/* Alarms that sound until a person has acknowledged them, and reminders that come and go: nobody took a consultation, a critical value,
 * something is due. Over whatever is on the screen; in a session they stay silent. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { get } from '../lib/api';
import { duration } from '../lib/format';
import { t, tCode } from '../lib/i18n';
import { startAlarm, stopAlarm, chime } from '../lib/ring';
import { useRoute, go } from '../lib/router';
import { criticalWaits } from '../lib/steps';
import { signal } from '../lib/signal';
import type { Consultation, Session, Urgency } from '../lib/types';
import { useId } from './basic';

interface Alarm {
  id: string;
  urgency: Urgency;
  kind: 'unanswered' | 'own' | 'critical' | 'late';
  stage: string;
  waitingMs: number;
  number: string;
}
interface Reminder {
  id: string;
  what: string;
  number: string;
}
const REMINDER_MS = 30_000;
const QUIET_MS = 120_000; // what a person has acknowledged is not raised again at once; a further stage is
/* In another state these have nothing to say any more. */
const WHILE: Record<string, string[]> = {
  'ready-call': ['ready'], 'accepted-remind': ['accepted'], 'appointment-day': ['scheduled'], 'appointment-hour': ['scheduled', 'ready'], 'appointment-test': ['scheduled', 'ready'],
};
const CRITICAL = ['critical-signed', 'critical-preliminary'];

function wordsOf(a: Alarm): string {
  const time = duration(a.waitingMs);
  switch (a.kind) {
    case 'critical':
      return t('crit.reported');
    case 'own':
      return t('alarm.own', { time });
    case 'unanswered':
      return t(a.stage === 'alarm' ? 'alarm.alarm' : 'alarm.coordinator', { time });
    default:
      return t('alarm.late', { what: tCode('remind', a.stage), time });
  }
}

function AlarmCard(p: { alarm: Alarm; open: boolean; onKnown: () => void }): JSX.Element {
  const id = useId();
  const a = p.alarm;
  return (
    <div class="ring alarm" role="alertdialog" aria-labelledby={`${id}-t`} aria-describedby={`${id}-b`}>
      <div class="ring-head"><strong id={`${id}-t`}>{t(a.kind === 'critical' ? 'crit.title' : 'alarm.title')}</strong><span>{a.number}</span></div>
      <div id={`${id}-b`} class="ring-body">{wordsOf(a)}</div>
      <div class="buttons">
        {p.open && <a class="button primary" href={`#/c/${a.id}`} onClick={p.onKnown}>{t('alarm.open')}</a>}
        <button type="button" onClick={p.onKnown}>{t('alarm.known')}</button>
      </div>
    </div>
  );
}

export function Alarms(p: { session: Session }): JSX.Element | null {
  const [alarms, setAlarms] = useState<Alarm[]>([]);
  const [reminders, setReminders] = useState<Reminder[]>([]);
  const acknowledged = useRef(new Map<string, number>());
  const route = useRoute();
  const roles = p.session.account.roles;
  const clinical = roles.some((r) => ['clinician', 'specialist', 'coordinator', 'approver', 'reviewer'].includes(r));
  const inRoom = route[0] === 'c' && route[2] === 'room';
  const here = route[0] === 'c' ? route[1] : undefined;

  useEffect(() => {
    const raise = (alarm: Alarm): void => {
      const heard = acknowledged.current.get(alarm.id + alarm.stage);
      if (heard && Date.now() - heard < QUIET_MS) {
        return;
      }
      setAlarms((old) => [alarm, ...old.filter((x) => x.id !== alarm.id || (x.kind === 'critical') !== (alarm.kind === 'critical'))]);
      if (clinical && !alarm.number) {
        get<Consultation>(`/consultations/${alarm.id}`).then((c) => setAlarms((old) => old.map((x) => (x.id === alarm.id ? {
          ...x, number: c.number, kind: x.kind === 'unanswered' && c.my_role === 'requester' ? 'own' : x.kind,
        } : x))), () => undefined);
      }
    };
    const lookForCritical = (id: string): void => {
      get<Consultation>(`/consultations/${id}`).then((c) => {
        if (c.my_role === 'requester' && criticalWaits(c)) {
          raise({ id, urgency: c.urgency, kind: 'critical', stage: '', waitingMs: 0, number: c.number });
        } else {
          setAlarms((old) => old.filter((x) => x.id !== id || x.kind !== 'critical'));
        }
      }, () => undefined);
    };
    const stops = [
      signal.on('case.alarm', (m) => {
        const stage = String(m.stage);
        const kind = stage === 'coordinator' || stage === 'alarm' ? 'unanswered' : 'late';
        raise({ id: String(m.consultation), urgency: m.urgency as Urgency, kind, stage, waitingMs: Number(m.waiting_ms) || 0, number: '' });
      }),
      signal.on('case.reminder', (m) => {
        const id = String(m.consultation);
        const what = String(m.what);
        if (CRITICAL.includes(what) && roles.includes('clinician')) {
          lookForCritical(id);
          return;
        }
        if (what === 'ready-call' && location.hash.startsWith(`#/c/${id}/room`)) {
          return; // both parties get it: this one is the side that waits
        }
        const fresh: Reminder = { id, what, number: '' };
        setReminders((old) => [...old.filter((x) => x.id !== id || x.what !== what), fresh]);
        chime();
        setTimeout(() => setReminders((old) => old.filter((x) => x.id !== id || x.what !== what)), REMINDER_MS);
        if (clinical) {
          get<Consultation>(`/consultations/${id}`).then((c) => setReminders((old) => old.map((x) => (x.id === id ? { ...x, number: c.number } : x))), () => undefined);
        }
      }),
      signal.on('consultation.changed', (m) => {
        const id = String(m.consultation);
        const state = String(m.state);
        setReminders((old) => old.filter((x) => x.id !== id || (WHILE[x.what]?.includes(state) ?? true)));
        // taken by somebody, or over: nothing to be alarmed about any more; and what was known elsewhere
        setAlarms((old) => old.filter((x) => x.id !== id || (x.kind !== 'critical' ? x.kind === 'late' || state === 'offered' : state === 'signed' || state === 'opinion-draft')));
        if ((state === 'signed' || state === 'opinion-draft') && roles.includes('clinician')) {
          lookForCritical(id);
        }
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [p.session.account.id]);

  const known = (a: Alarm): void => {
    acknowledged.current.set(a.id + a.stage, Date.now());
    setAlarms((old) => old.filter((x) => x !== a));
  };
  const loud = alarms[0];
  useEffect(() => {
    if (loud && !inRoom) {
      startAlarm(`${loud.number} ${wordsOf(loud)}`.trim(), () => go(`/c/${loud.id}`));
      return stopAlarm;
    }
    stopAlarm();
    return undefined;
  }, [loud?.id, loud?.kind, loud?.stage, inRoom]);

  if (alarms.length === 0 && reminders.length === 0) {
    return null;
  }
  return (
    <div class="alarm-stack">
      {alarms.slice(0, 3).map((a) => <AlarmCard key={a.id + a.kind} alarm={a} open={clinical && a.id !== here} onKnown={() => known(a)} />)}
      {reminders.slice(-3).map((r) => (
        <div key={r.id + r.what} class="notice info" role="status">
          <div class="notice-text"><strong>{t('remind.title')}</strong> {tCode('remind', r.what)} {r.number}</div>
          {r.id !== here && r.what !== 'taken-over' && <a class="button small" href={`#/c/${r.id}`} onClick={() => setReminders((old) => old.filter((x) => x !== r))}>{t('alarm.open')}</a>}
          <button type="button" class="small" onClick={() => setReminders((old) => old.filter((x) => x !== r))}>{t('app.close')}</button>
        </div>
      ))}
    </div>
  );
}
