/* An observer's stay in a session: hears and sees the stage, sends nothing, gets nothing of the case. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { join, nameOf, pick, t, tCode } from '../lib/i18n';
import { go } from '../lib/router';
import { consult } from '../lib/session';
import { ageOf, ENTERABLE, specialtyName } from '../lib/steps';
import { useStore } from '../lib/store';
import type { Consultation } from '../lib/types';
import { Notice, ProblemNotice, useAction } from '../parts/basic';
import { Room } from './room';
import { Videos } from './videos';

/* Why it is over, for the page that shows it and for the notice on any other. */
export function observerGone(reason: string): string {
  switch (reason) {
    case 'consent-withdrawn':
      return t('observe.gone-consent');
    case 'dismissed':
      return t('observe.gone-dismissed');
    case 'invited':
      return t('observe.gone-invited');
    case 'taken-over':
      return t('room.taken-over');
    case 'technical':
      return t('room.technical');
    case 'withdrawn':
      return t('room.withdrawn');
    default:
      return t('room.ended');
  }
}

function patientWords(c: Consultation): string {
  return join([c.patient.sex && tCode('sex', c.patient.sex), ageOf(c.patient)]);
}

function About(p: { c: Consultation }): JSX.Element {
  return (
    <div class="hint">
      <div>{join([specialtyName(p.c.specialty), patientWords(p.c)])}</div>
      <div>{t('guest.of', { who: join([nameOf(p.c.requester), nameOf(p.c.consultant)]) })}</div>
    </div>
  );
}

function Leave(p: { c: Consultation }): JSX.Element {
  const action = useAction();
  return (
    <>
      <button type="button" class="danger" disabled={action.busy} onClick={() => void action.run(() => consult(p.c.id, 'dismiss-observer')).then((done) => done && go('/'))}>{t('observe.stop')}</button>
      <ProblemNotice problem={action.problem} />
    </>
  );
}

/* Before entering: what it means, in words. */
function ObserverDoor(p: { c: Consultation; onEnter: () => void }): JSX.Element {
  const open = ENTERABLE.includes(p.c.state);
  return (
    <main id="main" class="page narrow">
      <h1>{t('observe.title', { number: p.c.number })}</h1>
      <section class="card">
        <About c={p.c} />
        <p><strong>{t('observe.may')}</strong></p>
        <p>{t('observe.duty')}</p>
        {!open && <Notice kind="info">{t('room.not-now', { state: tCode('state', p.c.state) })}</Notice>}
        <div class="buttons">
          {open && <button type="button" class="primary big" onClick={p.onEnter}>{t('observe.enter')}</button>}
          <Leave c={p.c} />
        </div>
      </section>
    </main>
  );
}

function Over(p: { c: Consultation; reason: string; error: { zh: string; en: string } | null; onReturn: () => void }): JSX.Element {
  const again = p.reason === 'taken-over';
  return (
    <main id="main" class="page narrow">
      <h1>{t('observe.title', { number: p.c.number })}</h1>
      <Notice kind={p.error ? 'warn' : 'info'}>{p.error ? pick(p.error.zh, p.error.en) : observerGone(p.reason)}</Notice>
      <div class="buttons">
        {again && <button type="button" class="primary" onClick={p.onReturn}>{t('room.take-back')}</button>}
        <a class={again ? 'button' : 'button primary'} href="#/">{t('app.back')}</a>
      </div>
    </main>
  );
}

function Watching(p: { room: Room; c: Consultation; onAway: () => void; onReturn: () => void }): JSX.Element {
  const { room, c } = p;
  const state = useStore(room.state);
  const media = useStore(room.media.state);
  if (state.phase === 'closed' || state.phase === 'refused') {
    return <Over c={c} reason={state.reason} error={state.phase === 'refused' ? state.error : null} onReturn={p.onReturn} />;
  }
  const live = state.parties.some((x) => x.media === 'live');
  const words = state.phase === 'joining' ? t('room.join') : !live ? t('observe.waiting') : media.phase === 'resuming' ? t('room.media-resume') : t('observe.live');
  return (
    <main id="main" class="room no-images observing">
      <section class="talk" aria-label={t('observe.title', { number: c.number })}>
        <div class="talk-head">
          <h1>{t('observe.title', { number: c.number })}</h1>
          <span class={live ? 'presence live' : 'presence'} role="status">{words}</span>
        </div>
        <Videos room={room} counterpart={nameOf(c.consultant)} />
        {state.error && <Notice kind="warn">{pick(state.error.zh, state.error.en)}</Notice>}
        {media.refused && <Notice kind="warn">{pick(media.refused.zh, media.refused.en)}</Notice>}
        <About c={c} />
        <div class="controls" role="group" aria-label={t('room.controls')}>
          <button type="button" onClick={p.onAway} title={t('observe.away-hint')}>{t('observe.away')}</button>
          <Leave c={c} />
        </div>
        <div class="talk-foot">
          <span role="status" class={state.recording ? 'rec-on' : 'rec-off'}>{t(state.recording ? 'rec.on' : 'rec.off')}</span>
          <span class="hint">{t('observe.count', { n: state.observers })}</span>
        </div>
      </section>
    </main>
  );
}

export function ObserverPage(p: { c: Consultation }): JSX.Element {
  const [room, setRoom] = useState<Room | null>(null);
  const latest = useRef<Room | null>(null);
  latest.current = room;
  useEffect(() => () => latest.current?.leave(), []);
  const enter = (): void => setRoom(new Room(p.c.id, true));
  const away = (): void => {
    room?.leave();
    setRoom(null);
  };
  return room ? <Watching key={room.id} room={room} c={p.c} onAway={away} onReturn={enter} /> : <ObserverDoor c={p.c} onEnter={enter} />;
}
