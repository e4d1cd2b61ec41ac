/* What a specialist must hear of duty, over every page: a shift that has begun without him, a colleague who hands over, an answer. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { serverNow } from '../lib/api';
import { changeDuty, ownDuty } from '../lib/duty';
import { clock, dateTime } from '../lib/format';
import type { Key } from '../lib/dict';
import { nameOf, pick, t } from '../lib/i18n';
import { chime } from '../lib/ring';
import { signal } from '../lib/signal';
import { useStore, useTick } from '../lib/store';
import { Notice, ProblemNotice, useAction } from './basic';

const HANDED: Record<string, Key> = {
  done: 'duty.handed-done', taken: 'duty.handed-taken', declined: 'duty.handed-declined', lapsed: 'duty.handed-lapsed',
};

interface Told {
  key: Key;
  zh: string;
  en: string;
}

/* "08:00 – 16:00", with the date where it is not today. */
export function span(fromMs: number, untilMs: number): string {
  const sameDay = new Date(fromMs).toDateString() === new Date(untilMs).toDateString();
  return `${dateTime(fromMs)} – ${sameDay ? clock(untilMs) : dateTime(untilMs)}`;
}

export function DutyNotices(): JSX.Element | null {
  useTick(10_000);
  const duty = useStore(ownDuty);
  const [told, setTold] = useState<Told | null>(null);
  const action = useAction();
  useEffect(() => {
    const stops = [
      signal.on('duty.handover', (m) => {
        chime();
        const key = HANDED[String(m.state)];
        if (key) { // a request, on the other hand, stands in the own state
          setTold({ key, zh: String(m.by_zh), en: String(m.by_en) });
        }
      }),
      signal.on('duty.reminder', () => chime()),
    ];
    return () => stops.forEach((stop) => stop());
  }, []);
  const now = serverNow();
  const begun = duty && !duty.on_duty ? duty.shifts.find((s) => s.kind === 'duty' && s.from_ms <= now && s.until_ms > now) : undefined;
  const asked = duty?.asked.filter((a) => a.until_ms > now) ?? [];
  const waiting = duty?.hand_over && duty.hand_over.until_ms > now ? duty.hand_over : null;
  if (!begun && asked.length === 0 && !waiting && !told) {
    return null;
  }
  const change = (on: boolean): void => void action.run(() => changeDuty({ on_duty: on }));
  return (
    <div class="duty-notices">
      {begun && asked.length === 0 && (
        <Notice kind="warn" action={<button type="button" class="small" disabled={action.busy} onClick={() => change(true)}>{t('duty.come')}</button>}>
          {t('duty.shift-begun', { time: span(begun.from_ms, begun.until_ms) })}
        </Notice>
      )}
      {asked.map((a) => (
        <Notice key={a.person.account} kind="warn" action={<div class="buttons">
          <button type="button" class="small primary" disabled={action.busy} onClick={() => change(true)}>{t('duty.take')}</button>
          <button type="button" class="small" disabled={action.busy} onClick={() => change(false)}>{t('duty.decline')}</button>
        </div>}>{t('duty.asked', { who: nameOf(a.person) })}</Notice>
      ))}
      {waiting && <Notice kind="info">{t('duty.asked-by-you', { who: nameOf(waiting.person), time: clock(waiting.until_ms) })}</Notice>}
      {told && <Notice kind="info" action={<button type="button" class="small" onClick={() => setTold(null)}>{t('app.close')}</button>}>
        {t(told.key, { who: pick(told.zh, told.en) })}
      </Notice>}
      <ProblemNotice problem={action.problem} />
    </div>
  );
}
