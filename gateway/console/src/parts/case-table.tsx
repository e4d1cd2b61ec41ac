/* Consultations in rows: number, how urgent, who, what, where it stands, what is next, how long there is. The link in the first cell
 * takes the focus; arrow keys go from row to row, Enter opens. */
import type { JSX } from 'preact';
import { dateTime } from '../lib/format';
import { nameOf, t, tCode } from '../lib/i18n';
import { go } from '../lib/router';
import { specialties } from '../lib/session';
import { IN_ROOM, complaintOf, criticalWaits, nextStep, patientLine, specialtyName } from '../lib/steps';
import { useStore } from '../lib/store';
import type { Summary } from '../lib/types';
import { otherParty, type Tab } from '../lib/worklists';
import { Notice, StateBadge, UrgencyBadge } from './basic';
import { Deadline } from './deadline';

export function rowLinks(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('table.list tbody .c-num a')];
}

/* From the row that has the focus, or to the first one. */
export function moveRow(by: number): void {
  const links = rowLinks();
  const at = links.findIndex((a) => a.closest('tr')?.contains(document.activeElement));
  const next = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.max(0, Math.min(links.length - 1, at + by));
  links[next]?.focus();
  links[next]?.closest('tr')?.scrollIntoView({ block: 'nearest' });
}

export function CaseTable(p: { rows: Summary[]; caption: string; other: Tab['other']; hideCaption?: boolean; over?: boolean }): JSX.Element {
  useStore(specialties);
  return (
    <table class="list cases">
      <caption class={p.hideCaption ? 'sr-only' : undefined}>{p.caption}<span class="count">{p.rows.length}</span></caption>
      <thead>
        <tr>
          <th scope="col" class="c-num">{t('list.col-number')}</th>
          <th scope="col" class="c-urg">{t('urgency.label')}</th>
          <th scope="col" class="c-pat">{t('list.col-patient')}</th>
          <th scope="col">{t('list.col-complaint')}</th>
          <th scope="col" class="c-spec">{t('list.col-specialty')}</th>
          <th scope="col" class="c-who">{p.other === 'consultant' ? t('list.col-to') : t('list.col-from')}</th>
          <th scope="col" class="c-state">{t('list.col-state')}</th>
          <th scope="col" class="c-next">{t('list.col-next')}</th>
          <th scope="col" class="c-time">{p.over ? t('list.col-since') : t('list.col-deadline')}</th>
        </tr>
      </thead>
      <tbody>
        {p.rows.map((c) => <CaseRow key={c.id} c={c} other={p.other} over={p.over} />)}
      </tbody>
    </table>
  );
}

function CaseRow(p: { c: Summary; other: Tab['other']; over?: boolean }): JSX.Element {
  const { c } = p;
  const person = otherParty(c, p.other);
  const key = (e: KeyboardEvent): void => {
    const by = e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : 0;
    if (by) {
      e.preventDefault();
      moveRow(by);
    }
  };
  return (
    <tr class={criticalWaits(c) ? 'row critical' : `row u-${c.urgency}`} onClick={() => go(`/c/${c.id}`)} onKeyDown={key}>
      <td class="c-num"><a href={`#/c/${c.id}`} aria-label={t('list.open', { number: c.number })} onClick={(e) => e.stopPropagation()}>{c.number}</a></td>
      <td class="c-urg"><UrgencyBadge urgency={c.urgency} /></td>
      <td class="c-pat">{patientLine(c)}</td>
      <td class="c-text"><div class="two-lines" title={complaintOf(c)}>{complaintOf(c)}</div></td>
      <td class="c-spec">{specialtyName(c.specialty)}{c.kind !== 'live' && <span class={`kind k-${c.kind}`}>{tCode('kind', c.kind)}</span>}</td>
      <td class={person ? 'c-who' : 'c-who vacant'}>{person ? <>{nameOf(person)} <span class="hint">{nameOf(person.organisation)}</span></> : '—'}</td>
      <td class="c-state"><StateBadge state={c.state} /></td>
      <td class="c-next">{nextStep(c)}</td>
      <td class="c-time">{p.over || !(c.deadline_ms || c.scheduled_from_ms) ? dateTime(c.state_since_ms) : <Deadline c={c} />}</td>
    </tr>
  );
}

export function RunningBanner(p: { rows: Summary[] }): JSX.Element | null {
  const running = p.rows.find((c) => IN_ROOM.includes(c.state) && (c.my_role === 'requester' || c.my_role === 'consultant'));
  return running ? (
    <Notice kind="good" action={<button type="button" class="primary" onClick={() => go(`/c/${running.id}/room`)}>{t('list.back-in')}</button>}>
      {t('list.running', { number: running.number })} {patientLine(running)}
    </Notice>
  ) : null;
}
