/* Language: remembered in this browser before sign-in, the account's own after it. */
import { dict, type Key } from './dict';
import { Store, useStore } from './store';
import type { Language } from './types';

const STORED = 'console.language';

function initial(): Language {
  try {
    const stored = localStorage.getItem(STORED);
    return stored === 'en' || stored === 'zh-CN' ? stored : 'zh-CN';
  } catch {
    return 'zh-CN';
  }
}

export const language = new Store<Language>(initial());

export function setLanguage(value: Language): void {
  try {
    localStorage.setItem(STORED, value);
  } catch {
    // private mode: the choice lasts as long as the page
  }
  document.documentElement.lang = value;
  language.set(value);
}

export type Args = Record<string, string | number>;

export function t(key: Key, args?: Args): string {
  const text: string = dict[key][language.get() === 'en' ? 1 : 0];
  return args ? text.replace(/\{(\w+)(?:\|([^|}]*)\|([^|}]*))?\}/g, (whole, name: string, one?: string, many?: string) =>
    (one === undefined ? String(args[name] ?? whole) : String(args[name]) === '1' ? one : many ?? '')) : text;
}

/* For codes that come from the server (states, reasons): the sentence, or the code itself when it is new to this console. */
export function tCode(prefix: string, code: string | null | undefined): string {
  if (!code) {
    return '';
  }
  const key = `${prefix}.${code}`;
  return key in dict ? t(key as Key) : code;
}

export function useLanguage(): Language {
  return useStore(language);
}

/* name_zh / name_en of anything. */
export function nameOf(thing: { name_zh?: string; name_en?: string } | null | undefined): string {
  if (!thing) {
    return '';
  }
  return (language.get() === 'en' ? thing.name_en || thing.name_zh : thing.name_zh || thing.name_en) ?? '';
}

export function pick(zh: string | undefined, en: string | undefined): string {
  return (language.get() === 'en' ? en || zh : zh || en) ?? '';
}

/* What is said of one thing: its name, its sex, its age. */
export function described(parts: (string | null | undefined | false)[]): string {
  return parts.filter(Boolean).join(language.get() === 'en' ? ', ' : '，');
}

export function join(parts: (string | null | undefined | false)[]): string {
  return parts.filter(Boolean).join(language.get() === 'en' ? ', ' : '、');
}
