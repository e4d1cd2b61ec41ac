/* The worklists of each role: which lists of the gateway they read, which rows each tab takes, in which order, and what an empty one
 * says. One table; the page draws it. */
import { serverNow } from './api';
import { byDeadline, byUrgencyAndDeadline } from './deadline';
import { criticalWaits, complaintOf, patientLine, specialtyName } from './steps';
import type { Key } from './dict';
import type { Person, State, Summary } from './types';

export type WorkRole = 'clinician' | 'specialist' | 'coordinator' | 'approver' | 'reviewer';

export interface Tab {
  id: string;
  list: string; // of GET /consultations
  also?: string; // a second one, of which it takes what `takes` says
  label: Key;
  empty: Key; // what to do next when there is nothing
  takes?: (c: Summary) => boolean;
  order: (a: Summary, b: Summary) => number;
  other: 'requester' | 'consultant'; // whose name the row shows
  quiet?: boolean; // nothing that has to be done: its count is not stressed
}
export interface RolePlan {
  path: string;
  title: Key;
  tabs: Tab[];
}

const TODO: State[] = ['returned', 'accepted', 'scheduled', 'ready', 'in-session', 'interrupted', 'signed', 'acknowledged'];
const ANEW_MS = 3 * 86_400_000; // what came to nothing is offered for arranging anew for so long
const LATER: State[] = ['follow-up', 'referral-open'];
const RANK: Partial<Record<State, number>> = { 'in-session': 0, interrupted: 0, ready: 1, accepted: 2, scheduled: 3, returned: 4, signed: 5, acknowledged: 6 };

const newest = (a: Summary, b: Summary): number => b.state_since_ms - a.state_since_ms;
const ownFirst = (a: Summary, b: Summary): number =>
  Number(criticalWaits(b)) - Number(criticalWaits(a)) || (RANK[a.state] ?? 9) - (RANK[b.state] ?? 9) || byDeadline(a, b);

const anew = (c: Summary): boolean => Boolean(c.actions?.some((a) => a === 'renew' || a === 'reopen')) && c.my_role === 'requester' && serverNow() - c.state_since_ms < ANEW_MS;
const isTodo = (c: Summary): boolean => TODO.includes(c.state) || criticalWaits(c) || anew(c);
const isDraft = (c: Summary): boolean => c.state === 'draft';
const isLater = (c: Summary): boolean => LATER.includes(c.state);

export const PLANS: Record<WorkRole, RolePlan> = {
  clinician: {
    path: '/worklist', title: 'list.title',
    tabs: [
      { id: 'todo', list: 'mine', also: 'history', label: 'list.todo', empty: 'empty.todo', takes: isTodo, order: ownFirst, other: 'consultant' },
      { id: 'waiting', list: 'mine', label: 'list.waiting', empty: 'empty.waiting', takes: (c) => !isTodo(c) && !isDraft(c) && !isLater(c), order: byDeadline, other: 'consultant', quiet: true },
      { id: 'later', list: 'mine', label: 'tab.later', empty: 'empty.later', takes: isLater, order: byDeadline, other: 'consultant', quiet: true },
      { id: 'drafts', list: 'mine', label: 'tab.drafts', empty: 'empty.drafts', takes: isDraft, order: newest, other: 'consultant', quiet: true },
      { id: 'invited', list: 'invited', label: 'tab.invited', empty: 'empty.invited', order: newest, other: 'requester' },
      { id: 'observing', list: 'observing', label: 'tab.observing', empty: 'empty.observing', order: newest, other: 'consultant', quiet: true },
      { id: 'recent', list: 'history', label: 'list.recent', empty: 'empty.recent', order: newest, other: 'consultant', quiet: true },
    ],
  },
  specialist: {
    path: '/queue', title: 'nav.queue',
    tabs: [
      { id: 'offered', list: 'queue', label: 'queue.title', empty: 'queue.empty-on', order: byUrgencyAndDeadline, other: 'requester' },
      { id: 'own', list: 'assigned', label: 'queue.assigned', empty: 'empty.assigned', order: ownFirst, other: 'requester' },
      { id: 'verify', list: 'verify', label: 'tab.verify', empty: 'empty.verify', order: byUrgencyAndDeadline, other: 'consultant' },
      { id: 'member', list: 'member', label: 'tab.member', empty: 'empty.member', order: byUrgencyAndDeadline, other: 'consultant' },
      { id: 'invited', list: 'invited', label: 'tab.invited', empty: 'empty.invited', order: newest, other: 'requester' },
      { id: 'observing', list: 'observing', label: 'tab.observing', empty: 'empty.observing', order: newest, other: 'consultant', quiet: true },
    ],
  },
  coordinator: {
    path: '/coordination', title: 'nav.coordination',
    tabs: [
      { id: 'unanswered', list: 'unanswered', label: 'tab.unanswered', empty: 'empty.unanswered', order: byUrgencyAndDeadline, other: 'requester' },
      { id: 'unattended', list: 'unattended', label: 'tab.unattended', empty: 'empty.unattended', order: byUrgencyAndDeadline, other: 'consultant' },
      { id: 'triage', list: 'triage', label: 'tab.triage', empty: 'empty.triage', order: byUrgencyAndDeadline, other: 'requester' },
      { id: 'offered', list: 'queue', label: 'tab.offered', empty: 'empty.offered', order: byUrgencyAndDeadline, other: 'requester', quiet: true },
      { id: 'asked', list: 'mine', label: 'tab.asked', empty: 'empty.asked', order: byDeadline, other: 'consultant', quiet: true },
      { id: 'answered', list: 'assigned', label: 'tab.answered', empty: 'empty.answered', order: byDeadline, other: 'requester', quiet: true },
    ],
  },
  approver: {
    path: '/approval', title: 'nav.approval',
    tabs: [{ id: 'approval', list: 'approval', label: 'tab.approval', empty: 'empty.approval', order: byUrgencyAndDeadline, other: 'requester' }],
  },
  reviewer: {
    path: '/review', title: 'nav.review',
    tabs: [{ id: 'review', list: 'review', label: 'tab.review', empty: 'empty.review', order: newest, other: 'consultant' }],
  },
};

export interface Filter {
  text: string;
  urgency: string;
  kind: string;
  state: string;
  specialty: string;
}
export const NO_FILTER: Filter = { text: '', urgency: '', kind: '', state: '', specialty: '' };

export function filtering(f: Filter): boolean {
  return Object.values(f).some((v) => v.trim() !== '');
}

/* Each word must occur somewhere: number, patient, complaint, people, institutions, specialty, in both languages. */
function haystack(c: Summary): string {
  const people = [c.requester, c.consultant].flatMap((p) => (p ? [p.name_zh, p.name_en, p.organisation?.name_zh, p.organisation?.name_en] : []));
  return [c.number, patientLine(c), complaintOf(c), specialtyName(c.specialty), c.specialty, ...people].filter(Boolean).join(' ').toLowerCase();
}

export function matches(c: Summary, f: Filter): boolean {
  if ((f.urgency && c.urgency !== f.urgency) || (f.kind && c.kind !== f.kind) || (f.state && c.state !== f.state) || (f.specialty && c.specialty !== f.specialty)) {
    return false;
  }
  const words = f.text.toLowerCase().split(/\s+/).filter(Boolean);
  const where = words.length > 0 ? haystack(c) : '';
  return words.every((w) => where.includes(w));
}

/* The values that occur, for the choices of a filter. */
export function occurring(rows: Summary[], member: 'urgency' | 'kind' | 'state' | 'specialty'): string[] {
  return [...new Set(rows.map((c) => c[member]))].sort();
}

export function otherParty(c: Summary, other: Tab['other']): Person | null {
  return c[other] ?? (other === 'consultant' ? null : c.requester) ?? null;
}
