import { render } from 'preact';
import './style.css';
import './referral.css';
import { App } from './app';
import { language } from './lib/i18n';
import { keepPlace } from './lib/place';
import { resume } from './lib/session';

document.documentElement.lang = language.get();
const root = document.getElementById('app');
if (root) {
  render(<App />, root);
  keepPlace(root);
}
void resume();
