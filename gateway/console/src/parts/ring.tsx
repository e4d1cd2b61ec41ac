/* A consultation offered to the specialist rings here, over whatever is on the screen. During a session it stays silent and small. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { get, serverNow } from '../lib/api';
import { ownDuty } from '../lib/duty';
import { duration } from '../lib/format';
import { nameOf, pick, t, tCode } from '../lib/i18n';
import { soundBlocked, startRing, stopRing, chime } from '../lib/ring';
import { go, useRoute } from '../lib/router';
import { signal } from '../lib/signal';
import { useStore, useTick } from '../lib/store';
import type { Consultation, Session, Urgency } from '../lib/types';
import { complaintOf, patientLine, specialtyName } from '../lib/steps';
import { Notice, UrgencyBadge, useId } from './basic';
import { isPaused } from './duty';
import { InvitationCard, useInvitations } from './invitation';
import { useObserving } from './observing';

interface Offer {
  id: string;
  urgency: Urgency;
  deadlineMs: number | null;
  silenced: boolean;
  detail: Consultation | null;
}

export function goneText(reason: string, byZh?: string, byEn?: string): string {
  switch (reason) {
    case 'accepted':
      return t('ring.gone-accepted', { who: pick(byZh, byEn) || t('ring.someone') });
    case 'withdrawn':
      return t('ring.gone-withdrawn');
    case 'declined':
      return t('ring.gone-declined');
    case 'returned':
      return t('ring.gone-returned');
    case 'expired':
      return t('ring.gone-expired');
    default:
      return t('ring.gone-elsewhere');
  }
}

function OfferCard(p: { offer: Offer; onSilence: () => void }): JSX.Element {
  useTick(1000);
  const { offer } = p;
  const id = useId();
  const c = offer.detail;
  const blocked = useStore(soundBlocked);
  const left = offer.deadlineMs ? offer.deadlineMs - serverNow() : null;
  return (
    <div class={`ring u-${offer.urgency}`} role="alertdialog" aria-labelledby={`${id}-t`} aria-describedby={`${id}-b`}>
      <div class="ring-head">
        <strong id={`${id}-t`}>{t('ring.title')}</strong>
        <UrgencyBadge urgency={offer.urgency} />
        {left !== null && <span class="ring-left">{left > 0 ? t('queue.left', { time: duration(left) }) : t('queue.late', { time: duration(-left) })}</span>}
      </div>
      <div id={`${id}-b`} class="ring-body">
        {c && <>
          <div>{patientLine(c)} · {specialtyName(c.specialty)}</div>
          <div class="clip">{complaintOf(c)}</div>
          <div class="hint">{nameOf(c.requester?.organisation)}</div>
        </>}
        {blocked && !offer.silenced && <div class="hint">{t('ring.blocked')}</div>}
      </div>
      <div class="buttons">
        <a class="button primary" href={`#/c/${offer.id}`} onClick={p.onSilence}>{t('queue.open')}</a>
        <button type="button" onClick={p.onSilence}>{t('ring.silence')}</button>
      </div>
    </div>
  );
}

export function Ring(p: { session: Session }): JSX.Element | null {
  const [offers, setOffers] = useState<Offer[]>([]);
  const [gone, setGone] = useState<string | null>(null);
  const route = useRoute();
  const paused = isPaused(useStore(ownDuty));
  const inRoom = route[0] === 'c' && route[2] === 'room';
  const specialist = p.session.account.roles.includes('specialist');

  useEffect(() => {
    const stops = [
      signal.on('offer.ring', (m) => {
        const id = String(m.consultation);
        setOffers((old) => old.some((o) => o.id === id) ? old : [...old, {
          id, urgency: (m.urgency as Urgency) ?? 'routine', deadlineMs: typeof m.deadline_ms === 'number' ? m.deadline_ms : null, silenced: false, detail: null,
        }]);
        get<Consultation>(`/consultations/${id}`).then((detail) =>
          setOffers((old) => old.map((o) => (o.id === id ? { ...o, detail } : o))), () => undefined);
      }),
      signal.on('offer.gone', (m) => {
        const id = String(m.consultation);
        setOffers((old) => {
          if (old.some((o) => o.id === id) && !['declined', 'returned', 'passed-on'].includes(String(m.reason))) {
            setGone(goneText(String(m.reason), m.by_zh as string | undefined, m.by_en as string | undefined));
          }
          return old.filter((o) => o.id !== id);
        });
      }),
      signal.on('consultation.changed', (m) => {
        if (m.state !== 'offered') {
          setOffers((old) => old.filter((o) => o.id !== m.consultation));
        }
        if (m.state === 'accepted' && p.session.account.roles.includes('clinician')) {
          chime();
        }
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [p.session.account.id]);

  const here = route[0] === 'c' ? route[1] : undefined;
  const invitations = useInvitations(p.session.account.id, inRoom ? here : undefined);
  const observing = useObserving(p.session.account.id, here);
  const calling = invitations.list.find((x) => x.loud);
  const loud = offers.find((o) => !o.silenced && o.id !== here);
  useEffect(() => {
    if (calling && !inRoom) {
      startRing(true, t('guest.by', { who: calling.by }), () => go(`/c/${calling.id}/room`));
      return stopRing;
    }
    if (loud && specialist && !inRoom && !paused) {
      const number = loud.detail?.number ?? '';
      startRing(loud.urgency !== 'routine', t('ring.body', { urgency: tCode('urgency', loud.urgency), number }), () => go(`/c/${loud.id}`));
      return stopRing;
    }
    stopRing();
    return undefined;
  }, [loud?.id, calling?.id, inRoom, specialist, paused]);
  useEffect(() => {
    if (gone) {
      const timer = setTimeout(() => setGone(null), 12_000);
      return () => clearTimeout(timer);
    }
    return undefined;
  }, [gone]);

  // silenced: out of the way; it still stands in the queue
  const shown = specialist ? offers.filter((o) => o.id !== here && !o.silenced) : [];
  if (shown.length === 0 && !gone && invitations.list.length === 0 && !invitations.gone && observing.length === 0) {
    return null;
  }
  const silence = (id: string): void => setOffers((old) => old.map((o) => (o.id === id ? { ...o, silenced: true } : o)));
  return (
    <div class={inRoom ? 'ring-stack compact' : 'ring-stack'}>
      {gone && <Notice kind="info" action={<button type="button" class="small" onClick={() => setGone(null)}>{t('app.close')}</button>}>{gone}</Notice>}
      {invitations.gone && <Notice kind="info" action={<button type="button" class="small" onClick={invitations.forget}>{t('app.close')}</button>}>{invitations.gone}</Notice>}
      {observing}
      {invitations.list.slice(0, 2).map((x) => <InvitationCard key={x.id} invitation={x} onSilence={() => invitations.silence(x.id)} onAnswer={() => invitations.drop(x.id)} />)}
      {shown.slice(0, 3).map((o) => <OfferCard key={o.id} offer={o} onSilence={() => silence(o.id)} />)}
    </div>
  );
}
