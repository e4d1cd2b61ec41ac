/* A consultation on one page: what it is, where it stands, what may be done. The gateway's `actions` decide what is offered. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { clock, dateTime, fullTime, minute } from '../lib/format';
import { join, t, tCode } from '../lib/i18n';
import { chime } from '../lib/ring';
import { useResource } from '../lib/resource';
import { go, useTitle } from '../lib/router';
import { specialties } from '../lib/session';
import { signal } from '../lib/signal';
import { specialtyName, waitsFor, wayOn } from '../lib/steps';
import { useStore } from '../lib/store';
import type { Consultation, State, View } from '../lib/types';
import { ObserversButton } from '../room/observers';
import { UploadArea } from '../parts/attachments';
import { Loading, Notice, ProblemNotice, StateBadge, UrgencyBadge } from '../parts/basic';
import { ActionBar } from '../parts/case-actions';
import { CriticalBanner } from '../parts/critical';
import { Deadline } from '../parts/deadline';
import { EarlierCard } from '../parts/earlier';
import { MdtPanel } from '../parts/mdt';
import { DecisionForm, DecisionText } from '../parts/opinion';
import { OpinionCard, writes } from '../parts/opinion-card';
import { ReferralOfCase } from '../parts/referral-of-case';
import { ReadingBar } from '../parts/reading';
import { ReviewForm } from '../parts/review-form';
import { goneText } from '../parts/ring';
import { ConsentsSheet, HistorySheet, PartiesSheet, PatientSheet, RecordingsSheet, RequestSheet, personLine } from '../parts/sheet';
import { FillIn } from '../parts/stat';
import { Viewer } from '../parts/viewer';
import { Waiting } from '../parts/waiting';
import { followUpWords } from '../parts/when-forms';
import { RequestPage } from './request';

const WAITS: State[] = ['pending-approval', 'submitted', 'triaged', 'offered'];
const DATED: State[] = [...WAITS, 'accepted', 'scheduled', 'returned', 'reporting', 'awaiting-opinion', 'opinion-draft'];
const WITH_REASON: State[] = ['returned', 'withdrawn', 'failed', 'expired', 'discarded', 'rejected', 'cancelled', 'no-show', 'entered-in-error'];

export function CasePage(p: { id: string }): JSX.Element {
  const c = useResource<Consultation>(`/consultations/${p.id}`, ['consultation.changed', 'queue.changed'], (m) => m.consultation === undefined || m.consultation === p.id);
  const [gone, setGone] = useState<string | null>(null);
  useEffect(() => signal.on('offer.gone', (m) => {
    if (m.consultation === p.id && m.reason !== 'declined' && m.reason !== 'passed-on') {
      setGone(goneText(String(m.reason), m.by_zh as string | undefined, m.by_en as string | undefined));
      void c.reload();
    }
  }), [p.id]);
  const before = useRef<State | null>(null);
  useEffect(() => {
    if (c.data && before.current === 'offered' && (c.data.state === 'accepted' || c.data.state === 'reporting') && c.data.my_role === 'requester') {
      chime();
    }
    before.current = c.data?.state ?? null;
  }, [c.data?.state]);

  if (gone && (!c.data || c.data.my_role === 'candidate' || c.data.my_role === 'none')) {
    return <main id="main" class="page narrow"><Notice kind="info" action={<a class="button" href="#/queue">{t('nav.queue')}</a>}>{gone}</Notice></main>;
  }
  if (!c.data) {
    return <main id="main" class="page narrow">{c.problem ? <><ProblemNotice problem={c.problem} retry={() => void c.reload()} /><a href="#/">{t('app.back')}</a></> : <Loading />}</main>;
  }
  if (c.data.my_role === 'observer') {
    go(`/c/${p.id}/room`, true); // the door says what there is to see
    return <main id="main" class="page narrow"><Loading /></main>;
  }
  if ((c.data.state === 'draft' || c.data.state === 'returned') && c.data.actions.includes('submit')) {
    return <RequestPage key={`${c.data.id}-${c.data.state}`} existing={c.data} onChanged={() => void c.reload()} />;
  }
  return <Case c={c.data} problem={<ProblemNotice problem={c.problem} retry={() => void c.reload()} />} reload={() => void c.reload()} set={c.set} />;
}

function Head(p: { c: Consultation; reload: () => void; set: (c: Consultation) => void }): JSX.Element {
  const { c } = p;
  return (
    <div class="case-head">
      <div class="page-head">
        <h1>{t('case.title', { number: c.number })}</h1>
        <UrgencyBadge urgency={c.urgency} />
        {c.kind !== 'live' && <span class={`badge kind k-${c.kind}`}>{join([tCode('kind', c.kind), c.kind === 'read' && tCode('modality', c.request.modality)])}</span>}
        <span role="status"><StateBadge state={c.state} /></span>
        <span class="hint">{specialtyName(c.specialty)} · {t('case.since', { time: dateTime(c.state_since_ms) })}</span>
        {((DATED.includes(c.state) && c.deadline_ms && c.my_role !== 'requester') || c.state === 'scheduled') && <Deadline c={c} />}
      </div>
      <ActionBar c={c} reload={p.reload} set={p.set} />
    </div>
  );
}

/* What has just happened, or must be known first. */
function Notices(p: { c: Consultation }): JSX.Element {
  const { c } = p;
  const requester = c.my_role === 'requester';
  return (
    <>
      {requester && c.consultant && (c.state === 'accepted' || c.state === 'reporting') && <Notice kind="good">{t('wait.accepted', { who: personLine(c.consultant) })}</Notice>}
      {c.state === 'scheduled' && c.scheduled_from_ms && <Notice kind="info">{t('app.pair', { name: t('case.appointment'), value: `${minute(c.scheduled_from_ms)}${c.scheduled_until_ms ? ` – ${clock(c.scheduled_until_ms)}` : ''}` })}</Notice>}
      {(c.reason_code || c.reason_text) && WITH_REASON.includes(c.state) && <Notice kind="warn">{t('case.reason', { text: join([tCode('reason', c.reason_code), c.reason_text]) })}</Notice>}
      {c.my_role !== 'requester' && WAITS.includes(c.state) && c.my_role !== 'candidate' && waitsFor(c) && <Notice kind={c.ring?.stage === 'alarm' ? 'warn' : 'info'}>{waitsFor(c)}</Notice>}
      {c.unattended && <Notice kind="warn">{t(`case.unattended-${c.unattended}`)} {t(`case.unattended-${wayOn(c) ?? 'take-over'}`)}</Notice>}
      {c.consent_deferred && !c.consents.some((x) => x.scope === 'consultation' && x.party === 'patient') && <Notice kind="warn" live={false}>{t('case.deferred', { text: c.consent_deferred })}</Notice>}
      {c.based_on && <Notice kind="info" live={false} action={<a class="button small" href={`#/c/${c.based_on}`}>{t('queue.open')}</a>}>{t('case.based-on')}</Notice>}
    </>
  );
}

function FollowUpCard(p: { c: Consultation }): JSX.Element | null {
  const due = p.c.follow_up;
  return due ? (
    <section class="card" aria-labelledby="follow-title">
      <h2 id="follow-title">{t('follow.title')}</h2>
      <p><strong>{t('follow.at', { date: fullTime(due.due_ms).slice(0, 10) })}</strong> ({followUpWords(due.due_ms)})</p>
      <p class="pre">{due.text}</p>
    </section>
  ) : null;
}

function RequestCard(p: { c: Consultation }): JSX.Element {
  return (
    <section class="card" aria-labelledby="req-title">
      <h2 id="req-title">{t('case.request')}</h2>
      <PatientSheet c={p.c} />
      <RequestSheet c={p.c} />
    </section>
  );
}

function Course(p: { c: Consultation; reload: () => void }): JSX.Element {
  const { c } = p;
  return (
    <div class="course">
      <section class="card" aria-labelledby="parties-title">
        <h2 id="parties-title">{t('case.parties')}</h2>
        <PartiesSheet c={c} />
        {c.verifier && <dl class="sheet tight"><div><dt>{t('case.verifier')}</dt><dd>{personLine(c.verifier)}</dd></div></dl>}
        <h3>{t('case.consents')}</h3>
        <ConsentsSheet c={c} />
        <ObserversButton c={c} reload={p.reload} />
      </section>
      {(c.recordings?.length ?? 0) > 0 && <section class="card"><h2>{t('rec.title')}</h2><RecordingsSheet recordings={c.recordings ?? []} /></section>}
      {(c.history?.length ?? 0) > 0 && <section class="card"><h2>{t('case.history')}</h2><HistorySheet c={c} />{c.manifest_sha256 && <p class="mono break hint">{t('case.manifest')} {c.manifest_sha256}</p>}</section>}
    </div>
  );
}

function Case(p: { c: Consultation; problem: JSX.Element; reload: () => void; set: (c: Consultation) => void }): JSX.Element {
  const { c } = p;
  useStore(specialties);
  useTitle(t('case.title', { number: c.number }));
  // what the specialist has marked comes first
  const marked = c.opinion?.status === 'signed' || c.state === 'opinion-draft' ? c.opinion?.body.key_images?.[0] : undefined;
  const [view, setView] = useState<View>({ attachment: marked?.attachment ?? c.attachments[0]?.id, frame: marked?.frame ?? 0 });
  useEffect(() => {
    if (!view.attachment && c.attachments[0]) {
      setView({ attachment: c.attachments[0].id, frame: 0 });
    }
  }, [c.attachments.length]);
  const requester = c.my_role === 'requester';
  const waiting = requester && WAITS.includes(c.state);
  const fills = requester && c.urgency === 'stat' && (waiting || ['accepted', 'scheduled', 'ready', 'in-session', 'interrupted', 'reporting', 'awaiting-opinion'].includes(c.state));
  const reading = c.kind === 'read' && c.attachments.length > 0 && (writes(c) || c.my_role === 'verifier');
  const words = (
    <div>
      {reading && <ReadingBar c={c} />}
      {waiting && <Waiting c={c} />}
      {fills && <FillIn c={c} onSaved={p.reload} />}
      {c.actions.includes('review') && <ReviewForm c={c} onDone={p.reload} />}
      <OpinionCard c={c} view={view} reload={p.reload} />
      {c.actions.includes('acknowledge') && <DecisionForm c={c} onDone={p.reload} />}
      {c.decision && <section class="card"><h2>{t('dec.title')}</h2><DecisionText d={c.decision} /></section>}
      <FollowUpCard c={c} />
      <MdtPanel c={c} reload={p.reload} />
      <RequestCard c={c} />
      <EarlierCard c={c} />
      <ReferralOfCase c={c} />
      <Course c={c} reload={p.reload} />
    </div>
  );
  const images = (c.attachments.length > 0 || waiting) && (
    <section class="card case-images" aria-labelledby="img-title">
      <h2 id="img-title">{t('case.images')}</h2>
      {c.attachments.length > 0 && <Viewer attachments={c.attachments} view={view} onView={setView} />}
      {waiting && <UploadArea consultation={() => Promise.resolve(c.id)} onDone={p.reload} compact={c.attachments.length > 0} />}
    </section>
  );
  return (
    <main id="main" class={reading ? 'page case reading' : 'page case'}>
      <Head c={c} reload={p.reload} set={p.set} />
      {p.problem}
      <CriticalBanner c={c} onDone={p.reload} />
      <Notices c={c} />
      <div class={c.attachments.length > 0 ? 'case-columns' : 'case-columns no-images'}>
        {words}
        {images}
      </div>
    </main>
  );
}
