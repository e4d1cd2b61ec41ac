/* The smallest observable value, and a hook that redraws when it changes. */
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';

export class Store<T> {
  private listeners = new Set<() => void>();
  constructor(private value: T) {}

  get(): T {
    return this.value;
  }

  set(value: T): void {
    if (Object.is(value, this.value)) {
      return;
    }
    this.value = value;
    for (const listener of [...this.listeners]) {
      listener();
    }
  }

  update(change: Partial<T>): void {
    this.set({ ...this.value, ...change });
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export function useStore<T>(store: Store<T>): T {
  const [, redraw] = useState({});
  const drawn = store.get();
  useLayoutEffect(() => {
    const stop = store.subscribe(() => redraw({}));
    if (!Object.is(drawn, store.get())) {
      redraw({}); // it changed between drawing and subscribing
    }
    return stop;
  }, [store]);
  return drawn;
}

/* Redraws every `ms`: for ages and countdowns. */
export function useTick(ms: number): void {
  const [, redraw] = useState({});
  useEffect(() => {
    const timer = setInterval(() => redraw({}), ms);
    return () => clearInterval(timer);
  }, [ms]);
}
