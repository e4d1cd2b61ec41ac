/* A GET that stays fresh: read again when the gateway says that it changed, after a reconnect, and on demand. What was read
 * last stays on the screen while the link is down. */
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

export function useResource<T>(path: string | null, events: string[] = [], accept?: (m: Message) => boolean): Resource<T> {
  const [state, setState] = useState<{ path: string | null; data: T | null; problem: Problem | null; atMs: number }>(
    { path, data: null, problem: null, atMs: 0 });
  const ticket = useRef(0);
  const pathNow = useRef(path);
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
        setState((old) => ({ path, data: old.path === path ? old.data : null, problem: asProblem(error), atMs: old.atMs }));
      }
    }
  }, [path]);

  useEffect(() => {
    void reload();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const soon = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => void reload(), 60); // several notices of one change become one request
    };
    const stops = [...events, 'welcome'].map((type) =>
      signal.on(type, (m) => {
        if (type === 'welcome' || !accept || accept(m)) {
          soon();
        }
      }));
    return () => {
      clearTimeout(timer);
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
