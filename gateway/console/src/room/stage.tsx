/* Guests on stage: whom to invite, who was invited, and what a guest is told before entering. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { join, nameOf, t, tCode } from '../lib/i18n';
import { useResource } from '../lib/resource';
import { consult } from '../lib/session';
import type { Consultation, Guest, Invitee } from '../lib/types';
import { specialtyName } from '../lib/steps';
import { Field, Loading, Notice, ProblemNotice, useAction } from '../parts/basic';
import { Dialog } from '../parts/dialog';

const SEARCH_PAUSE_MS = 250;
const AGREED = 'console.guest';

/* A guest has agreed to be recorded in this tab: a reload goes straight back in. */
export function agreed(consultation: string): boolean {
  try {
    return sessionStorage.getItem(AGREED) === consultation;
  } catch {
    return false;
  }
}

function agree(consultation: string): void {
  try {
    sessionStorage.setItem(AGREED, consultation);
  } catch {
    // no storage: asked again after a reload
  }
}

/* Before a guest enters: what it means, in words. */
export function Door(p: { c: Consultation; onEnter: () => void; onDecline: () => void }): JSX.Element {
  const action = useAction();
  const enter = (): void => {
    agree(p.c.id);
    p.onEnter();
  };
  return (
    <main id="main" class="page narrow">
      <h1>{t('room.title', { number: p.c.number })}</h1>
      <section class="card">
        <p>{t('guest.of', { who: join([nameOf(p.c.requester), nameOf(p.c.consultant)]) })}</p>
        <p><strong>{t('guest.agree')}</strong></p>
        <p class="hint">{t('guest.may')}</p>
        <ProblemNotice problem={action.problem} />
        <div class="buttons">
          <button type="button" class="primary big" onClick={enter}>{t('guest.enter')}</button>
          <a class="button" href={`#/c/${p.c.id}`}>{t('queue.open')}</a>
          <button type="button" disabled={action.busy} onClick={() => void action.run(() => consult(p.c.id, 'uninvite')).then((done) => done && p.onDecline())}>{t('guest.decline')}</button>
        </div>
      </section>
    </main>
  );
}

function GuestRow(p: { id: string; guest: Guest; reload: () => void }): JSX.Element {
  const action = useAction();
  const name = nameOf(p.guest);
  const send = (what: 'invite' | 'uninvite'): void => void action.run(() => consult(p.id, what, { account: p.guest.account })).then(p.reload);
  return (
    <li class="invitee">
      <span class="invitee-who"><strong>{name}</strong> <span class="hint">{tCode('title', p.guest.title)} · {nameOf(p.guest.organisation)}</span></span>
      <span class={p.guest.present ? 'badge good' : 'badge'}>{t(p.guest.present ? 'guest.present' : 'guest.waiting')}</span>
      {!p.guest.present && <button type="button" class="small" disabled={action.busy} onClick={() => send('invite')} aria-label={`${t('guest.again')} ${name}`}>{t('guest.again')}</button>}
      <button type="button" class="small danger" disabled={action.busy} onClick={() => send('uninvite')} aria-label={`${t('guest.remove')} ${name}`}>{t('guest.remove')}</button>
      <ProblemNotice problem={action.problem} />
    </li>
  );
}

export function InviteeRow(p: { id: string; who: Invitee; full: boolean; action: 'invite' | 'admit-observer'; word: string; reload: () => void }): JSX.Element {
  const action = useAction();
  const name = nameOf(p.who);
  return (
    <li class="invitee">
      <span class="invitee-who">
        <strong>{name}</strong> <span class="hint">{tCode('title', p.who.title)} · {nameOf(p.who.organisation)}{p.who.specialties.length > 0 && ` · ${join(p.who.specialties.map(specialtyName))}`}</span>
      </span>
      {p.who.on_duty && <span class="badge good">{t('guest.on-duty')}</span>}
      <button type="button" class="small primary" disabled={action.busy || p.full} aria-label={`${p.word} ${name}`}
        onClick={() => void action.run(() => consult(p.id, p.action, { account: p.who.account })).then(p.reload)}>{p.word}</button>
      <ProblemNotice problem={action.problem} />
    </li>
  );
}

/* Whom the gateway lets be asked, found while a name is typed. */
export function Finder(p: { id: string; as: 'guest' | 'observer'; nobody: string; label: string; row: (who: Invitee) => JSX.Element }): JSX.Element {
  const [typed, setTyped] = useState('');
  const [search, setSearch] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSearch(typed.trim()), SEARCH_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const list = useResource<{ invitees: Invitee[]; more: boolean }>(
    `/consultations/${p.id}/invitees?as=${p.as}${search ? `&search=${encodeURIComponent(search)}` : ''}`, ['consultation.changed'], (m) => m.consultation === p.id);
  const last = useRef(list.data); // stays on the screen while the next search is on its way
  last.current = list.data ?? last.current;
  const shown = last.current;
  return (
    <>
      <Field label={t('guest.search')} value={typed} onInput={setTyped} maxLength={64} />
      <ProblemNotice problem={list.problem} retry={() => void list.reload()} />
      {!shown && !list.problem && <Loading />}
      {shown && shown.invitees.length === 0 && <p class="hint">{p.nobody}</p>}
      {shown && <ul class="invitees scrolling" aria-label={p.label}>{shown.invitees.map(p.row)}</ul>}
      {shown?.more && <p class="hint">{t('guest.more')}</p>}
    </>
  );
}

export function InviteDialog(p: { c: Consultation; reload: () => void; onClose: () => void }): JSX.Element {
  const guests = p.c.guests ?? [];
  const full = guests.length >= 4;
  return (
    <Dialog title={t('guest.title')} onClose={p.onClose}>
      {guests.length > 0 && <ul class="invitees" aria-label={t('guest.invited')}>{guests.map((x) => <GuestRow key={x.account} id={p.c.id} guest={x} reload={p.reload} />)}</ul>}
      {full && <Notice kind="info">{t('guest.full')}</Notice>}
      <Finder id={p.c.id} as="guest" nobody={t('guest.nobody')} label={t('guest.list')}
        row={(x) => <InviteeRow key={x.account} id={p.c.id} who={x} full={full} action="invite" word={t('guest.ask')} reload={p.reload} />} />
      <div class="buttons end"><button type="button" onClick={p.onClose}>{t('app.close')}</button></div>
    </Dialog>
  );
}
