/* A GET that stays fresh: read again when the gateway says that it changed, after a reconnect, and on demand. What was read
 * last stays on the screen while the link is down; what a refusal of the moment (503, 429) kept back is asked for again. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { asProblem, get, type Problem } from './api';
import { signal, type Message } from './signal';

export interface Resource<T> {
  data: T | null;
  problem: Problem | null;
  atMs: number;
  reload: () => Promise<void>;
  set: (data: T) => void;
}

const AGAIN_MS = 5000; // after an answer that another try can better, when the gateway named no time

/* settleMs: several notices of one change become one request. */
export function useResource<T>(path: string | null, events: string[] = [], accept?: (m: Message) => boolean, settleMs = 60): Resource<T> {
  const [state, setState] = useState<{ path: string | null; data: T | null; problem: Problem | null; atMs: number }>(
    { path, data: null, problem: null, atMs: 0 });
  const ticket = useRef(0);
  const again = useRef<ReturnType<typeof setTimeout>>();
  const pathNow = useRef(path);
  const settle = useRef(settleMs);
  settle.current = settleMs;
  pathNow.current = path;

  const reload = useCallback(async () => {
    if (!path) {
      return;
    }
    const mine = ++ticket.current;
    try {
      const data = await get<T>(path);
      if (mine === ticket.current && pathNow.current === path) {
        setState({ path, data, problem: null, atMs: Date.now() });
      }
    } catch (error) {
      if (mine === ticket.current && pathNow.current === path) {
        const problem = asProblem(error);
        setState((old) => ({ path, data: old.path === path ? old.data : null, problem, atMs: old.atMs }));
        if (problem.transient) {
          clearTimeout(again.current);
          again.current = setTimeout(() => void reload(), problem.retryAfterMs ?? AGAIN_MS);
        }
      }
    }
  }, [path]);

  useEffect(() => {
    void reload();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => void reload(), settle.current);
    };
    const stops = [...events, 'welcome'].map((type) =>
      signal.on(type, (m) => {
        if (type === 'welcome' || !accept || accept(m)) {
          soon();
        }
      }));
    return () => {
      clearTimeout(timer);
      clearTimeout(again.current);
      ticket.current += 1; // an answer that is still on its way is nobody's
      stops.forEach((stop) => stop());
    };
    // events and accept are constants of each caller
  }, [reload]);

  const set = useCallback((data: T) => {
    ticket.current += 1;
    setState({ path, data, problem: null, atMs: Date.now() });
  }, [path]);
  const fresh = state.path === path;
  return { data: fresh ? state.data : null, problem: fresh ? state.problem : null, atMs: state.atMs, reload, set };
}
