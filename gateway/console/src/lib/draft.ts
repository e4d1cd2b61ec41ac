/* A request while it is being written: what is on the screen, what the gateway has, and saving the difference by itself.
 * The draft is created with the first thing worth keeping; uploads wait until then. */
import { asProblem, get, patch, post, put, randomKey, serverNow, type Problem } from './api';
import { currentSession, sessionState, signedOut } from './session';
import { dropStash, stash, unstash } from './stash';
import { Store } from './store';
import type { Consultation, Kind, Patient, Request, Urgency } from './types';

export type Scope = 'consultation' | 'imaging' | 'recording' | 'teaching';
export const SCOPES: Scope[] = ['consultation', 'imaging', 'recording', 'teaching'];
export const CONSENT_TEXT_VERSION = 'console-1'; // raise it when the sentences consent.*-text change

export interface Form {
  specialty: string;
  urgency: Urgency;
  kind: Kind;
  target: string; // the one institution that is asked; empty: by the rules
  basedOn: string;
  patient: Patient;
  request: Request;
  vitals: Record<string, string>;
  consents: Record<Scope, boolean>;
  relation: string;
  consentName: string;
  method: string;
}

export interface DraftState {
  form: Form;
  id: string | null;
  saving: boolean;
  savedMs: number;
  dirty: boolean;
  problem: Problem | null;
  conflict: boolean; // somebody else has changed it meanwhile: nothing is saved until `resolve`
}

const AUTOSAVE_MS = 1500;
const RETRY_MS = 5000;

export function emptyForm(): Form {
  return {
    specialty: '', urgency: 'routine', kind: 'live', target: '', basedOn: '', patient: { id_type: 'resident-id' }, request: {}, vitals: {},
    consents: { consultation: false, imaging: false, recording: false, teaching: false }, relation: 'self', consentName: '', method: 'written',
  };
}

/* A new request about the same patient: who it is, what was known then; the question and the consents are new ones. */
export function formBasedOn(c: Consultation): Form {
  const { question: _question, vital_signs: _signs, ...request } = c.request;
  return {
    ...emptyForm(), specialty: c.specialty, kind: c.kind, basedOn: c.id, patient: { ...emptyForm().patient, ...c.patient },
    request: { ...request, past_history: request.past_history ?? '' },
  };
}

export function formOf(c: Consultation): Form {
  const form = emptyForm();
  const given = (scope: Scope): boolean => c.consents.some((x) => x.scope === scope && x.party === 'patient' && x.given);
  const who = c.consents.find((x) => x.party === 'patient' && x.given)?.who;
  const vitals = typeof c.request.vital_signs === 'object' && c.request.vital_signs ? c.request.vital_signs : {};
  return {
    ...form, specialty: c.specialty, urgency: c.urgency, kind: c.kind, target: c.target_organisation ?? '', basedOn: c.based_on ?? '', patient: { ...form.patient, ...c.patient }, request: { ...c.request },
    vitals: Object.fromEntries(Object.entries(vitals).map(([k, v]) => [k, String(v)])),
    consents: { consultation: given('consultation'), imaging: given('imaging'), recording: given('recording'), teaching: given('teaching') },
    relation: who?.relation ?? 'self', consentName: who?.name ?? '', method: who?.method ?? 'written',
  };
}

function trimmed<T extends object>(source: T): T {
  return Object.fromEntries(Object.entries(source).filter(([, v]) => v !== null && v !== undefined)
    .map(([k, v]) => [k, typeof v === 'string' ? v.trim() : v])) as T;
}

/* With `known`, a member that was emptied is sent as empty; without it, what is empty is left out. */
export interface RequestBody {
  specialty: string;
  urgency: Urgency;
  kind: Kind;
  target_organisation?: string;
  based_on?: string;
  patient: Patient;
  request: Request;
}

export function bodyOf(form: Form, creating: boolean): RequestBody {
  const patient: Patient = trimmed({ ...form.patient });
  delete patient.id_number_masked;
  if (!patient.id_number) {
    delete patient.id_number; // kept as it is on file
  }
  const vitals: Record<string, number> = {};
  for (const [k, v] of Object.entries(form.vitals)) {
    const n = Number(v.replace(',', '.'));
    if (v.trim() !== '' && Number.isFinite(n)) {
      vitals[k] = n;
    }
  }
  const request: Request = trimmed({ ...form.request, vital_signs: vitals });
  if (creating) {
    for (const part of [patient, request] as Record<string, unknown>[]) {
      for (const [k, v] of Object.entries(part)) {
        if (v === '') {
          delete part[k];
        }
      }
    }
  }
  const body: RequestBody = { specialty: form.specialty, urgency: form.urgency, kind: form.kind, patient, request };
  if (form.target || !creating) {
    body.target_organisation = form.target; // empty: none any more
  }
  if (form.basedOn) {
    body.based_on = form.basedOn;
  }
  return body;
}

/* What of a consultation is edited here, to compare. */
function contentOf(c: Consultation): string {
  return JSON.stringify(bodyOf(formOf(c), false));
}

export class Draft {
  readonly state: Store<DraftState>;
  private version = 0;
  private base = ''; // what the gateway holds, as far as this page knows
  private other: Consultation | null = null; // what somebody else has saved meanwhile
  private sentBody = '';
  private consentsSent: Record<Scope, string>;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private chain: Promise<void> = Promise.resolve();
  private waiters: ((id: string) => void)[] = [];
  private key = randomKey();
  private closed = false;
  private account: string;
  private place: string;

  constructor(existing: Consultation | null, private onCreated: (id: string) => void, first: Form = emptyForm()) {
    this.account = currentSession()?.account.id ?? '';
    this.place = existing ? `draft/${existing.id}` : 'draft/new';
    const saved = existing ? formOf(existing) : first;
    const kept = unstash<Form>(this.account, this.place);
    dropStash(this.account, this.place);
    this.version = existing?.version ?? 0;
    this.base = existing ? contentOf(existing) : '';
    this.consentsSent = { consultation: '', imaging: '', recording: '', teaching: '' };
    for (const scope of SCOPES) {
      this.consentsSent[scope] = saved.consents[scope] ? this.consentKey(saved, scope) : '';
    }
    this.state = new Store<DraftState>({ form: kept ?? saved, id: existing?.id ?? null, saving: false, savedMs: 0, dirty: kept !== null, problem: null, conflict: false });
    if (kept) {
      this.schedule(AUTOSAVE_MS);
    }
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    if (sessionState.get().phase === 'out') {
      if (this.state.get().dirty && !signedOut()) {
        const { id, form } = this.state.get();
        stash(this.account, id ? `draft/${id}` : 'draft/new', form);
      }
    } else if (this.state.get().dirty && this.worthSaving()) {
      void this.save().catch(() => undefined);
    }
  }

  edit(change: Partial<Form>): void {
    const state = this.state.get();
    this.state.set({ ...state, form: { ...state.form, ...change }, dirty: true });
    this.schedule(AUTOSAVE_MS);
  }

  /* For uploads: the id, as soon as there is one. */
  whenCreated(): Promise<string> {
    const id = this.state.get().id;
    if (id) {
      return Promise.resolve(id);
    }
    const promise = new Promise<string>((resolve) => this.waiters.push(resolve));
    if (this.state.get().form.specialty) {
      void this.save().catch(() => undefined);
    }
    return promise;
  }

  private worthSaving(): boolean {
    const { form, id } = this.state.get();
    const typed = form.patient.name?.trim() || form.request.complaint?.trim() || this.waiters.length > 0;
    return Boolean(id || (form.specialty && typed));
  }

  private schedule(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.worthSaving() && !this.state.get().conflict) {
        void this.save().catch(() => undefined);
      }
    }, ms);
  }

  private consentKey(form: Form, scope: Scope): string {
    return form.consents[scope] ? JSON.stringify([form.relation, form.relation === 'self' ? '' : form.consentName.trim(), form.method]) : '';
  }

  /* Everything on the screen is with the gateway when this resolves. */
  save(): Promise<string> {
    clearTimeout(this.timer);
    const run = this.chain.then(() => this.saveNow());
    this.chain = run.then(() => undefined, () => undefined);
    return run;
  }

  private async saveNow(): Promise<string> {
    const { form } = this.state.get();
    this.state.update({ saving: true });
    try {
      let id = this.state.get().id;
      const body = JSON.stringify(bodyOf(form, id === null));
      if (id === null) {
        const made = await post<Consultation>('/consultations', bodyOf(form, true), { idempotencyKey: this.key });
        id = made.id;
        this.version = made.version;
        this.base = contentOf(made);
        this.sentBody = body;
        this.state.update({ id });
        this.waiters.forEach((w) => w(made.id));
        this.waiters = [];
        this.onCreated(made.id);
      } else if (body !== this.sentBody) {
        const saved = await this.write(id, form);
        this.version = saved.version;
        this.base = contentOf(saved);
        this.sentBody = body;
      }
      await this.saveConsents(id, form);
      this.state.update({ saving: false, savedMs: serverNow(), problem: null, dirty: this.state.get().form !== form });
      return id;
    } catch (error) {
      const problem = asProblem(error);
      this.state.update({ saving: false, problem });
      if (problem.transient && !this.closed) {
        this.schedule(RETRY_MS);
      }
      throw problem;
    }
  }

  /* Consents and files raise the version too: only another content is somebody else's change, and is not overwritten unasked. */
  private async write(id: string, form: Form): Promise<Consultation> {
    const path = `/consultations/${id}`;
    try {
      return await patch<Consultation>(path, bodyOf(form, false), { ifMatch: this.version });
    } catch (error) {
      if (asProblem(error).status !== 412) {
        throw error;
      }
      const now = await get<Consultation>(path);
      if (contentOf(now) !== this.base) {
        this.other = now;
        this.state.update({ conflict: true });
        throw error;
      }
      this.version = now.version;
      return patch<Consultation>(path, bodyOf(form, false), { ifMatch: now.version });
    }
  }

  /* After a conflict: what is on this screen counts, or what the other one has saved. */
  resolve(mine: boolean): void {
    const { other } = this;
    if (!other) {
      return;
    }
    this.other = null;
    this.version = other.version;
    this.base = contentOf(other);
    this.sentBody = '';
    if (mine) {
      this.state.update({ conflict: false, problem: null });
      void this.save().catch(() => undefined);
    } else {
      this.state.update({ conflict: false, problem: null, dirty: false, form: formOf(other) });
    }
  }

  private async saveConsents(id: string, form: Form): Promise<void> {
    for (const scope of SCOPES) {
      const wanted = this.consentKey(form, scope);
      if (wanted === this.consentsSent[scope]) {
        continue;
      }
      const who = form.relation === 'self' ? {} : { name: form.consentName.trim() };
      await put(`/consultations/${id}/consents/${scope}`, {
        party: 'patient', given: form.consents[scope], relation: form.relation, ...who, method: form.method, text_version: CONSENT_TEXT_VERSION,
      });
      this.consentsSent[scope] = wanted;
    }
  }
}
