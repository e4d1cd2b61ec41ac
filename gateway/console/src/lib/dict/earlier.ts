/* What the same patient had before, on the page of a consultation. */
import type { Sentences } from './sentences';

export const earlier = {
  'earlier.title': ['本患者既往会诊', 'Earlier consultations of this patient'],
  'earlier.none': ['没有可查阅的既往会诊。', 'There are none that you may read.'],
  'earlier.no-number': ['申请单没有患者的证件号码，无法查找既往会诊。', 'The request has no number of the patient’s identity document, so none can be found.'],
  'earlier.continuous': ['{name}实行连续病历：会诊期间可查阅患者在各成员单位的已签名意见。每次查阅均有记录。', '{name} keeps one record: while you treat the patient you may read the signed opinions given at all members. Each reading is recorded.'],
  'earlier.released': ['{name}：{why}本机构参与过的会诊不受此限。', '{name}: {why} Those of your own institution are listed all the same.'],
  'earlier.parties': ['{from} → {to}', '{from} → {to}'],
  'earlier.question': ['会诊目的', 'Question'],
  'earlier.diagnosis': ['诊断', 'Diagnosis'],
  'earlier.files': ['资料', 'Files'],
  'earlier.no-files': ['患者未同意共享影像资料。', 'The patient does not share the images.'],
  'earlier.opinion': ['查阅意见', 'Read the opinion'],
  'earlier.whole': ['打开该会诊', 'Open that consultation'],
  'earlier.more': ['只列出最近 50 次。', 'Only the latest 50 are listed.'],
} as const satisfies Sentences;
