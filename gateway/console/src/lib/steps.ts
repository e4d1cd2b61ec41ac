/* A consultation in words: who the patient is, what is next to do, whom it waits for. From the state and what the gateway says is possible. */
import { age } from './format';
import { described, nameOf, t, tCode } from './i18n';
import { specialties } from './session';
import type { Key } from './dict';
import type { Consultation, MyRole, Patient, RingState, State, Summary } from './types';

export const IN_ROOM: State[] = ['in-session', 'interrupted'];
/* States in which the parties may enter the session. */
export const ENTERABLE: State[] = ['accepted', 'scheduled', 'ready', 'in-session', 'interrupted'];

/* From the date of birth, else as it was told: "67" or "3 months". */
export function ageOf(p: Patient): string {
  const told = p.age?.trim() ?? '';
  return (age(p.birth_date) || (/^\d{1,3}$/.test(told) ? t('form.age', { n: told }) : told)).replace(/ /g, '\u00a0');
}

export function patientLine(c: Summary): string {
  const p = c.patient ?? {};
  return described([p.name ?? c.patient_name, p.sex && tCode('sex', p.sex), ageOf(p)]) || t('case.not-set');
}

export function complaintOf(c: Summary): string {
  return c.request?.complaint ?? c.complaint ?? '';
}

export function specialtyName(code: string): string {
  return nameOf(specialties.get().find((s) => s.code === code)) || code;
}

/* Whose place a take-over fills: while report or opinion is written the consultant's. */
export function placeOf(c: Summary): 'requester' | 'consultant' {
  return c.state === 'reporting' || c.state === 'awaiting-opinion' || c.state === 'opinion-draft' ? 'consultant' : 'requester';
}

/* What leads on when an account is closed: to a coordinator. */
export function wayOn(c: Summary): 'take-over' | 'hand-over' | null {
  return !c.unattended ? null : c.unattended === placeOf(c) ? 'take-over' : 'hand-over';
}

/* A critical value that the requester has not acknowledged. */
export function criticalWaits(c: Summary): boolean {
  return Boolean(c.critical_ms && !c.critical_known_ms);
}

const KNOWN_WITHIN_MS = 900_000; // timer `critical-signed` of the gateway's table

/* Until when a critical value must be acknowledged. */
export function criticalDueMs(c: Summary): number {
  return c.critical_due_ms ?? (c.critical_ms ?? 0) + KNOWN_WITHIN_MS;
}

const REQUESTER: Partial<Record<State, Key>> = {
  draft: 'next.draft', returned: 'next.returned', 'pending-approval': 'next.pending-approval', submitted: 'next.submitted', triaged: 'next.triaged',
  offered: 'next.offered', accepted: 'next.accepted', scheduled: 'next.scheduled', ready: 'next.ready', 'in-session': 'next.in-session',
  interrupted: 'next.interrupted', reporting: 'next.reporting', 'awaiting-opinion': 'next.awaiting-opinion', 'opinion-draft': 'next.opinion-draft',
  signed: 'next.signed', acknowledged: 'next.acknowledged', 'referral-open': 'next.referral-open', 'follow-up': 'next.follow-up', expired: 'next.expired',
  rejected: 'next.rejected', cancelled: 'next.arrange', 'no-show': 'next.arrange', failed: 'next.arrange',
};
const CONSULTANT: Partial<Record<State, Key>> = {
  accepted: 'next.accepted-own', reporting: 'next.reporting-own', 'awaiting-opinion': 'next.awaiting-opinion-own', 'opinion-draft': 'next.opinion-draft-own',
  signed: 'next.signed-own', acknowledged: 'next.done', 'referral-open': 'next.done', 'follow-up': 'next.done', rejected: 'next.done', expired: 'next.done',
};
/* For a coordinator, who is no party: whom it waits for. */
const WATCHED: Partial<Record<State, Key>> = {
  submitted: 'next.triage', triaged: 'next.triage', offered: 'next.telephone', accepted: 'next.parties-session', scheduled: 'next.parties-session', ready: 'next.parties-session',
  'in-session': 'next.parties-talk', interrupted: 'next.parties-talk', returned: 'next.parties-complete', signed: 'next.signed-own', acknowledged: 'next.parties-close',
  'follow-up': 'next.parties-close', expired: 'next.done', rejected: 'next.done', cancelled: 'next.parties-arrange', 'no-show': 'next.parties-arrange', failed: 'next.parties-arrange',
};
const OTHERS: Partial<Record<MyRole, Key>> = {
  candidate: 'next.candidate', member: 'next.member', verifier: 'next.verifier', guest: 'next.guest', observer: 'next.observer', approver: 'next.approver', reviewer: 'next.reviewer',
};

export function nextStep(c: Summary): string {
  const role = c.my_role ?? 'requester';
  if (role === 'requester' && criticalWaits(c)) {
    return t('next.critical');
  }
  const way = wayOn(c);
  if (way) {
    return t(`next.unattended-${way}`);
  }
  const own = role === 'consultant' ? CONSULTANT[c.state] : role === 'coordinator' ? WATCHED[c.state] : undefined;
  return t(OTHERS[role] ?? own ?? REQUESTER[c.state] ?? 'next.done');
}

/* Whom the ring chain has come to. */
export function ringWords(ring: RingState): string {
  switch (ring.stage) {
    case 'candidate':
      return ring.rung > 0 ? t('ringing.candidate', { n: ring.rung }) : t('ringing.nobody');
    case 'alarm':
      return t('ringing.alarm', { n: Math.max(1, ring.alarms) });
    default:
      return t(`ringing.${ring.stage}`);
  }
}

/* Whom it waits for, in one sentence. */
export function waitsFor(c: Consultation): string {
  switch (c.state) {
    case 'pending-approval':
      return t(c.approval_for === 'hop' ? 'waits.approval-hop' : 'waits.approval');
    case 'submitted':
    case 'triaged':
      return t('waits.triage');
    case 'offered':
      return c.ring ? ringWords(c.ring) : t('waits.offered');
    default:
      return '';
  }
}
