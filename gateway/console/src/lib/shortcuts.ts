/* Single keys of the page on the screen. They never act while somebody types or a dialog is open, and can be switched off
 * (WCAG 2.1, 2.1.4): the choice stays in this browser. */
import { useEffect, useRef } from 'preact/hooks';
import { Store } from './store';

export interface Shortcut {
  key: string; // as in KeyboardEvent.key
  shown?: string; // as the help shows it
  words: string;
  run: () => void;
}

const STORED = 'console.shortcuts';

function stored(): boolean {
  try {
    return localStorage.getItem(STORED) !== 'off';
  } catch {
    return true;
  }
}

export const shortcutsOn = new Store<boolean>(stored());
/* What is possible now, for the help: groups in the order in which they came. */
export const shortcutList = new Store<Shortcut[]>([]);
const groups = new Map<object, Shortcut[]>();

export function switchShortcuts(on: boolean): void {
  try {
    localStorage.setItem(STORED, on ? 'on' : 'off');
  } catch {
    // private mode: as long as the page
  }
  shortcutsOn.set(on);
}

function typing(target: EventTarget | null): boolean {
  const e = target as HTMLElement | null;
  return Boolean(e?.closest?.('input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]'));
}

function pressed(event: KeyboardEvent): void {
  if (!shortcutsOn.get() || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || typing(event.target) || document.querySelector('dialog[open]')) {
    return;
  }
  for (const group of [...groups.values()].reverse()) {
    const found = group.find((s) => s.key === event.key);
    if (found) {
      event.preventDefault();
      found.run();
      return;
    }
  }
}
window.addEventListener('keydown', pressed);

export function useShortcuts(list: Shortcut[]): void {
  const own = useRef({});
  const latest = useRef(list);
  latest.current = list;
  const names = list.map((s) => s.key + s.words).join('\n');
  useEffect(() => {
    const now = latest.current.map((s) => ({ ...s, run: () => latest.current.find((x) => x.key === s.key)?.run() }));
    groups.set(own.current, now);
    shortcutList.set([...groups.values()].flat());
    return () => {
      groups.delete(own.current);
      shortcutList.set([...groups.values()].flat());
    };
  }, [names]);
}
