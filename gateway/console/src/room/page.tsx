/* The session: the other side, the image beside it, talk, and what may be done. */
import type { JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { serverNow } from '../lib/api';
import { clock, stopwatch } from '../lib/format';
import { nameOf, pick, t, tCode } from '../lib/i18n';
import { useResource } from '../lib/resource';
import { go, useTitle } from '../lib/router';
import { consult } from '../lib/session';
import { ENTERABLE, patientLine } from '../lib/steps';
import { signal } from '../lib/signal';
import { useStore, useTick } from '../lib/store';
import type { Consultation, Party } from '../lib/types';
import { Loading, Notice, ProblemNotice, Select, useAction, useId } from '../parts/basic';
import { DeviceSelects, useDeviceList } from '../parts/check';
import { Ask, Dialog, type Question } from '../parts/dialog';
import { OpinionForm, setLanding } from '../parts/opinion';
import { ConsentsSheet, PatientSheet, RequestSheet, latestConsents } from '../parts/sheet';
import { UploadArea } from '../parts/attachments';
import { Viewer } from '../parts/viewer';
import { loadChoice, saveChoice, type Choice } from './devices';
import { hungUp, setHungUp } from './hungup';
import type { Mode } from './ladder';
import { linkWords } from './quality';
import { Room, putConsent } from './room';
import { ObserverPage } from './observer';
import { ObserversButton } from './observers';
import { Door, InviteDialog, agreed } from './stage';
import { Videos } from './videos';

export function RoomPage(p: { id: string; me: string }): JSX.Element {
  const c = useResource<Consultation>(`/consultations/${p.id}`, ['consultation.changed'], (m) => m.consultation === p.id);
  const [room, setRoom] = useState<Room | null>(null);
  const [left, setLeft] = useState(() => hungUp(p.id));
  const enterable = Boolean(c.data && ENTERABLE.includes(c.data.state));
  const started = useRef(false);
  const guest = c.data?.my_role === 'guest';
  const observer = c.data?.my_role === 'observer'; // a page of its own: no camera, no case
  const asked = guest && !agreed(p.id); // a guest agrees first

  const enter = useCallback(() => {
    setHungUp(null);
    setLeft(false);
    started.current = true;
    setRoom(new Room(p.id));
  }, [p.id]);
  useEffect(() => {
    if (enterable && !left && !asked && !observer && !started.current) {
      enter();
    }
  }, [enterable, left, asked, observer]);
  useTitle(c.data ? t('room.title', { number: c.data.number }) : '');
  const latest = useRef<Room | null>(null);
  latest.current = room;
  useEffect(() => () => latest.current?.leave(), []);

  const hangUp = (): void => {
    room?.leave();
    setRoom(null);
    setHungUp(p.id);
    setLeft(true);
  };
  if (!c.data) {
    return <main id="main" class="page">{c.problem ? <ProblemNotice problem={c.problem} retry={() => void c.reload()} /> : <Loading />}</main>;
  }
  if (observer) {
    return <ObserverPage c={c.data} />;
  }
  if (left) {
    return <Away c={c.data} onReturn={enter} onChanged={() => void c.reload()} />;
  }
  if (!room && asked && enterable) {
    return <Door c={c.data} onEnter={enter} onDecline={() => go('/')} />;
  }
  if (!room) {
    return (
      <main id="main" class="page narrow">
        <h1>{t('room.title', { number: c.data.number })}</h1>
        <Notice kind="info" action={<a class="button primary" href={`#/c/${p.id}`}>{t('room.to-case')}</a>}>{t('room.not-now', { state: tCode('state', c.data.state) })}</Notice>
      </main>
    );
  }
  return <Inside room={room} c={c.data} reload={() => void c.reload()} onHangUp={hangUp} onReturn={enter} />;
}

function Away(p: { c: Consultation; onReturn: () => void; onChanged: () => void }): JSX.Element {
  const open = ENTERABLE.includes(p.c.state);
  return (
    <main id="main" class="page narrow">
      <h1>{t('room.title', { number: p.c.number })}</h1>
      <Notice kind={open ? 'warn' : 'info'}>{open ? t('room.hung-up') : t('room.ended')}</Notice>
      <div class="buttons">
        {open && <button type="button" class="primary" onClick={p.onReturn}>{t('room.return')}</button>}
        <a class="button" href={`#/c/${p.c.id}`}>{t('room.to-case')}</a>
      </div>
    </main>
  );
}

function Closed(p: { c: Consultation; reason: string; error: { zh: string; en: string } | null; onReturn: () => void }): JSX.Element {
  const sentence = p.error ? pick(p.error.zh, p.error.en)
    : p.reason === 'taken-over' ? t('room.taken-over') : p.reason === 'technical' ? t('room.technical') : p.reason === 'withdrawn' ? t('room.withdrawn')
      : p.reason === 'uninvited' ? t('guest.uninvited') : t('room.ended');
  return (
    <main id="main" class="page narrow">
      <h1>{t('room.title', { number: p.c.number })}</h1>
      <Notice kind={p.error || p.reason === 'technical' ? 'warn' : 'info'}>{sentence}</Notice>
      <div class="buttons">
        {(p.reason === 'taken-over' || p.error) && <button type="button" class="primary" onClick={p.onReturn}>{t(p.error ? 'app.retry' : 'room.take-back')}</button>}
        {p.c.my_role === 'guest' && p.reason !== 'taken-over' ? <a class="button primary" href="#/">{t('app.back')}</a>
          : <a class={p.reason === 'taken-over' ? 'button' : 'button primary'} href={`#/c/${p.c.id}`}>{t('room.to-case')}</a>}
      </div>
    </main>
  );
}

function presenceWords(other: Party | undefined, fallback: string, phase: string): string {
  const who = nameOf(other) || fallback;
  if (phase === 'resuming') {
    return t('room.media-resume');
  }
  if (!other || (!other.present && other.media !== 'live')) {
    return t('room.absent', { who });
  }
  switch (other.media) {
    case 'live':
      return t('room.live', { who });
    case 'silent':
      return t('room.silent', { who });
    default:
      return t('room.connecting', { who });
  }
}

function RecordingMark(p: { on: boolean; c: Consultation; reload: () => void }): JSX.Element {
  const [question, setQuestion] = useState<Question | null>(null);
  const action = useAction();
  const given = (party: string): boolean => latestConsents(p.c.consents).some((x) => x.scope === 'recording' && x.party === party && x.given);
  const party = p.c.my_role === 'consultant' ? 'consultant' : 'patient';
  const own = given(party);
  const why = !given('patient') ? t('rec.need-patient') : !given('consultant') ? t('rec.need-consultant') : '';
  const put = async (value: boolean): Promise<void> => {
    const giver = latestConsents(p.c.consents).find((x) => x.party === 'patient' && x.who?.relation && x.who.relation !== 'self')?.who;
    await putConsent(p.c.id, 'recording', party, value, giver);
    p.reload();
  };
  const withdraw = (): void => setQuestion({ title: t('rec.withdraw'), text: t('rec.withdraw-ask'), danger: true, run: () => put(false) });
  return (
    <div class="rec">
      <span role="status" class={p.on ? 'rec-on' : 'rec-off'}>{p.on && <span class="rec-dot" aria-hidden="true" />}{t(p.on ? 'rec.on' : 'rec.off')}</span>
      {p.c.my_role === 'guest' ? null : <>
      {!p.on && why && <span class="hint">({why})</span>}
      {own
        ? <button type="button" class="small" onClick={withdraw}>{t('rec.withdraw')}</button>
        : <button type="button" class="small" disabled={action.busy} onClick={() => void action.run(() => put(true))}>{t('rec.agree')}</button>}
      </>}
      <ProblemNotice problem={action.problem} />
      {question && <Ask question={question} onClose={() => setQuestion(null)} />}
    </div>
  );
}

/* Another camera or microphone in the middle of the call. */
function Devices(p: { room: Room; onClose: () => void }): JSX.Element {
  const own = useStore(p.room.own);
  const [choice, setChoice] = useState<Choice>(loadChoice);
  const [busy, setBusy] = useState(false);
  const devices = useDeviceList(own.stream);
  const change = (next: Choice): void => {
    setChoice(next);
    saveChoice(next);
    setBusy(true);
    void p.room.open(next).then(() => setBusy(false));
  };
  return (
    <Dialog title={t('room.devices-title')} onClose={p.onClose}>
      <DeviceSelects choice={choice} devices={devices} onChange={change} disabled={busy} />
      {own.deviceError && <Notice kind="error">{own.deviceError.sentence()}</Notice>}
      {own.warning && <Notice kind="warn">{t(own.warning)}</Notice>}
      <p class="hint">{t('room.devices-hint')}</p>
      <div class="buttons end"><button type="button" class="primary" onClick={p.onClose}>{t('app.close')}</button></div>
    </Dialog>
  );
}

function Controls(p: { room: Room; c: Consultation; reload: () => void; onHangUp: () => void; onEnd: () => void }): JSX.Element {
  const own = useStore(p.room.own);
  const mode = useStore(p.room.media.ladder.mode);
  const hasVideo = Boolean(own.stream?.getVideoTracks().length);
  const hasAudio = Boolean(own.stream?.getAudioTracks().length);
  const [devices, setDevices] = useState(false);
  const [inviting, setInviting] = useState(false);
  return (
    <div class="controls" role="group" aria-label={t('room.controls')}>
      <button type="button" aria-pressed={own.muted} class={own.muted ? 'off' : ''} disabled={!hasAudio} onClick={() => p.room.setMuted(!own.muted)}>{t('room.mute')}</button>
      <button type="button" aria-pressed={own.cameraOff} class={own.cameraOff ? 'off' : ''} disabled={!hasVideo} onClick={() => p.room.setCameraOff(!own.cameraOff)}>{t('room.camera-off')}</button>
      <button type="button" aria-haspopup="dialog" onClick={() => setDevices(true)}>{t('room.devices')}</button>
      {devices && <Devices room={p.room} onClose={() => setDevices(false)} />}
      {p.c.actions.includes('invite') && <button type="button" aria-haspopup="dialog" onClick={() => setInviting(true)}>{t('guest.invite')}</button>}
      {inviting && <InviteDialog c={p.c} reload={p.reload} onClose={() => setInviting(false)} />}
      <span title={t('room.quality')}>
        <Select label={t('room.quality')} hideLabel value={mode} onChange={(v) => p.room.media.ladder.choose(v as Mode)}
          options={(['auto', 'high', 'medium', 'low', 'min', 'audio'] as const).map((m) => ({ value: m, label: m === 'auto' ? t('app.pair', { name: t('room.quality-short'), value: t('room.q-auto') }) : t(`room.q-${m}`) }))} />
      </span>
      <span class="leave">
        <button type="button" onClick={p.onHangUp} title={t('room.hang-up-hint')}>{t('room.hang-up')}</button>
        {p.c.actions.includes('end') && <button type="button" class="danger" onClick={p.onEnd} title={t('room.end-hint')}>{t('act.end')}</button>}
      </span>
    </div>
  );
}

function Chat(p: { room: Room }): JSX.Element {
  const { chat, seat, parties } = useStore(p.room.state);
  const [text, setText] = useState('');
  const [failed, setFailed] = useState(false);
  const log = useRef<HTMLDivElement>(null);
  const id = useId();
  useEffect(() => {
    log.current?.scrollTo?.(0, log.current.scrollHeight);
  }, [chat.length]);
  const send = (e: Event): void => {
    e.preventDefault();
    const words = text.trim();
    if (words) {
      const sent = p.room.say(words);
      setFailed(!sent);
      if (sent) {
        setText('');
      }
    }
  };
  return (
    <div class="chat">
      <div class="chat-log" role="log" aria-label={t('chat.title')} ref={log} tabIndex={0}>
        {chat.length === 0 && <p class="hint">{t('chat.empty')}</p>}
        {chat.map((line, i) => (
          <div key={i} class={line.seat === seat ? 'line mine' : 'line'}>
            <span class="hint">{line.seat === seat ? t('chat.you') : nameOf(parties.find((x) => x.seat === line.seat))} {clock(line.at_ms)}</span>
            <div>{line.text}</div>
          </div>
        ))}
      </div>
      {failed && <Notice kind="error">{t('err.network')}</Notice>}
      <form onSubmit={send}>
        <label for={id} class="sr-only">{t('chat.message')}</label>
        <input id={id} value={text} maxLength={2000} autoComplete="off" onInput={(e) => setText((e.target as HTMLInputElement).value)} />
        <button type="submit" disabled={!text.trim()}>{t('chat.send')}</button>
      </form>
    </div>
  );
}

function Side(p: { room: Room; c: Consultation; reload: () => void }): JSX.Element {
  const consultant = p.c.my_role === 'consultant';
  const tabs = consultant ? (['chat', 'case', 'opinion'] as const) : (['chat', 'case'] as const);
  const [tab, setTab] = useState<'chat' | 'case' | 'opinion'>('chat');
  const { chat } = useStore(p.room.state);
  const [seen, setSeen] = useState(0);
  useEffect(() => {
    if (tab === 'chat') {
      setSeen(chat.length);
    }
  }, [tab, chat.length]);
  const keys = (e: KeyboardEvent): void => {
    const by = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0;
    if (by) {
      const next = tabs[(tabs.indexOf(tab as never) + by + tabs.length) % tabs.length] ?? 'chat';
      setTab(next);
      document.getElementById(`tab-${next}`)?.focus();
    }
  };
  const label = { chat: t('chat.title'), case: t('side.case'), opinion: t('side.opinion') };
  return (
    <aside class="side" aria-label={t('side.label')}>
      <p class="side-patient">{patientLine(p.c)}</p>
      <div role="tablist" aria-label={t('side.label')} class="tabs" onKeyDown={keys}>
        {tabs.map((x) => <button key={x} id={`tab-${x}`} type="button" role="tab" aria-selected={tab === x} aria-controls="side-panel" tabIndex={tab === x ? 0 : -1}
          onClick={() => setTab(x)}>{label[x]}{x === 'chat' && tab !== 'chat' && chat.length > seen && <span class="unread" aria-hidden="true" />}</button>)}
      </div>
      <div id="side-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} class="side-body">
        {tab === 'chat' && <Chat room={p.room} />}
        {tab === 'case' && (
          <div class="scroll">
            <PatientSheet c={p.c} /><RequestSheet c={p.c} /><h3>{t('case.consents')}</h3><ConsentsSheet c={p.c} />
            {p.c.my_role !== 'guest' && <><h3>{t('form.attachments')}</h3><UploadArea compact consultation={() => Promise.resolve(p.c.id)} onDone={p.reload} /></>}
          </div>
        )}
        {/* stays mounted: what is typed must outlive a look at the chat */}
        {consultant && <div class="scroll" hidden={tab !== 'opinion'}><OpinionForm c={p.c} narrow onSigned={p.reload} /></div>}
      </div>
    </aside>
  );
}

function Inside(p: { room: Room; c: Consultation; reload: () => void; onHangUp: () => void; onReturn: () => void }): JSX.Element {
  useTick(1000);
  const { room, c } = p;
  const state = useStore(room.state);
  const media = useStore(room.media.state);
  const own = useStore(room.own);
  const level = useStore(room.media.ladder.level);
  const sync = useStore(room.sync);
  const pointing = useStore(room.pointing);
  const link = useStore(signal.link);
  const [question, setQuestion] = useState<Question | null>(null);
  const onView = useCallback((view: Parameters<Room['show']>[0]) => room.show(view), [room]);
  // the first image comes up by itself on this screen only: nothing is shown to others unasked
  useEffect(() => {
    if (!state.view.attachment && c.attachments[0] && state.phase === 'in') {
      room.state.update({ view: { attachment: c.attachments[0].id, frame: 0 } });
    }
  }, [c.attachments.length, state.phase]);

  const over = state.phase === 'closed' && state.reason === 'ended' && c.my_role !== 'guest';
  useEffect(() => {
    if (over) {
      setLanding(c.id);
      go(`/c/${c.id}`, true); // straight to what is next: the opinion form, or the case
    }
  }, [over]);

  if (state.phase === 'closed' || state.phase === 'refused') {
    return <Closed c={c} reason={state.reason} error={state.phase === 'refused' ? state.error : null} onReturn={p.onReturn} />;
  }
  const others = state.parties.filter((x) => x.seat !== state.seat);
  const other = others.find((x) => x.role === 'consultant' || x.role === 'requester') ?? others[0];
  const counterpart = nameOf(c.my_role === 'consultant' ? c.requester : c.consultant);
  const lowered = !room.media.ladder.lowered ? 'no' : level === 'audio' ? 'audio' : 'lowered';
  const words = linkWords(state.quality, state.seat, state.parties, lowered, link !== 'online');
  const live = others.some((x) => x.media === 'live');
  const showing = state.viewBy < 0 || !sync ? '' : state.viewBy === state.seat ? t('view.shown-by-you') : t('view.shown-by', { who: nameOf(state.parties.find((x) => x.seat === state.viewBy)) });
  const remove = (party: Party): void => setQuestion({
    title: `${t('guest.remove')} ${nameOf(party)}`, text: t('guest.remove-ask'), danger: true, run: () => consult(c.id, 'uninvite', { account: party.account }).then(p.reload),
  });
  const end = (): void => setQuestion({ title: t('act.end'), text: t('act.end-ask'), danger: true, run: () => consult(c.id, 'end') });
  return (
    <main id="main" class={c.attachments.length > 0 ? 'room' : 'room no-images'}>
      <section class="talk" aria-label={t('room.title', { number: c.number })}>
        <div class="talk-head">
          <h1>{t('room.title', { number: c.number })}</h1>
          {c.started_ms && <span class="mono hint" title={t('room.duration', { time: '' })}>{stopwatch(serverNow() - c.started_ms)}</span>}
          <span class={live && media.phase !== 'resuming' ? 'presence live' : 'presence'} role="status">
            {state.phase === 'joining' ? t('room.join') : presenceWords(other, counterpart, media.phase === 'resuming' && live ? 'resuming' : '')}
          </span>
        </div>
        <Videos room={room} counterpart={counterpart} onRemove={c.actions.includes('invite') ? remove : undefined} />
        {own.deviceError && <Notice kind="error" action={<button type="button" class="small" onClick={() => void room.open(loadChoice())}>{t('app.retry')}</button>}>{own.deviceError.sentence()}</Notice>}
        {own.warning && <Notice kind="warn" action={<button type="button" class="small" onClick={() => void room.open(loadChoice())}>{t('app.retry')}</button>}>{t(own.warning)}</Notice>}
        {state.error && <Notice kind="warn">{pick(state.error.zh, state.error.en)}</Notice>}
        {media.refused && <Notice kind="warn">{pick(media.refused.zh, media.refused.en)}</Notice>}
        <Controls room={room} c={c} reload={p.reload} onHangUp={p.onHangUp} onEnd={end} />
        <div class="talk-foot">
          <RecordingMark on={state.recording} c={c} reload={p.reload} />
          <ObserversButton c={c} here={state.observers} reload={p.reload} />
          <div class={`link-words ${words.kind}`} role="status" aria-label={t('q.label')}><span class="dot" aria-hidden="true" />{words.text}</div>
        </div>
      </section>
      {c.attachments.length > 0 && (
        <section class="images" aria-label={t('case.images')}>
          <Viewer attachments={c.attachments} view={state.view} onView={onView} pointer={state.pointer} onPointer={pointing ? (at) => room.point(at) : undefined}
            thin={lowered !== 'no'} toolbar={<>
              <button type="button" class="small" aria-pressed={sync} title={t('view.sync-hint')} onClick={() => room.setSync(!sync)}>{t('view.sync')}</button>
              <button type="button" class="small" aria-pressed={pointing} disabled={!sync} onClick={() => room.setPointing(!pointing)}>{t('view.pointer')}</button>
              <span class="hint" role="status">{sync ? showing : t('view.alone')}</span>
            </>} />
        </section>
      )}
      <Side room={room} c={c} reload={p.reload} />
      {question && <Ask question={question} onClose={() => setQuestion(null)} />}
    </main>
  );
}
