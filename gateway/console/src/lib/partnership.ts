/* Partnerships as their manager works on them: what the gateway sends, and the one way to change it. */
import { call } from './api';
import type { Key } from './dict';
import { nameOf, pick, t } from './i18n';
import type { Named, Organisation, PartnershipRef, Urgency } from './types';

export const SWITCHES = [
  { name: 'record_scope', words: ['continuous', 'released'] },
  { name: 'money', words: ['pooled', 'per-service'] },
  { name: 'governance', words: ['lead', 'each-hop'] },
] as const;
export type SwitchName = (typeof SWITCHES)[number]['name'];
export const KINDS = ['live', 'read', 'mdt', 'teaching'] as const;
export const ACTS = ['consult', 'see', 'refer-up', 'refer-down', 'teach', 'report'] as const;
export const CLAUSE_ACTS = ['consult', 'see', 'refer', 'teach', 'report'] as const;
export type Act = (typeof ACTS)[number];

export interface MemberRow extends Organisation {
  code: string;
  role: string;
  since: string;
  until: string | null;
  current: boolean;
}
export interface Clause {
  number: string;
  member: string | null;
  act: string | null;
  kinds?: string[];
  text_zh: string;
  text_en?: string;
}
export interface Terms {
  approval?: boolean;
  triage?: boolean;
  escalation?: boolean;
  second_reader?: string[];
  session_minutes?: number;
  reschedules_max?: number;
  no_show_minutes?: number;
  critical_minutes?: number;
  review_percent?: number;
  timers?: Record<string, Record<string, number>>;
}
export interface Agreement {
  id: string;
  version: number;
  signed_on: string;
  valid_from: string;
  valid_until: string;
  services: string[];
  document_sha256: string | null;
  terms: Terms;
  clauses: Clause[];
  in_force: boolean;
}
export interface Partnership extends Named {
  id: string;
  version: number;
  code: string;
  mode: string;
  type: string;
  active: boolean;
  record_scope: string;
  money: string;
  governance: string;
  overridden: string[];
  members: MemberRow[];
  specialties: string[];
  regions: string[];
  agreements: Agreement[];
}
/* As in the list. */
export interface PartnershipShort extends Named {
  id: string;
  code: string;
  mode: string;
  type: string;
  active: boolean;
  lead: Organisation | null;
  members: (Organisation & { role: string; since: string; until: string | null })[];
  agreement: { version: number; valid_from: string; valid_until: string; services: string[]; in_force: boolean } | null;
}
export interface WhatIfRow {
  organisation: Organisation;
  allowed: boolean;
  code: string;
  zh: string;
  en: string;
  route: { partnership: PartnershipRef; agreement_version: number | null; clause: { number: string; text_zh: string; text_en: string } | null } | null;
  on_duty: number | null;
}
export interface WhatIf {
  requester: Organisation;
  act: Act;
  kind: string;
  urgency: Urgency;
  date: string;
  specialty: string | null;
  allowed: boolean;
  code: string;
  zh: string;
  en: string;
  rows: WhatIfRow[];
  more: boolean;
  licences: { organisation: string; with: number; without: number } | null;
}
export type FoundOrganisation = Organisation & { code: string };

/* The defaults of gateway/partnership/terms.h, for what an agreement does not say. */
export const TERM_NUMBERS: { name: 'session_minutes' | 'reschedules_max' | 'no_show_minutes' | 'critical_minutes' | 'review_percent'; usual: number }[] = [
  { name: 'session_minutes', usual: 30 }, { name: 'reschedules_max', usual: 3 }, { name: 'no_show_minutes', usual: 15 },
  { name: 'critical_minutes', usual: 15 }, { name: 'review_percent', usual: 5 },
];
export const TERM_SWITCHES: { name: 'approval' | 'triage' | 'escalation'; usual: boolean }[] = [
  { name: 'approval', usual: false }, { name: 'triage', usual: false }, { name: 'escalation', usual: true },
];

/* Waits that an agreement may set: seconds of consult_fsm.def (routine, urgent, stat; 0: never) and referral_fsm.def (routine, urgent). */
export const WAITS: { name: string; usual: number[] }[] = [
  { name: 'approval-remind', usual: [14400, 600, 60] },
  { name: 'approval-deadline', usual: [259200, 86400, 0] },
  { name: 'triage-remind', usual: [14400, 600, 60] },
  { name: 'triage-deadline', usual: [86400, 1800, 120] },
  { name: 'ring', usual: [600, 120, 30] },
  { name: 'offer-deadline', usual: [86400, 900, 300] },
  { name: 'returned-remind', usual: [86400, 86400, 86400] },
  { name: 'returned-close', usual: [259200, 259200, 259200] },
  { name: 'accepted-remind', usual: [600, 600, 600] },
  { name: 'accepted-deadline', usual: [86400, 86400, 86400] },
  { name: 'ready-call', usual: [600, 600, 120] },
  { name: 'interrupted-hold', usual: [600, 600, 600] },
  { name: 'report-overdue', usual: [86400, 1800, 1800] },
  { name: 'opinion-remind', usual: [1800, 1800, 1800] },
  { name: 'opinion-overdue', usual: [86400, 86400, 86400] },
  { name: 'draft-overdue', usual: [86400, 3600, 3600] },
  { name: 'acknowledge-remind', usual: [86400, 86400, 86400] },
  { name: 'acknowledge-overdue', usual: [259200, 259200, 259200] },
  { name: 'close-remind', usual: [86400, 86400, 86400] },
  { name: 'archive-due', usual: [86400, 86400, 86400] },
  { name: 'accept-due', usual: [86400, 1800] },
  { name: 'arrival-due', usual: [259200, 259200] },
  { name: 'return-due', usual: [1209600, 1209600] },
  { name: 'acknowledge-return-due', usual: [259200, 259200] },
];
export const URGENCIES: Urgency[] = ['routine', 'urgent', 'stat'];

/* One change, made from the version that is on the screen; the answer is the whole as it is now. */
export function change(whole: Partnership, method: 'PATCH' | 'PUT' | 'POST', path: string, body: unknown): Promise<Partnership> {
  return call<Partnership>(method, `/partnerships/${whole.id}${path}`, { body, ifMatch: whole.version });
}

/* Today where agreements count: China Standard Time. */
export function chinaToday(nowMs: number): string {
  return new Date(nowMs + 8 * 3_600_000).toISOString().slice(0, 10);
}

export function rolesOf(mode: string): string[] {
  return mode === 'remote-network' ? ['hub', 'spoke'] : ['member'];
}

export function memberName(whole: Partnership, code: string | null): string {
  return code === null ? t('pship.all-members') : nameOf(whole.members.find((m) => m.code === code)) || code;
}

export function clauseText(clause: { text_zh: string; text_en?: string }): string {
  return pick(clause.text_zh, clause.text_en);
}

export function switchWord(word: string): string {
  return t(`pship.word.${word}` as Key);
}
