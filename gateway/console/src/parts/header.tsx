import type { JSX } from 'preact';
import { t, tCode, nameOf, useLanguage } from '../lib/i18n';
import { useRoute } from '../lib/router';
import { chooseLanguage, signOut } from '../lib/session';
import { signal } from '../lib/signal';
import { useStore } from '../lib/store';
import type { Language, Role, Session } from '../lib/types';
import { Select } from './basic';
import { DutyControl } from './duty';
import { StatButton } from './stat';

export function LanguageSelect(): JSX.Element {
  const language = useLanguage();
  return <Select label={t('app.language')} hideLabel value={language} onChange={(v) => chooseLanguage(v as Language)}
    options={[{ value: 'zh-CN', label: '中文' }, { value: 'en', label: 'English' }]} />;
}

function LinkLight(): JSX.Element {
  const link = useStore(signal.link);
  const key = link === 'online' ? 'link.online' : link === 'connecting' ? 'link.connecting' : 'link.offline';
  return (
    <div class={`link-light ${link}`} role="status" aria-label={t('link.label')}>
      <span class="dot" aria-hidden="true" /><span class="link-state">{t(key)}</span>
    </div>
  );
}

export function navItems(session: Session): { path: string; label: string }[] {
  const roles = session.account.roles;
  const clinical = roles.some((r) => r === 'clinician' || r === 'specialist' || r === 'coordinator');
  const has = (role: Role): boolean => roles.includes(role);
  return [
    roles.includes('clinician') && { path: '/worklist', label: t('nav.worklist') },
    roles.includes('specialist') && { path: '/queue', label: t('nav.queue') },
    has('coordinator') && { path: '/coordination', label: t('nav.coordination') },
    has('approver') && { path: '/approval', label: t('nav.approval') },
    has('reviewer') && { path: '/review', label: t('nav.review') },
    has('manager') && { path: '/partnerships', label: t('nav.partnerships') }, // the first one is where they begin
    roles.some((r) => r === 'specialist' || r === 'coordinator' || r === 'manager') && { path: '/roster', label: t('nav.roster') },
    (clinical || roles.includes('referrals')) && { path: '/referrals', label: t('nav.referrals') },
    clinical && { path: '/history', label: t('nav.history') },
    roles.some((r) => r === 'clinician' || r === 'specialist') && { path: '/check', label: t('nav.check') },
    roles.some((r) => r === 'operator' || r === 'admin') && { path: '/ops', label: t('nav.ops') },
    has('admin') && !has('manager') && { path: '/partnerships', label: t('nav.partnerships') },
  ].filter((x): x is { path: string; label: string } => Boolean(x));
}

/* Pages without an entry of their own stand under another one. */
const WITHIN: Record<string, string> = { new: 'worklist', places: 'referrals', r: 'referrals' };

export function Header(p: { session: Session }): JSX.Element {
  const route = useRoute();
  const { account, practitioner, organisation } = p.session;
  const items = navItems(p.session);
  const place = route[0] ? WITHIN[route[0]] ?? route[0] : undefined;
  const here = place ? `/${place}` : items[0]?.path;
  return (
    <header class={items.length > 4 ? 'top crowded' : 'top'}>
      <a class="brand" href="#/" aria-label={t('app.title')}><img src="/icon.svg" alt="" width="24" height="24" /><span>{t('app.title')}</span></a>
      <nav aria-label={t('nav.label')}>
        {items.map((i) => <a key={i.path} href={`#${i.path}`} aria-current={here === i.path ? 'page' : undefined}>{i.label}</a>)}
      </nav>
      {account.roles.includes('clinician') && <StatButton />}
      <div class="top-right">
        {account.roles.includes('specialist') && <DutyControl session={p.session} />}
        <LinkLight />
        <div class="who" title={`${nameOf(practitioner)} · ${tCode('title', practitioner.title)} · ${nameOf(organisation)}`}>
          <strong>{nameOf(practitioner)}</strong>
          <span>{tCode('title', practitioner.title)} · {nameOf(organisation)}</span>
        </div>
        <LanguageSelect />
        <button type="button" class="small ghost" onClick={() => void signOut().catch(() => undefined)}>{t('head.sign-out')}</button>
      </div>
    </header>
  );
}
