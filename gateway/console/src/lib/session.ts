/* Who is signed in. Everything else hangs on it. */
import { call, csrfToken, del, get, patch, post, setCsrf, setServerTime, whenSignedOut, type Options } from './api';
import { language, setLanguage } from './i18n';
import { signal } from './signal';
import { clearStash } from './stash';
import { Store } from './store';
import type { Key } from './dict';
import type { Language, Session, Specialty } from './types';

export type SessionState = { phase: 'loading' } | { phase: 'out'; why?: Key } | { phase: 'in'; session: Session } | { phase: 'unreachable' };

export const sessionState = new Store<SessionState>({ phase: 'loading' });
export const specialties = new Store<Specialty[]>([]);
let languageChosen = false;

export function currentSession(): Session | null {
  const state = sessionState.get();
  return state.phase === 'in' ? state.session : null;
}

function enter(session: Session): void {
  setCsrf(session.csrf_token);
  setServerTime(session.time_ms);
  sessionState.set({ phase: 'in', session });
  signal.start();
  get<{ specialties: Specialty[] }>('/specialties').then((r) => specialties.set(r.specialties), () => undefined);
}

function leave(why?: Key): void {
  signal.stop();
  setCsrf('');
  sessionState.set({ phase: 'out', why });
}

whenSignedOut(() => {
  if (sessionState.get().phase === 'in') {
    leave('err.signed-out');
  }
});
signal.on('session.ended', (m) => {
  if (sessionState.get().phase === 'in') {
    leave(m.reason === 'disabled' ? 'err.disabled' : m.reason === 'signed-out' ? 'err.signed-out-elsewhere' : 'err.signed-out');
  }
});
/* After a restart of the gateway the token may be another one; read it again with every reconnect that was refused. */
signal.on('error', (m) => {
  if (m.fatal === true) {
    void resume();
  }
});

export async function resume(): Promise<void> {
  try {
    const session = await get<Session>('/session', { quiet401: true, timeoutMs: 8000 });
    setLanguage(session.account.language);
    enter(session);
  } catch (error) {
    const status = (error as { status?: number }).status;
    if (status === 401) {
      leave(sessionState.get().phase === 'in' ? 'err.signed-out' : undefined);
    } else if (sessionState.get().phase !== 'in') {
      sessionState.set({ phase: 'unreachable' });
    }
  }
}

export async function signIn(login: string, password: string): Promise<void> {
  const session = await call<Session>('POST', '/session', { body: { login, password }, quiet401: true });
  setCsrf(session.csrf_token);
  if (languageChosen && session.account.language !== language.get()) {
    session.account.language = language.get();
    patch('/session', { language: language.get() }).catch(() => undefined);
  }
  setLanguage(session.account.language);
  enter(session);
}

/* Signed out on purpose, as against a session that ran out: then nothing typed is kept. */
export function signedOut(): boolean {
  const state = sessionState.get();
  return state.phase === 'out' && state.why !== 'err.signed-out';
}

/* Off the screen at once. A gateway that does not answer still holds the session, and the cookie would sign the next person
 * at this PC in: so it is said, and tried until it is done. */
export async function signOut(): Promise<void> {
  const headers = { 'X-CSRF-Token': csrfToken() };
  const ended = del('/session', { headers, quiet401: true, timeoutMs: 8000 });
  leave();
  clearStash();
  for (let work = ended; ; work = del('/session', { headers, quiet401: true, timeoutMs: 8000 })) {
    try {
      await work;
      break;
    } catch (error) {
      if (!(error as { transient?: boolean }).transient) {
        break; // 401: the session is no more
      }
      if (sessionState.get().phase === 'out') {
        sessionState.set({ phase: 'out', why: 'err.sign-out-pending' });
      }
      await new Promise((resolve) => setTimeout(resolve, 3000));
      if (sessionState.get().phase !== 'out') {
        return; // somebody signed in meanwhile: the old cookie is replaced
      }
    }
  }
  if (sessionState.get().phase === 'out') {
    sessionState.set({ phase: 'out' });
  }
}

export function chooseLanguage(value: Language): void {
  languageChosen = true;
  setLanguage(value);
  const session = currentSession();
  if (session && csrfToken()) {
    sessionState.set({ phase: 'in', session: { ...session, account: { ...session.account, language: value } } });
    patch('/session', { language: value }).catch(() => undefined);
  }
}

/* What lib/duty.ts has read. */
export function noteDuty(onDuty: boolean): void {
  const session = currentSession();
  if (session && session.on_duty !== onDuty) {
    sessionState.set({ phase: 'in', session: { ...session, on_duty: onDuty } });
  }
}

export function consult(id: string, action: string, body: unknown = {}, options?: Options): Promise<never> {
  return post(`/consultations/${id}/actions/${action}`, body, options);
}
