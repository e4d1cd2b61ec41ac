/* A consultation on one page: what it is, where it stands, what may be done. The gateway's `actions` decide what is offered. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { serverNow } from '../lib/api';
import { clock, dateTime, duration, roughly } from '../lib/format';
import { join, nameOf, t, tCode } from '../lib/i18n';
import { chime } from '../lib/ring';
import { go } from '../lib/router';
import { useResource } from '../lib/resource';
import { consult, specialties } from '../lib/session';
import { signal } from '../lib/signal';
import { useStore, useTick } from '../lib/store';
import type { Action, Consultation, State, View } from '../lib/types';
import { UploadArea } from '../parts/attachments';
import { Loading, Notice, ProblemNotice, StateBadge, UrgencyBadge, useAction } from '../parts/basic';
import { DeviceCheck } from '../parts/check';
import { Ask, type Question } from '../parts/dialog';
import { DecisionForm, DecisionText, OpinionForm, OpinionText, OpinionVersions, PrintLink } from '../parts/opinion';
import { ReferralOfCase } from '../parts/referral-of-case';
import { goneText } from '../parts/ring';
import { ConsentsSheet, HistorySheet, PartiesSheet, PatientSheet, RecordingsSheet, RequestSheet, personLine } from '../parts/sheet';
import { Viewer } from '../parts/viewer';
import { Deadline } from './queue';
import { RequestPage } from './request';
import { specialtyName } from './worklist';

const PARTY = ['requester', 'consultant', 'coordinator'];
const ROOM: string[] = ['accepted', 'scheduled', 'ready', 'in-session', 'interrupted'];

export function CasePage(p: { id: string }): JSX.Element {
  const c = useResource<Consultation>(`/consultations/${p.id}`, ['consultation.changed', 'queue.changed'], (m) => m.consultation === undefined || m.consultation === p.id);
  const [gone, setGone] = useState<string | null>(null);
  useEffect(() => signal.on('offer.gone', (m) => {
    if (m.consultation === p.id && m.reason !== 'declined') {
      setGone(goneText(String(m.reason), m.by_zh as string | undefined, m.by_en as string | undefined));
      void c.reload();
    }
  }), [p.id]);
  const before = useRef<State | null>(null);
  useEffect(() => {
    if (c.data && before.current === 'offered' && c.data.state === 'accepted' && c.data.my_role === 'requester') {
      chime();
    }
    before.current = c.data?.state ?? null;
  }, [c.data?.state]);

  if (gone && (!c.data || c.data.my_role !== 'consultant')) {
    return <main id="main" class="page narrow"><Notice kind="info" action={<a class="button" href="#/queue">{t('nav.queue')}</a>}>{gone}</Notice></main>;
  }
  if (!c.data) {
    return <main id="main" class="page narrow">{c.problem ? <><ProblemNotice problem={c.problem} retry={() => void c.reload()} /><a href="#/">{t('app.back')}</a></> : <Loading />}</main>;
  }
  if ((c.data.state === 'draft' || c.data.state === 'returned') && c.data.actions.includes('submit')) {
    return <RequestPage key={`${c.data.id}-${c.data.state}`} existing={c.data} onChanged={() => void c.reload()} />;
  }
  return <Case c={c.data} problem={<ProblemNotice problem={c.problem} retry={() => void c.reload()} />} reload={() => void c.reload()} set={c.set} />;
}

function questionFor(action: Action, c: Consultation, after: () => void): Question {
  const run = (a: { reason_code?: string; reason_text?: string }): Promise<void> => consult(c.id, action, a).then(after);
  switch (action) {
    case 'decline':
      return { title: t('act.decline'), text: t('act.decline-ask'), reasons: ['busy', 'not-my-field', 'off-duty', 'conflict', 'other'], textLabel: t('act.text'), run };
    case 'return':
      return {
        title: t('act.return'), text: t('act.return-ask'), reasons: ['images-missing', 'images-unclear', 'incomplete-history', 'tests-missing', 'consent-missing', 'other'],
        textLabel: t('act.missing'), textRequired: true, run,
      };
    case 'withdraw':
      return { title: t('act.withdraw'), text: t('act.withdraw-ask'), danger: true, reasons: ['no-longer-needed', 'patient-transferred', 'patient-refused', 'entered-in-error', 'other'], textLabel: t('act.text'), run };
    case 'fail':
      return { title: t('act.fail'), text: t('act.fail-ask'), danger: true, reasons: ['link-lost', 'media-failure', 'device-failure', 'other'], textLabel: t('act.text'), run };
    case 'end':
      return { title: t('act.end'), text: t('act.end-ask'), danger: true, run };
    case 'amend':
      return { title: t('act.amend'), text: t('act.amend-ask'), textLabel: t('act.text'), textRequired: true, run };
    default:
      return { title: t('act.close'), text: t('act.close-ask'), run };
  }
}

function ActionBar(p: { c: Consultation; reload: () => void; set: (c: Consultation) => void }): JSX.Element {
  const { c } = p;
  const [question, setQuestion] = useState<Question | null>(null);
  const accept = useAction();
  const may = (a: Action): boolean => c.actions.includes(a);
  const ask = (a: Action): void => setQuestion(questionFor(a, c, () => {
    if (a === 'decline' || (a === 'return' && c.my_role !== 'requester')) {
      go('/queue');
    } else {
      p.reload();
    }
  }));
  const party = c.my_role === 'requester' || c.my_role === 'consultant' || c.my_role === 'guest';
  return (
    <div class="action-bar" role="group" aria-label={t('case.actions')}>
      <div class="buttons">
        {may('accept') && <button type="button" class="primary big" disabled={accept.busy} onClick={() => void accept.run(async () => p.set(await consult(c.id, 'accept')))}>{t('act.accept')}</button>}
        {party && ROOM.includes(c.state) && <button type="button" class="primary big" onClick={() => go(`/c/${c.id}/room`)}>{t('act.enter')}</button>}
        {may('close') && <button type="button" class="primary" onClick={() => ask('close')}>{t('act.close')}</button>}
        {may('return') && <button type="button" onClick={() => ask('return')}>{t('act.return')}</button>}
        {may('decline') && <button type="button" onClick={() => ask('decline')}>{t('act.decline')}</button>}
        {may('withdraw') && <button type="button" onClick={() => ask('withdraw')}>{t('act.withdraw')}</button>}
        {may('amend') && <button type="button" onClick={() => ask('amend')}>{t('act.amend')}</button>}
        {may('end') && <button type="button" class="danger" onClick={() => ask('end')}>{t('act.end')}</button>}
        {may('fail') && <button type="button" class="ghost" onClick={() => ask('fail')}>{t('act.fail')}</button>}
        {c.opinion?.status === 'signed' && <button type="button" class="ghost" onClick={() => window.print()}>{t('app.print')}</button>}
      </div>
      {accept.problem && <ProblemNotice problem={accept.problem} />}
      {question && <Ask question={question} onClose={() => setQuestion(null)} />}
    </div>
  );
}

function Waiting(p: { c: Consultation }): JSX.Element {
  useTick(1000);
  const { c } = p;
  const [check, setCheck] = useState(false);
  const since = c.submitted_ms ?? c.state_since_ms;
  return (
    <section class="card waiting" aria-labelledby="wait-title">
      <h2 id="wait-title">{t('wait.title')}</h2>
      <div aria-live="polite" class="wait-lines">
        {c.queue && <p class="wait-position">{t('wait.position', { n: c.queue.position })}{c.queue.ahead > 0 && <span class="hint"> {t('wait.ahead', { n: c.queue.ahead })}</span>}</p>}
        <p>{typeof c.queue?.expected_wait_ms === 'number' ? t('wait.expected', { time: roughly(c.queue.expected_wait_ms) }) : t('wait.expected-unknown')}</p>
      </div>
      <p class="hint">{t('wait.so-far', { time: duration(serverNow() - since) })}{c.deadline_ms ? ` · ${t('wait.deadline', { time: clock(c.deadline_ms) })}` : ''}</p>
      <p>{t('wait.next')}</p>
      {check ? <DeviceCheck /> : <button type="button" onClick={() => setCheck(true)}>{t('wait.check')}</button>}
    </section>
  );
}

/* The version that is being written: the same before and after its first save, so that the form is not thrown away. */
function draftVersion(c: Consultation): number {
  return c.opinion?.status === 'draft' ? c.opinion.version : (c.opinion?.version ?? 0) + 1;
}

function OpinionCard(p: { c: Consultation; reload: () => void }): JSX.Element | null {
  const { c } = p;
  const writing = c.my_role === 'consultant' && (c.actions.includes('sign') || c.state === 'awaiting-opinion');
  const signed = c.opinion?.status === 'signed' ? c.opinion : null;
  if (writing) {
    return (
      <section class="card" aria-labelledby="op-title">
        <h2 id="op-title">{t('op.title')}</h2>
        <OpinionForm key={draftVersion(c)} c={c} onSigned={p.reload} />
        <OpinionVersions id={c.id} current={c.opinion?.version ?? 1} />
      </section>
    );
  }
  if (c.state === 'awaiting-opinion' && !signed) {
    return <Notice kind="info">{t('op.waiting', { who: nameOf(c.consultant) })}</Notice>;
  }
  return signed ? (
    <section class="card" aria-labelledby="op-title">
      <h2 id="op-title">{t('op.title')}</h2>
      <OpinionText o={signed} attachments={c.attachments} />
      {PARTY.includes(c.my_role) && <div class="buttons"><PrintLink id={c.id} version={signed.version} /></div>}
      <OpinionVersions id={c.id} current={signed.version} />
    </section>
  ) : null;
}

function Case(p: { c: Consultation; problem: JSX.Element; reload: () => void; set: (c: Consultation) => void }): JSX.Element {
  const { c } = p;
  useStore(specialties);
  const [view, setView] = useState<View>({ attachment: c.attachments[0]?.id, frame: 0 });
  useEffect(() => {
    if (!view.attachment && c.attachments[0]) {
      setView({ attachment: c.attachments[0].id, frame: 0 });
    }
  }, [c.attachments.length]);
  const waiting = c.my_role === 'requester' && (c.state === 'submitted' || c.state === 'offered');
  const late = ['submitted', 'offered', 'accepted', 'returned'].includes(c.state);
  return (
    <main id="main" class="page case">
      <div class="case-head">
        <div class="page-head">
          <h1>{t('case.title', { number: c.number })}</h1>
          <UrgencyBadge urgency={c.urgency} />
          <span role="status"><StateBadge state={c.state} /></span>
          <span class="hint">{specialtyName(c.specialty)} · {dateTime(c.state_since_ms)}</span>
          {late && c.deadline_ms && c.my_role !== 'requester' && <Deadline c={c} />}
        </div>
        <ActionBar c={c} reload={p.reload} set={p.set} />
      </div>
      {p.problem}
      {c.state === 'accepted' && c.my_role === 'requester' && c.consultant && <Notice kind="good">{t('wait.accepted', { who: personLine(c.consultant) })}</Notice>}
      {(c.reason_code || c.reason_text) && ['returned', 'withdrawn', 'failed', 'expired', 'discarded'].includes(c.state) && <Notice kind="warn">{t('case.reason', { text: join([tCode('reason', c.reason_code), c.reason_text]) })}</Notice>}
      <div class={c.attachments.length > 0 ? 'case-columns' : 'case-columns no-images'}>
        <div>
          {waiting && <Waiting c={c} />}
          <OpinionCard c={c} reload={p.reload} />
          {c.actions.includes('acknowledge') && <DecisionForm c={c} onDone={p.reload} />}
          {c.decision && <section class="card"><h2>{t('dec.title')}</h2><DecisionText d={c.decision} /></section>}
          <section class="card" aria-labelledby="req-title">
            <h2 id="req-title">{t('case.request')}</h2>
            <PatientSheet c={c} />
            <RequestSheet c={c} />
          </section>
          <section class="card" aria-labelledby="parties-title">
            <h2 id="parties-title">{t('case.parties')}</h2>
            <PartiesSheet c={c} />
            <h3>{t('case.consents')}</h3>
            <ConsentsSheet c={c} />
          </section>
          <ReferralOfCase c={c} />
          {(c.recordings?.length ?? 0) > 0 && <section class="card"><h2>{t('rec.title')}</h2><RecordingsSheet recordings={c.recordings ?? []} /></section>}
          {(c.history?.length ?? 0) > 0 && <section class="card"><h2>{t('case.history')}</h2><HistorySheet c={c} /></section>}
        </div>
        {(c.attachments.length > 0 || waiting) && (
          <section class="card case-images" aria-labelledby="img-title">
            <h2 id="img-title">{t('case.images')}</h2>
            {c.attachments.length > 0 && <Viewer attachments={c.attachments} view={view} onView={setView} />}
            {waiting && <UploadArea consultation={() => Promise.resolve(c.id)} onDone={p.reload} compact={c.attachments.length > 0} />}
          </section>
        )}
      </div>
    </main>
  );
}
