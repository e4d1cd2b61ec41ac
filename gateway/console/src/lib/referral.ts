/* Referrals as the gateway sends them (proto/signal/README.md), and the calls about them. */
import { get, patch, post } from './api';
import { consult } from './session';
import type { Attachment, HistoryRow, Named, Organisation, PartnershipRef, Patient, Person } from './types';

export type Direction = 'up' | 'down';
export type ReferralState = 'draft' | 'sent' | 'accepted' | 'refused' | 'arrived' | 'returned' | 'lapsed' | 'withdrawn';
export type ReferralAction = 'send' | 'withdraw' | 'accept' | 'refuse' | 'forward' | 'arrive' | 'return-message' | 'acknowledge-return';

export interface Department extends Named {
  code: string;
  places_free: number;
}
export interface Place {
  id: string;
  code: string;
  kind: 'bed' | 'clinic';
  from_ms: number;
  until_ms: number;
  reserved: boolean;
  state: 'free' | 'held' | 'taken';
  department: string;
}
export interface Target {
  organisation: Organisation;
  partnership: PartnershipRef;
  agreement_version: number;
  departments: Department[];
}
export interface Targets {
  allowed: boolean;
  code: string;
  zh: string;
  en: string;
  targets: Target[];
}
export interface Done {
  kind: string;
  name: string;
  date?: string | null;
  result?: string | null;
  attachment?: string | null;
}
export interface ReferralConsent {
  referral: boolean;
  sharing: boolean;
  relation: string;
  method: string;
  name?: string | null;
  text_version?: string;
  at_ms?: number;
}
export interface Answer {
  outcome: string;
  diagnosis: string;
  advice: string;
  treatment?: string;
  medication?: string;
  follow_up?: string;
}
export interface ReferralSummary {
  id: string;
  number: string;
  version: number;
  state: ReferralState;
  state_since_ms: number;
  direction: Direction;
  urgency: 'routine' | 'urgent';
  reason_code: string | null;
  diagnosis: string | null;
  consultation: string | null;
  based_on: string | null;
  from: Organisation;
  to: Organisation | null;
  department: (Named & { code: string }) | null;
  sender: Person;
  deadline_ms: number | null;
  overdue: boolean;
  appointment_ms: number | null;
  created_ms: number;
  sent_ms: number | null;
  accepted_ms: number | null;
  arrived_ms: number | null;
  closed_ms: number | null;
  acknowledged_ms: number | null;
  end_code: string | null;
  actions: ReferralAction[];
  my_role: 'sender' | 'receiver' | 'coordinator' | 'involved';
  patient: Patient & { age?: string };
}
export interface Referral extends ReferralSummary {
  summary: string | null;
  diagnosis_codes: string[] | null;
  treatment: string | null;
  wishes: string | null;
  done: Done[];
  consent: ReferralConsent | null;
  partnership: PartnershipRef | null;
  place: Place | null;
  handled_by: Person | null;
  attachments: Attachment[];
  answer: Answer | null;
  end_text: string | null;
  answers: { id: string; number: string; direction: Direction; state: ReferralState }[];
  history: (HistoryRow & { event: string; reason_text: string | null; department: string | null })[];
}
export interface WayEvent {
  at_ms: number;
  event: string;
  organisation: Organisation;
  kind: 'consultation' | 'referral';
  id: string;
  number: string;
  direction: Direction | null;
  reason_code: string | null;
}
export interface Way {
  events: WayEvent[];
  items: { kind: string; id: string; number: string; state: string }[];
}

export const UP_REASONS = ['acute', 'severe', 'difficult', 'beyond-capability', 'special-examination'];
export const DOWN_REASONS = ['convalescent', 'stable-chronic', 'rehabilitation', 'terminal-care', 'follow-up'];
export const DONE_KINDS = ['lab', 'image', 'ecg', 'procedure', 'medication'];
export const OUTCOMES = ['recovered', 'improved', 'unchanged', 'worse', 'died', 'transferred'];

export function act(r: ReferralSummary, action: ReferralAction, body: unknown = {}): Promise<Referral> {
  return post(`/referrals/${r.id}/actions/${action}`, body, { ifMatch: r.version });
}

export function save(r: ReferralSummary, change: unknown): Promise<Referral> {
  return patch(`/referrals/${r.id}`, change, { ifMatch: r.version });
}

export function create(from: { consultation?: string; based_on?: string; direction?: Direction }): Promise<Referral> {
  return post('/referrals', from);
}

/* While the consultation can wait for it, the referral is sent by the consultation's own action. */
export async function send(r: Referral): Promise<void> {
  if (r.consultation) {
    const c = await get<{ actions: string[] }>(`/consultations/${r.consultation}`);
    if (c.actions.includes('refer')) {
      await consult(r.consultation, 'refer', { referral: r.id });
      return;
    }
  }
  await act(r, 'send');
}
