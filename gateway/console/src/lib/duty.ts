/* Duty as the gateway tells it: the own state, kept for the header and the notices, and the objects of the roster. */
import { get, put } from './api';
import { noteDuty } from './session';
import { signal } from './signal';
import { Store } from './store';
import type { Named, Person } from './types';

export type Pause = 'pause' | 'break';
export type ShiftKind = 'duty' | 'on-call' | 'bookable';

export interface Shift extends Named {
  id: string;
  account: string;
  kind: ShiftKind;
  specialty: string | null;
  partnership: (Named & { id: string }) | null;
  from_ms: number;
  until_ms: number;
  may_remove: boolean;
}
export interface HandOver {
  person: Person;
  at_ms: number;
  until_ms: number;
}
export interface Duty {
  on_duty: boolean;
  since_ms: number;
  pause: Pause | null;
  pause_until_ms: number | null;
  shifts: Shift[];
  hand_over: HandOver | null;
  asked: HandOver[];
}
export interface RosterPerson extends Person {
  specialties: string[];
  on_duty: boolean;
  since_ms: number | null;
  pause: Pause | null;
  pause_until_ms: number | null;
  on_call: boolean;
  planned: boolean;
  absent: boolean;
  may_add: ShiftKind[];
}
export interface Roster {
  from_ms: number;
  until_ms: number;
  time_ms: number;
  people: RosterPerson[];
  shifts: Shift[];
  more: boolean;
}
export interface Presence {
  specialty: string;
  on_duty: number;
  paused: number;
  on_call: number;
  next_from_ms: number | null;
  expected_wait_ms: number | null;
}

/* Null until it was read. */
export const ownDuty = new Store<Duty | null>(null);
let ticket = 0;

function take(duty: Duty): void {
  ownDuty.set(duty);
  noteDuty(duty.on_duty);
}

async function read(): Promise<void> {
  const mine = ++ticket;
  const duty = await get<Duty>('/duty');
  if (mine === ticket) {
    take(duty);
  }
}

/* While the account of a specialist is signed in. */
export function watchDuty(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void read().catch(() => undefined), 60); // the next notice, or the next welcome, asks again
  };
  const stops = ['duty.changed', 'duty.handover', 'duty.reminder', 'welcome'].map((type) => signal.on(type, soon));
  soon();
  return () => {
    clearTimeout(timer);
    ticket += 1;
    stops.forEach((stop) => stop());
    ownDuty.set(null);
  };
}

export async function changeDuty(wish: { on_duty?: boolean; pause?: Pause | null; pause_minutes?: number }): Promise<void> {
  ticket += 1; // an answer that is still on its way is older than this one
  take(await put<Duty>('/duty', wish));
}
