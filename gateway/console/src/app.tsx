/* The shell: who is signed in, where the address leads, the ring over everything. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { get } from './lib/api';
import { t, useLanguage } from './lib/i18n';
import { go, pageTitle, useRoute } from './lib/router';
import { resume, sessionState } from './lib/session';
import { IN_ROOM } from './lib/steps';
import { useStore } from './lib/store';
import type { Session, Summary } from './lib/types';
import { Loading, Notice } from './parts/basic';
import { Header, navItems } from './parts/header';
import { DutyDialog } from './parts/duty';
import { DutyNotices } from './parts/duty-notices';
import { Alarms } from './parts/alarm';
import { Ring } from './parts/ring';
import { StatCall } from './parts/stat';
import { CasePage } from './pages/case';
import { CheckPage } from './pages/check';
import { HistoryPage } from './pages/history';
import { OpsPage } from './pages/ops';
import { PartnershipPage } from './pages/partnership';
import { StatementPage } from './pages/partnership-statement';
import { PartnershipsPage } from './pages/partnerships';
import { ReferralPage } from './pages/referral';
import { PlacesPage } from './pages/referral-places';
import { ReferralsPage } from './pages/referrals';
import { RequestAgain, RequestPage } from './pages/request';
import { RosterPage } from './pages/roster';
import { VerifyPage } from './pages/verify';
import { SignIn } from './pages/signin';
import { WorklistPage } from './pages/worklist';
import { RoomPage } from './room/page';
import { hungUp } from './room/hungup';

function Page(p: { session: Session }): JSX.Element {
  const [place, id, sub] = useRoute();
  const first = navItems(p.session)[0]?.path ?? '/history';
  switch (place ?? first.slice(1)) {
    case 'worklist':
      return <WorklistPage key="clinician" role="clinician" session={p.session} />;
    case 'queue':
      return <WorklistPage key="specialist" role="specialist" session={p.session} />;
    case 'roster':
      return <RosterPage session={p.session} />;
    case 'coordination':
      return <WorklistPage key="coordinator" role="coordinator" session={p.session} />;
    case 'approval':
      return <WorklistPage key="approver" role="approver" session={p.session} />;
    case 'review':
      return <WorklistPage key="reviewer" role="reviewer" session={p.session} />;
    case 'new':
      return id ? <RequestAgain key={id} id={id} /> : <RequestPage key="new" />;
    case 'history':
      return <HistoryPage me={p.session.account.id} />;
    case 'referrals':
      return <ReferralsPage session={p.session} />;
    case 'places':
      return <PlacesPage />;
    case 'r':
      if (id) {
        return <ReferralPage key={id} id={id} />;
      }
      break;
    case 'check':
      return <CheckPage />;
    case 'ops':
      return <OpsPage />;
    case 'partnerships':
      if (id && sub === 'activity') {
        return <StatementPage key={id} id={id} />;
      }
      return id ? <PartnershipPage key={id} id={id} /> : <PartnershipsPage session={p.session} />;
    case 'c':
      if (id && sub === 'room') {
        return <RoomPage key={id} id={id} me={p.session.account.id} />;
      }
      if (id) {
        return <CasePage key={id} id={id} />;
      }
      break;
  }
  return <main id="main" class="page"><p class="empty">{t('app.not-found')} <a href="#/">{t('app.back')}</a></p></main>;
}

/* Signed in without a place to return to while a session is running: straight back into its room. */
async function backToRoom(session: Session): Promise<void> {
  const roles = session.account.roles;
  const lists = [roles.includes('clinician') && 'mine', roles.includes('specialist') && 'assigned'].filter(Boolean);
  for (const list of lists) {
    const answer = await get<{ consultations: Summary[] }>(`/consultations?list=${list as string}&limit=50`);
    const running = answer.consultations.find((c) => IN_ROOM.includes(c.state) && !hungUp(c.id));
    if (running && (location.hash === '' || location.hash === '#/')) {
      go(`/c/${running.id}/room`);
      return;
    }
  }
}

export function App(): JSX.Element {
  const state = useStore(sessionState);
  const words = useLanguage();
  const named = useStore(pageTitle);
  const route = useRoute();
  const page = route[0] === 'c' || route[0] === 'new' || route[0] === 'partnerships' ? route.join('/') : route[0] ?? ''; // tabs of a worklist are one page
  const account = state.phase === 'in' ? state.session.account.id : '';
  useEffect(() => {
    if (state.phase === 'in' && (location.hash === '' || location.hash === '#/')) {
      void backToRoom(state.session).catch(() => undefined);
    }
  }, [account]);
  useEffect(() => {
    const item = state.phase === 'in' ? navItems(state.session).find((x, i) => (route[0] ? x.path === `/${route[0]}` : i === 0)) : undefined;
    const title = named || item?.label;
    document.title = title ? `${title} · ${t('app.title')}` : t('app.title');
  }, [page, state.phase, words, named]);
  useEffect(() => {
    window.scrollTo(0, 0);
    // the link that was followed is gone: the keyboard goes on in the new page, not at the top of the document
    const timer = setTimeout(() => {
      const main = document.getElementById('main');
      if (main && state.phase === 'in' && document.activeElement === document.body) {
        main.tabIndex = -1;
        main.focus({ preventScroll: true });
      }
    });
    return () => clearTimeout(timer);
  }, [page, state.phase]);

  useEffect(() => {
    if (state.phase !== 'unreachable') {
      return undefined;
    }
    const timer = setInterval(() => void resume(), 3000);
    return () => clearInterval(timer);
  }, [state.phase]);

  if (route[0] === 'verify') { // for whoever holds a report, signed in or not
    return <VerifyPage code={route[1] ?? ''} />;
  }
  if (state.phase === 'loading') {
    return <Loading />;
  }
  if (state.phase === 'unreachable') {
    return (
      <main class="signin" id="main">
        <Notice kind="error" action={<button type="button" onClick={() => void resume()}>{t('app.retry')}</button>}>{t('err.network')}</Notice>
      </main>
    );
  }
  if (state.phase === 'out') {
    return <SignIn why={state.why} />;
  }
  const specialist = state.session.account.roles.includes('specialist');
  return (
    <>
      <a class="skip" href="#main" onClick={(e) => {
        e.preventDefault();
        document.querySelector<HTMLElement>('main a, main button, main input')?.focus();
      }}>{t('app.skip')}</a>
      <Header session={state.session} />
      <Ring session={state.session} />
      {specialist && <DutyDialog session={state.session} />}
      {specialist && !(route[0] === 'c' && route[2] === 'room') && <DutyNotices />}
      <Alarms session={state.session} />
      {state.session.account.roles.includes('clinician') && <StatCall session={state.session} />}
      <Page session={state.session} />
    </>
  );
}
