/* The specialist's own duty, in the header: the switch, pause and break, hand-over. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { post, serverNow } from '../lib/api';
import { changeDuty, ownDuty, watchDuty, type Duty, type Pause, type Roster, type RosterPerson } from '../lib/duty';
import { clock, duration } from '../lib/format';
import { nameOf, t } from '../lib/i18n';
import { useResource } from '../lib/resource';
import { askForNotifications, unlockSound } from '../lib/ring';
import { Store, useStore, useTick } from '../lib/store';
import type { Session } from '../lib/types';
import { Loading, ProblemNotice, Radios, Select, useAction } from './basic';
import { Dialog } from './dialog';

const MINUTES = [5, 15, 30, 60, 120];

/* "休息至 14:30", or without a time while it lasts until it is ended by hand. */
export function pauseWords(duty: { pause: Pause | null; pause_until_ms: number | null }): string {
  const kind = t(duty.pause === 'break' ? 'duty.kind-break' : 'duty.kind-pause');
  return duty.pause_until_ms ? t('duty.paused-until', { kind, time: clock(duty.pause_until_ms) }) : t('duty.paused', { kind });
}

/* On duty and to be rung: a pause counts as over at its time, also before the gateway has said so. */
export function isPaused(duty: Duty | null): boolean {
  return Boolean(duty?.on_duty && duty.pause && (!duty.pause_until_ms || duty.pause_until_ms > serverNow()));
}

function PauseForm(p: { onDone: () => void }): JSX.Element {
  const [kind, setKind] = useState<Pause>('pause');
  const [minutes, setMinutes] = useState('');
  const action = useAction();
  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    if (await action.run(() => changeDuty(minutes ? { pause: kind, pause_minutes: Number(minutes) } : { pause: kind }))) {
      p.onDone();
    }
  };
  return (
    <form onSubmit={submit}>
      <Radios<Pause> legend={t('duty.how')} name="pause" value={kind} onChange={setKind}
        options={(['pause', 'break'] as const).map((k) => ({ value: k, label: t(`duty.kind-${k}`), hint: t(`duty.kind-${k}-hint`) }))} />
      <Select label={t('duty.length')} value={minutes} onChange={setMinutes}
        options={[{ value: '', label: t('duty.until-i-return') }, ...MINUTES.map((n) => ({ value: String(n), label: duration(n * 60_000) }))]} />
      <ProblemNotice problem={action.problem} />
      <div class="buttons end"><button type="submit" class="primary" disabled={action.busy}>{t('duty.begin-pause')}</button></div>
    </form>
  );
}

function colleagues(roster: Roster, session: Session): RosterPerson[] {
  const mine = session.practitioner.specialties;
  return roster.people.filter((x) => x.account !== session.account.id && x.organisation.id === session.organisation.id
    && x.specialties.some((s) => mine.includes(s)) && (x.on_duty ? !x.pause : x.on_call));
}

function HandOverForm(p: { session: Session; onDone: () => void }): JSX.Element {
  const roster = useResource<Roster>('/duty/roster?days=1', ['duty.changed']);
  const [to, setTo] = useState('');
  const action = useAction();
  const people = roster.data ? colleagues(roster.data, p.session) : [];
  const chosen = people.some((x) => x.account === to) ? to : people[0]?.account ?? '';
  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    if (chosen && await action.run(() => post('/duty/hand-over', { to: chosen }))) {
      p.onDone();
    }
  };
  if (!roster.data) {
    return roster.problem ? <ProblemNotice problem={roster.problem} retry={() => void roster.reload()} /> : <Loading />;
  }
  return (
    <form onSubmit={submit}>
      <h3>{t('duty.hand-over')}</h3>
      {people.length === 0 ? <p class="hint">{t('duty.nobody-to')}</p> : <>
        <Select label={t('duty.hand-over-to')} value={chosen} onChange={setTo}
          options={people.map((x) => ({ value: x.account, label: `${nameOf(x)} (${t(x.on_duty ? 'roster.on-duty' : 'roster.on-call')})` }))} />
        <p class="hint">{t('duty.hand-over-hint')}</p>
      </>}
      <ProblemNotice problem={action.problem} />
      {people.length > 0 && <div class="buttons end"><button type="submit" disabled={action.busy}>{t('duty.hand-over')}</button></div>}
    </form>
  );
}

const asking = new Store(false);

/* Outside the header, whose colours are not those of a dialog. */
export function DutyDialog(p: { session: Session }): JSX.Element | null {
  const open = useStore(asking);
  const close = (): void => asking.set(false);
  useEffect(() => close, [p.session.account.id]);
  if (!open || !p.session.on_duty) {
    return null;
  }
  return (
    <Dialog title={t('duty.title')} onClose={close}>
      <PauseForm onDone={close} />
      <HandOverForm session={p.session} onDone={close} />
      <div class="buttons end"><button type="button" onClick={close}>{t('app.close')}</button></div>
    </Dialog>
  );
}

/* A click: the browser allows sound from here on. */
export function switchDuty(on: boolean): Promise<unknown> {
  unlockSound();
  askForNotifications();
  return changeDuty({ on_duty: on });
}

export function DutyControl(p: { session: Session }): JSX.Element {
  useTick(10_000);
  const duty = useStore(ownDuty);
  const action = useAction();
  useEffect(() => watchDuty(), [p.session.account.id]);
  const on = p.session.on_duty;
  const paused = on && isPaused(duty);
  const toggle = (): void => {
    asking.set(false);
    void action.run(() => switchDuty(!on));
  };
  return (
    <div class="duty">
      <button type="button" role="switch" aria-checked={on} aria-label={t('head.duty')} class="switch" disabled={action.busy} onClick={toggle}
        title={t(on ? 'head.duty-on' : 'head.duty-off')}>
        <span class="knob" aria-hidden="true" />
      </button>
      {paused && duty
        ? <span class="duty-paused" role="status">{pauseWords(duty)}</span>
        : <span aria-hidden="true" class={on ? 'duty-on' : 'duty-off'}>{t(on ? 'head.duty' : 'head.off-duty')}</span>}
      {paused && <button type="button" class="small ghost" disabled={action.busy} onClick={() => void action.run(() => changeDuty({ pause: null }))}>{t('duty.resume')}</button>}
      {on && !paused && <button type="button" class="small ghost" onClick={() => asking.set(true)}>{t('duty.status')}</button>}
      {action.problem && <ProblemNotice problem={action.problem} />}
    </div>
  );
}
