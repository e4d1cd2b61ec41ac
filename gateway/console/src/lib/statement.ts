/* The activity statement of a partnership as the gateway sends it, what is added up from it, and its form as a file. */
import type { Cell } from './csv';
import { nameOf, t, tCode } from './i18n';
import { switchWord } from './partnership';
import type { Organisation, PartnershipRef, Urgency } from './types';

export interface Counts {
  signed: number;
  in_error: number;
  accepted: number;
  accepted_in_time: number;
  returned: number;
  declined: number;
  expired: number;
  acceptance_median_ms: number | null;
  opinion_median_ms: number | null;
}
export interface StatementRow extends Counts {
  agreement_version: number;
  requester: Organisation;
  consultant: Organisation | null;
  kind: string;
  urgency: Urgency;
}
export interface ReferralRow {
  agreement_version: number;
  from: Organisation;
  to: Organisation;
  direction: 'up' | 'down';
  sent: number;
  arrived: number;
  returned: number;
  refused: number;
}
export interface Statement {
  partnership: PartnershipRef;
  from: string;
  to: string;
  money: string;
  money_changes: { at_ms: number; money: string | null }[];
  total: Counts & { submitted: number; kept: number; referred_up: number; referred_down: number };
  rows: StatementRow[];
  referrals: ReferralRow[];
}
export interface Settled {
  agreement_version: number;
  requester: Organisation;
  consultant: Organisation | null;
  kind: string;
  signed: number;
}

function byNames(a: { agreement_version: number }, b: { agreement_version: number }, names: (string | undefined)[][]): number {
  return a.agreement_version - b.agreement_version || names.map(([x, y]) => (x ?? '').localeCompare(y ?? '')).find((order) => order !== 0) || 0;
}

/* As people read it: by version, then by names. */
export function sorted(rows: StatementRow[]): StatementRow[] {
  return [...rows].sort((a, b) => byNames(a, b, [[nameOf(a.requester), nameOf(b.requester)], [nameOf(a.consultant), nameOf(b.consultant)], [a.kind, b.kind], [a.urgency, b.urgency]]));
}

/* What members settle by: signed services for each version, pair and kind. */
export function settlement(rows: StatementRow[]): Settled[] {
  const found = new Map<string, Settled>();
  for (const r of sorted(rows)) {
    if (r.signed > 0) {
      const key = [r.agreement_version, r.requester.id, r.consultant?.id, r.kind].join(' ');
      const before = found.get(key);
      found.set(key, { agreement_version: r.agreement_version, requester: r.requester, consultant: r.consultant, kind: r.kind, signed: (before?.signed ?? 0) + r.signed });
    }
  }
  return [...found.values()];
}

export function share(part: number, whole: number): string {
  return whole === 0 ? '–' : `${Math.round((part / whole) * 1000) / 10}%`;
}

/* 3.8 : 1, as the authorities write it. */
export function ratio(up: number, down: number): string {
  return down === 0 ? `${up} : 0` : `${Math.round((up / down) * 10) / 10} : 1`;
}

export function moneySentence(s: Statement): string {
  return t(s.money === 'pooled' ? 'act.pooled' : 'act.per-service');
}

export function changeWords(change: { money: string | null }): string {
  return change.money === null ? t('act.as-type') : switchWord(change.money);
}

const minutes = (ms: number | null): Cell => (ms === null ? null : Math.round(ms / 6000) / 10);

/* The whole statement: figures as figures, words in the language of the page. */
export function cells(s: Statement): Cell[][] {
  const services: Cell[][] = sorted(s.rows).map((r) => [
    r.agreement_version, nameOf(r.requester), r.consultant ? nameOf(r.consultant) : t('act.nobody'), tCode('pship.kind', r.kind), tCode('urgency', r.urgency), r.signed, r.in_error, r.accepted,
    r.accepted_in_time, r.returned, r.declined, r.expired, minutes(r.acceptance_median_ms), minutes(r.opinion_median_ms)]);
  const referrals: Cell[][] = s.referrals.map((r) => [r.agreement_version, nameOf(r.from), nameOf(r.to), tCode('act.direction', r.direction), r.sent, r.arrived, r.returned, r.refused]);
  return [
    [t('act.title'), nameOf(s.partnership)],
    [t('act.period'), s.from, s.to],
    [t('act.money'), switchWord(s.money), moneySentence(s)],
    [],
    [t('act.col-version'), t('act.col-from'), t('act.col-to'), t('act.col-kind'), t('act.col-urgency'), t('act.col-signed'), t('act.col-error'), t('act.col-accepted'), t('act.col-in-time'),
      t('act.col-returned'), t('act.col-declined'), t('act.col-expired'), t('act.col-to-acceptance-min'), t('act.col-to-opinion-min')],
    ...services,
    [],
    [t('act.col-version'), t('act.col-sender'), t('act.col-receiver'), t('act.col-direction'), t('act.col-sent'), t('act.col-arrived'), t('act.col-answered'), t('act.col-refused')],
    ...referrals,
  ];
}
