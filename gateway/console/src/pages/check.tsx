import type { JSX } from 'preact';
import { t } from '../lib/i18n';
import { DeviceCheck } from '../parts/check';

export function CheckPage(): JSX.Element {
  return (
    <main id="main" class="page narrow">
      <div class="page-head"><h1>{t('check.title')}</h1></div>
      <DeviceCheck />
    </main>
  );
}
