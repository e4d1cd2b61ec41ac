/* What narrows a worklist: words, urgency, kind, state, specialty. Only values that occur are offered. */
import type { JSX } from 'preact';
import { t, tCode } from '../lib/i18n';
import { specialtyName } from '../lib/steps';
import type { Summary } from '../lib/types';
import { NO_FILTER, filtering, occurring, type Filter } from '../lib/worklists';
import { Select, useId } from './basic';

const MEMBERS = ['urgency', 'kind', 'state', 'specialty'] as const;

export function Filters(p: { rows: Summary[]; filter: Filter; onChange: (f: Filter) => void; shown: number; onDown: () => void }): JSX.Element {
  const id = useId();
  const { filter } = p;
  const name = (member: (typeof MEMBERS)[number], value: string): string => (member === 'specialty' ? specialtyName(value) : tCode(member, value));
  const label = { urgency: t('urgency.label'), kind: t('kind.label'), state: t('list.col-state'), specialty: t('list.col-specialty') };
  return (
    <div class="filters" role="search" aria-label={t('filter.label')}>
      <div class="field bare filter-text">
        <label class="sr-only" for={id}>{t('filter.text')}</label>
        <input id={id} type="search" class="filter-search" value={filter.text} placeholder={t('filter.text')} maxLength={64} autoComplete="off" spellcheck={false}
          onInput={(e) => p.onChange({ ...filter, text: (e.target as HTMLInputElement).value })}
          onKeyDown={(e) => {
            if (e.key === 'ArrowDown') {
              e.preventDefault();
              p.onDown();
            }
          }} />
      </div>
      {MEMBERS.map((member) => {
        const values = occurring(p.rows, member);
        if (filter[member] && !values.includes(filter[member])) {
          values.push(filter[member]);
        }
        return values.length < 2 && !filter[member] ? null : (
          <Select key={member} label={label[member]} hideLabel value={filter[member]} onChange={(v) => p.onChange({ ...filter, [member]: v })}
            options={[{ value: '', label: t('filter.all', { what: label[member] }) }, ...values.map((v) => ({ value: v, label: name(member, v) }))]} />
        );
      })}
      {filtering(filter) && <button type="button" class="small ghost" onClick={() => p.onChange(NO_FILTER)}>{t('filter.clear')}</button>}
      <span class="hint" role="status">{filtering(filter) ? t('filter.shown', { n: p.shown, total: p.rows.length }) : ''}</span>
    </div>
  );
}
