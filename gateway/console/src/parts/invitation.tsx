/* An invitation on stage rings like an offer, and says by whom. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get } from '../lib/api';
import { nameOf, pick, t } from '../lib/i18n';
import { soundBlocked } from '../lib/ring';
import { consult } from '../lib/session';
import { signal } from '../lib/signal';
import { useStore } from '../lib/store';
import type { Consultation, Summary } from '../lib/types';
import { complaintOf, patientLine, specialtyName } from '../lib/steps';
import { hungUp } from '../room/hungup';
import { ProblemNotice, useAction, useId } from './basic';

export interface Invitation {
  id: string;
  by: string; // empty: it was there before this page
  loud: boolean;
  detail: Consultation | null;
}

/* Those that stand and were not answered yet. `room`: the consultation whose room is on the screen. */
export function useInvitations(account: string, room: string | undefined): { list: Invitation[]; silence: (id: string) => void; drop: (id: string) => void; gone: string; forget: () => void } {
  const [list, setList] = useState<Invitation[]>([]);
  const [gone, setGone] = useState('');
  const drop = (id: string): void => setList((old) => old.filter((x) => x.id !== id));
  const silence = (id: string): void => setList((old) => old.map((x) => (x.id === id ? { ...x, loud: false } : x)));
  useEffect(() => {
    const add = (id: string, by: string): void => {
      setList((old) => [...old.filter((x) => x.id !== id), { id, by, loud: by !== '', detail: old.find((x) => x.id === id)?.detail ?? null }]);
      get<Consultation>(`/consultations/${id}`).then((detail) => setList((old) => old.map((x) => (x.id === id ? { ...x, detail } : x))), () => undefined);
    };
    const standing = (): void => {
      get<{ consultations: Summary[] }>('/consultations?list=invited&limit=5').then(
        (r) => r.consultations.forEach((c) => !hungUp(c.id) && setList((old) => {
          if (!old.some((x) => x.id === c.id)) {
            setTimeout(() => add(c.id, ''));
          }
          return old;
        })), () => undefined);
    };
    setList([]);
    const stops = [
      signal.on('welcome', standing),
      signal.on('guest.ring', (m) => add(String(m.consultation), pick(String(m.by_zh), String(m.by_en)))),
      signal.on('guest.gone', (m) => setList((old) => {
        if (old.some((x) => x.id === m.consultation)) {
          setGone(t('guest.gone'));
        }
        return old.filter((x) => x.id !== m.consultation);
      })),
    ];
    return () => stops.forEach((stop) => stop());
  }, [account]);
  useEffect(() => {
    if (room) {
      drop(room); // answered
    }
  }, [room, list.some((x) => x.id === room)]);
  return { list: list.filter((x) => x.id !== room), silence, drop, gone, forget: () => setGone('') };
}

export function InvitationCard(p: { invitation: Invitation; onSilence: () => void; onAnswer: () => void }): JSX.Element {
  const id = useId();
  const action = useAction();
  const blocked = useStore(soundBlocked);
  const c = p.invitation.detail;
  const by = p.invitation.by || nameOf(c?.requester);
  return (
    <div class={`ring u-${c?.urgency ?? 'routine'}`} role="alertdialog" aria-labelledby={`${id}-t`} aria-describedby={`${id}-b`}>
      <div class="ring-head"><strong id={`${id}-t`}>{t('guest.ring')}</strong></div>
      <div id={`${id}-b`} class="ring-body">
        <div>{t('guest.by', { who: by })}</div>
        {c && <div class="clip">{patientLine(c)} · {specialtyName(c.specialty)} · {complaintOf(c)}</div>}
        {blocked && p.invitation.loud && <div class="hint">{t('ring.blocked')}</div>}
        <ProblemNotice problem={action.problem} />
      </div>
      <div class="buttons">
        <a class="button primary" href={`#/c/${p.invitation.id}/room`} onClick={p.onSilence}>{t('act.enter')}</a>
        <button type="button" disabled={action.busy} onClick={() => void action.run(() => consult(p.invitation.id, 'uninvite')).then((done) => done && p.onAnswer())}>{t('guest.decline')}</button>
        {p.invitation.loud && <button type="button" onClick={p.onSilence}>{t('ring.silence')}</button>}
      </div>
    </div>
  );
}
