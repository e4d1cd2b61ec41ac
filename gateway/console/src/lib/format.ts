/* Times, durations and sizes for people. Dates in ISO form: the same in both languages and not to be misread. */
import { serverNow } from './api';
import { t } from './i18n';

const two = (n: number): string => String(n).padStart(2, '0');

export function clock(ms: number | null | undefined): string {
  if (!ms) {
    return '';
  }
  const d = new Date(ms);
  return `${two(d.getHours())}:${two(d.getMinutes())}`;
}

/* The day by this computer's clock, as a date input wants it. */
export function isoDate(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

export function dateTime(ms: number | null | undefined): string {
  if (!ms) {
    return '';
  }
  const d = new Date(ms);
  const today = new Date(serverNow());
  const date = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  return d.toDateString() === today.toDateString() ? clock(ms) : `${date} ${clock(ms)}`;
}

export function fullTime(ms: number | null | undefined): string {
  if (!ms) {
    return '';
  }
  const d = new Date(ms);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${clock(ms)}:${two(d.getSeconds())}`;
}

/* To the minute: of what was arranged rather than measured. */
export function minute(ms: number | null | undefined): string {
  return fullTime(ms).slice(0, 16);
}

export function duration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) {
    return t('time.s', { n: s });
  }
  if (s < 600) {
    return s % 60 ? t('time.min-s', { m: Math.floor(s / 60), s: s % 60 }) : t('time.min', { n: s / 60 });
  }
  if (s < 3600) {
    return t('time.min', { n: Math.round(s / 60) });
  }
  if (s < 86400) {
    return s % 3600 < 60 ? t('time.h', { n: Math.floor(s / 3600) }) : t('time.h-min', { h: Math.floor(s / 3600), m: Math.floor((s % 3600) / 60) });
  }
  return s % 86400 < 3600 ? t('time.d', { n: Math.floor(s / 86400) }) : t('time.d-h', { d: Math.floor(s / 86400), h: Math.floor((s % 86400) / 3600) });
}

/* An estimate: whole minutes, never more exact than it is. */
export function roughly(ms: number): string {
  return duration(Math.max(1, Math.ceil(ms / 60_000)) * 60_000);
}

export function ago(ms: number): string {
  const age = serverNow() - ms;
  return age < 30_000 ? t('time.now') : t('time.ago', { t: duration(age < 600_000 ? Math.round(age / 60_000) * 60_000 : age) });
}

/* 07:04 or 1:02:03, for a running session. */
export function stopwatch(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const rest = `${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
  return s >= 3600 ? `${Math.floor(s / 3600)}:${rest}` : rest;
}

export function bytes(n: number): string {
  if (n < 1000) {
    return `${n} B`;
  }
  if (n < 1_000_000) {
    return `${(n / 1000).toFixed(0)} kB`;
  }
  return n < 1_000_000_000 ? `${(n / 1_000_000).toFixed(1)} MB` : `${(n / 1_000_000_000).toFixed(2)} GB`;
}

export function age(birthDate: string | undefined): string {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(birthDate ?? '');
  if (!match) {
    return '';
  }
  const now = new Date(serverNow());
  let months = (now.getFullYear() - Number(match[1])) * 12 + now.getMonth() + 1 - Number(match[2]);
  if (now.getDate() < Number(match[3])) {
    months -= 1;
  }
  if (months < 0 || months > 150 * 12) {
    return '';
  }
  return months < 36 ? t('form.age-months', { n: months }) : t('form.age', { n: Math.floor(months / 12) });
}
