/* The one dictionary of the console, made of the parts in dict/: one file a page or two. */
import { attachments } from './dict/attachments';
import { consultation } from './dict/case';
import { common } from './dict/common';
import { report } from './dict/document';
import { duty } from './dict/duty';
import { earlier } from './dict/earlier';
import { flow } from './dict/flow';
import { opinion } from './dict/opinion';
import { ops } from './dict/ops';
import { partnership } from './dict/partnership';
import { referral } from './dict/referral';
import { request } from './dict/request';
import { room } from './dict/room';
import { stat } from './dict/stat';
import { statement } from './dict/statement';
import { terms } from './dict/terms';
import { viewer } from './dict/viewer';
import { work } from './dict/work';
import { worklist } from './dict/worklist';
import type { KeyIn, None, Sentences, Twice } from './dict/sentences';

const parts = [
  common,
  terms,
  worklist,
  duty,
  earlier,
  request,
  attachments,
  consultation,
  room,
  viewer,
  opinion,
  report,
  ops,
  partnership,
  referral,
  work,
  flow,
  stat,
  statement,
] as const;

/* A key that stands in two parts does not pass the type check: the later one would win unseen. */
export type NothingTwice = None<Twice<typeof parts>>;

export type Key = KeyIn<typeof parts>;

export const dict = Object.assign({}, ...(parts as readonly Sentences[])) as Readonly<Record<Key, readonly [string, string]>>;
