/* The partnerships of the own institution; those that it leads are managed here. */
import type { JSX } from 'preact';
import { nameOf, t, tCode } from '../lib/i18n';
import type { PartnershipShort } from '../lib/partnership';
import { useResource } from '../lib/resource';
import type { Session } from '../lib/types';
import { Loading, ProblemNotice } from '../parts/basic';

function Row(p: { partnership: PartnershipShort; mine: boolean }): JSX.Element {
  const { partnership: x } = p;
  const name = nameOf(x);
  return (
    <tr>
      <td><strong>{name}</strong>{!x.active && <span class="badge u-urgent">{t('pship.ended')}</span>}</td>
      <td data-label={t('pship.col-mode')}>{tCode('mode', x.mode)} · {tCode('type', x.type)}</td>
      <td data-label={t('pship.col-lead')}>{x.lead ? nameOf(x.lead) : '–'}</td>
      <td data-label={t('pship.col-members')}>{x.members.length}</td>
      <td data-label={t('pship.col-agreement')}>{x.agreement
        ? <>{t('pship.version', { n: x.agreement.version })}, {x.agreement.in_force ? t('pship.until', { date: x.agreement.valid_until }) : <span class="badge u-urgent">{t('pship.not-in-force')}</span>}</>
        : <span class="badge u-urgent">{t('pship.not-in-force')}</span>}</td>
      <td data-label={t('pship.col-manage')}>{p.mine ? <a href={`#/partnerships/${x.id}`} aria-label={t('pship.open', { name })}>{t('pship.col-manage')}</a> : <span class="hint">{t('pship.only-lead')}</span>}</td>
    </tr>
  );
}

export function PartnershipsPage(p: { session: Session }): JSX.Element {
  const list = useResource<{ partnerships: PartnershipShort[] }>('/partnerships');
  const { roles } = p.session.account;
  const mine = (x: PartnershipShort): boolean => roles.includes('admin') || (roles.includes('manager') && x.lead?.id === p.session.organisation.id);
  const rows = [...(list.data?.partnerships ?? [])].sort((a, b) => Number(mine(b)) - Number(mine(a)) || (a.code < b.code ? -1 : 1));
  return (
    <main id="main" class="page">
      <div class="page-head"><h1>{t('pship.title')}</h1></div>
      <ProblemNotice problem={list.problem} retry={() => void list.reload()} />
      {!list.data && !list.problem && <Loading />}
      {list.data && rows.length === 0 && <p class="empty">{t('pship.empty')}</p>}
      {rows.length > 0 && (
        <div class="wide-table card"><table class="list">
          <caption class="sr-only">{t('pship.title')}</caption>
          <thead>
            <tr>{(['name', 'mode', 'lead', 'members', 'agreement', 'manage'] as const).map((c) => <th scope="col" key={c}>{t(`pship.col-${c}`)}</th>)}</tr>
          </thead>
          <tbody>{rows.map((x) => <Row key={x.id} partnership={x} mine={mine(x)} />)}</tbody>
        </table></div>
      )}
    </main>
  );
}
