/* Who observes, for the parties: how many watch, who is admitted, the patient's consent to it, admitting and dismissing. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { nameOf, t, tCode } from '../lib/i18n';
import { consult } from '../lib/session';
import type { Consultation, Guest } from '../lib/types';
import { Notice, ProblemNotice, useAction } from '../parts/basic';
import { Dialog } from '../parts/dialog';
import { latestConsents } from '../parts/sheet';
import { putConsent } from './room';
import { Finder, InviteeRow } from './stage';

const PLACES = 24;

function ObserverRow(p: { id: string; who: Guest; may: boolean; reload: () => void }): JSX.Element {
  const action = useAction();
  const name = nameOf(p.who);
  return (
    <li class="invitee">
      <span class="invitee-who"><strong>{name}</strong> <span class="hint">{tCode('title', p.who.title)} · {nameOf(p.who.organisation)}</span></span>
      <span class={p.who.present ? 'badge good' : 'badge'}>{t(p.who.present ? 'observe.present' : 'guest.waiting')}</span>
      {p.may && <button type="button" class="small danger" disabled={action.busy} aria-label={`${t('observe.dismiss')} ${name}`}
        onClick={() => void action.run(() => consult(p.id, 'dismiss-observer', { account: p.who.account })).then(p.reload)}>{t('observe.dismiss')}</button>}
      <ProblemNotice problem={action.problem} />
    </li>
  );
}

/* The patient's word on teaching; the requester records it. */
function Teaching(p: { c: Consultation; given: boolean; reload: () => void }): JSX.Element {
  const action = useAction();
  const put = (given: boolean): void => {
    const giver = latestConsents(p.c.consents).find((x) => x.party === 'patient' && x.who?.relation && x.who.relation !== 'self')?.who;
    void action.run(() => putConsent(p.c.id, 'teaching', 'patient', given, giver)).then(p.reload);
  };
  const own = p.c.my_role === 'requester';
  return (
    <div class="buttons">
      <span class={p.given ? 'badge good' : 'badge'}>{t(p.given ? 'observe.consented' : 'observe.no-consent')}</span>
      {own && p.given && <button type="button" class="small danger" disabled={action.busy} onClick={() => put(false)}>{t('observe.withdraw')}</button>}
      {own && !p.given && <button type="button" class="small" disabled={action.busy} onClick={() => put(true)}>{t('observe.consent')}</button>}
      <ProblemNotice problem={action.problem} />
    </div>
  );
}

export function ObserversDialog(p: { c: Consultation; reload: () => void; onClose: () => void }): JSX.Element {
  const observers = p.c.observers ?? [];
  const given = teachingGiven(p.c);
  const full = observers.length >= PLACES;
  return (
    <Dialog title={t('observe.dialog')} onClose={p.onClose}>
      <Teaching c={p.c} given={given} reload={p.reload} />
      <p class="hint">{t('observe.what')}</p>
      {observers.length > 0 ? <ul class="invitees" aria-label={t('observe.admitted')}>
        {observers.map((x) => <ObserverRow key={x.account} id={p.c.id} who={x} may={p.c.actions.includes('dismiss-observer')} reload={p.reload} />)}
      </ul> : <p class="hint">{t('observe.none')}</p>}
      {p.c.actions.includes('admit-observer') && given && <>
        {full && <Notice kind="info">{t('observe.full')}</Notice>}
        <Finder id={p.c.id} as="observer" nobody={t('observe.nobody')} label={t('observe.list')}
          row={(x) => <InviteeRow key={x.account} id={p.c.id} who={x} full={full} action="admit-observer" word={t('observe.admit')} reload={p.reload} />} />
      </>}
      <div class="buttons end"><button type="button" onClick={p.onClose}>{t('app.close')}</button></div>
    </Dialog>
  );
}

export function teachingGiven(c: Consultation): boolean {
  return latestConsents(c.consents).some((x) => x.scope === 'teaching' && x.party === 'patient' && x.given);
}

/* here: how many watch now; without it as far as the record says. Whoever is watched sees it. */
export function ObserversButton(p: { c: Consultation; here?: number; reload: () => void }): JSX.Element | null {
  const [open, setOpen] = useState(false);
  const admitted = p.c.observers ?? [];
  const here = p.here ?? admitted.filter((x) => x.present).length;
  const may = p.c.actions.includes('dismiss-observer');
  if (!may && admitted.length === 0 && here === 0) {
    return null;
  }
  return (
    <span class="observers">
      <span role="status" class={here > 0 ? 'badge good' : 'hint'}>{t('observe.count', { n: here })}</span>
      {may && <button type="button" class="small" aria-haspopup="dialog" onClick={() => {
        p.reload();
        setOpen(true);
      }}>{t('observe.manage')}</button>}
      {open && <ObserversDialog c={p.c} reload={p.reload} onClose={() => setOpen(false)} />}
    </span>
  );
}
