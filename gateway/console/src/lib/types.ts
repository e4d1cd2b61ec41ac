/* What the gateway sends: proto/signal/README.md. Members that a state does not have yet are null or absent. */
export type Language = 'zh-CN' | 'en';
export type Role = 'clinician' | 'specialist' | 'coordinator' | 'operator' | 'admin' | 'approver' | 'manager' | 'reviewer' | 'referrals';
export type Urgency = 'routine' | 'urgent' | 'stat';
export type Kind = 'live' | 'read' | 'mdt';
export type State =
  | 'draft' | 'returned' | 'pending-approval' | 'submitted' | 'triaged' | 'offered' | 'accepted' | 'scheduled' | 'ready' | 'in-session' | 'interrupted'
  | 'reporting' | 'awaiting-opinion' | 'opinion-draft' | 'signed' | 'acknowledged' | 'referral-open' | 'follow-up' | 'closed' | 'archived'
  | 'withdrawn' | 'rejected' | 'expired' | 'cancelled' | 'no-show' | 'failed' | 'discarded' | 'entered-in-error';
export type Action =
  | 'submit' | 'discard' | 'renew' | 'approve' | 'reject' | 'triage' | 'hand-over' | 'take-over' | 'schedule' | 'cancel' | 'reopen' | 'convert' | 'preliminary' | 'revise'
  | 'acknowledge-critical' | 'follow-up' | 'review' | 'mark-error' | 'enlist' | 'excuse' | 'contribute' | 'withdraw' | 'accept' | 'decline' | 'return'
  | 'start' | 'end' | 'sign' | 'amend' | 'acknowledge' | 'close' | 'fail' | 'invite' | 'uninvite' | 'admit-observer' | 'dismiss-observer';
export type MyRole = 'requester' | 'consultant' | 'verifier' | 'member' | 'guest' | 'candidate' | 'approver' | 'coordinator' | 'reviewer' | 'observer' | 'none';

export interface Named {
  name_zh: string;
  name_en: string;
}
export interface Organisation extends Named {
  id: string;
  level: string;
  region: string;
}
export interface Session {
  account: { id: string; login: string; language: Language; roles: Role[] };
  practitioner: Named & { id: string; title: string; specialties: string[] };
  organisation: Organisation;
  csrf_token: string;
  idle_timeout_ms: number;
  expires_ms: number;
  on_duty: boolean;
  time_ms: number;
}
export interface Specialty extends Named {
  code: string;
}
export interface PartnershipRef extends Named {
  id: string;
  mode: string;
  type: string;
  agreement_id?: string;
  agreement_version?: number;
}
export interface Reach {
  allowed: boolean;
  code?: string;
  zh?: string;
  en?: string;
  routes?: { partnership: PartnershipRef; agreement_version: number; organisations: (Named & { id: string; on_duty: number })[] }[];
  expected_wait_ms?: number | null;
}
export interface Patient {
  name?: string;
  sex?: string;
  birth_date?: string;
  age?: string; // in words, when the date of birth is not known
  id_type?: string;
  id_number?: string;
  id_number_masked?: string;
  phone?: string;
  record_no?: string;
  allergy?: string;
  pregnancy?: string;
}
export type VitalSigns = Record<string, string | number>;
export interface Request {
  complaint?: string;
  question?: string;
  present_history?: string;
  past_history?: string;
  examination?: string;
  vital_signs?: VitalSigns | string;
  tests?: string;
  initial_diagnosis?: string;
  treatment?: string;
  wanted_title?: string;
  modality?: string;
}
export interface Person extends Named {
  account: string;
  title: string;
  organisation: Organisation;
}
/* On stage by invitation, or admitted to observe. */
export interface Guest extends Person {
  seat: number;
  present: boolean;
}
export interface Invitee extends Person {
  specialties: string[];
  on_duty: boolean;
}
/* Of a multi-disciplinary consultation. */
export interface Member extends Person {
  specialty: string;
  state: 'asked' | 'given' | 'absent';
  view: 'agree' | 'agree-partly' | 'disagree' | null;
  opinion: string | null;
  absent_reason: string | null;
  at_ms: number;
}
export interface RingState {
  stage: 'candidate' | 'pool' | 'on-call' | 'coordinator' | 'alarm';
  since_ms: number;
  alarms: number;
  rung: number;
}
export interface Consent {
  scope: string;
  party: string;
  given: boolean;
  at_ms: number;
  who?: { relation?: string; name?: string; method?: string } | null;
}
export interface Attachment {
  id: string;
  kind: 'dicom' | 'photo' | 'pdf';
  name: string;
  media_type: string;
  bytes: number;
  sha256: string;
  modality?: string | null;
  description?: string | null;
  rows?: number | null;
  columns?: number | null;
  frames?: number | null;
  window_center?: number | null;
  window_width?: number | null;
  lossy?: boolean;
  study_uid?: string | null;
  series_uid?: string | null;
  at_ms: number;
}
export interface Answer {
  question: string;
  answer?: string | null;
}
export type Certainty = 'confirmed' | 'probable' | 'suspected' | 'excluded';
export interface Diagnosis {
  code?: string | null;
  name_zh: string;
  certainty: Certainty;
}
export interface KeyImage {
  attachment: string;
  frame?: number | null;
  note?: string | null;
}
export interface OpinionTexts {
  findings?: string;
  diagnosis?: string;
  differential?: string;
  treatment?: string;
  further_tests?: string;
  referral_advice?: string;
  urgency?: string;
  disagreement?: string;
}
export interface OpinionBody extends OpinionTexts {
  answers?: Answer[] | null;
  diagnoses?: Diagnosis[] | null;
  critical?: { finding: string } | null;
  key_images?: KeyImage[] | null;
}
export interface DiagnosisCode {
  code: string;
  name_zh: string;
  name_en: string;
}
export interface Finding {
  layer: string;
  ok: boolean;
  what?: string;
  pointer?: string;
  from?: number;
  length?: number;
}
export interface Verification {
  valid: boolean;
  code: string;
  number: string;
  version: number;
  signed_ms: number;
  superseded_by: number | null;
  institution: { name_zh: string; name_en: string };
  patient: string;
  findings: Finding[];
}
export interface Opinion {
  version: number;
  status: 'draft' | 'signed';
  body: OpinionBody;
  author?: Person | (Named & { account?: string }) | null;
  saved_ms?: number;
  amend_reason?: string | null;
  signed_ms?: number | null;
  signature?: string | null;
  public_key?: string | null;
  verified?: boolean | null;
}
export interface Decision {
  adopted: 'yes' | 'partly' | 'no';
  text?: string;
  told_patient?: boolean;
}
export interface Recording {
  id: string;
  part: number;
  state: string;
  media_type?: string | null;
  started_ms: number;
  duration_ms?: number | null;
  bytes?: number | null;
  sha256?: string | null;
  gaps?: unknown[];
  tracks?: unknown[];
}
export interface HistoryRow {
  at_ms: number;
  action: string;
  from_state?: string | null;
  to_state?: string | null;
  actor_zh?: string | null;
  actor_en?: string | null;
  reason_code?: string | null;
}
export interface Summary {
  id: string;
  number: string;
  version: number;
  state: State;
  state_since_ms: number;
  kind: Kind;
  urgency: Urgency;
  specialty: string;
  patient?: Patient | null;
  request?: Request | null;
  complaint?: string;
  patient_name?: string;
  requester?: Person | null;
  consultant?: Person | null;
  deadline_ms?: number | null;
  created_ms?: number;
  submitted_ms?: number | null;
  accepted_ms?: number | null;
  scheduled_from_ms?: number | null;
  scheduled_until_ms?: number | null;
  preliminary_ms?: number | null;
  critical_ms?: number | null;
  critical_due_ms?: number | null;
  critical_known_ms?: number | null;
  archived_ms?: number | null;
  attachments_count?: number;
  actions?: Action[];
  my_role?: MyRole;
  unattended?: 'requester' | 'consultant' | null; // to a coordinator: whose account is closed
}
export interface Consultation extends Summary {
  patient: Patient;
  request: Request;
  requester: Person;
  partnership?: PartnershipRef | null;
  offered_ms?: number | null;
  started_ms?: number | null;
  ended_ms?: number | null;
  signed_ms?: number | null;
  reason_code?: string | null;
  reason_text?: string | null;
  consents: Consent[];
  attachments: Attachment[];
  opinion?: Opinion | null;
  decision?: Decision | null;
  recordings?: Recording[];
  guests?: Guest[];
  observers?: Guest[];
  queue?: { position: number; ahead: number; expected_wait_ms: number | null } | null;
  history?: HistoryRow[];
  consent_deferred?: string | null;
  based_on?: string | null;
  target_organisation?: string | null;
  approval_for?: 'submit' | 'hop' | null;
  follow_up?: { due_ms: number; text: string } | null;
  verifier?: Person | null;
  members?: Member[];
  ring?: RingState | null;
  escalation?: number;
  manifest_sha256?: string | null;
  actions: Action[];
  my_role: MyRole;
}
export interface Upload {
  id: string;
  received: number;
  bytes?: number;
  chunk_bytes?: number;
  state: 'receiving' | 'checking' | 'done' | 'refused';
  refusal?: { code: string; zh: string; en: string };
  attachment?: Attachment | string;
}

export interface LegFigures {
  loss_permille: number;
  rtt_ms: number;
  jitter_ms: number;
  audio_bps: number;
  video_bps: number;
}
export interface SeatQuality {
  seat: number;
  up?: LegFigures | null;
  down?: LegFigures | null;
}
export interface Party extends Named {
  seat: number;
  account: string;
  role: string;
  present: boolean;
  media: 'none' | 'connecting' | 'live' | 'silent';
}
export interface View {
  attachment?: string;
  frame?: number;
  center?: number;
  width?: number;
  pointer?: [number, number];
}
export interface ChatLine {
  seat: number;
  text: string;
  at_ms: number;
}
export interface Overview {
  version: string;
  epoch: string;
  started_ms: number;
  uptime_ms: number;
  connections: number;
  sessions_signed_in: number;
  consultations: Record<string, number>;
  queue: { depth: number; oldest_ms: number | null; by_urgency: Record<string, number> };
  rooms: { consultation: string; recording: boolean; seats: (SeatQuality & { transport?: string | null })[] }[];
  store: { queue: number; commit_p50_ms: number; commit_p99_ms: number };
  recorder: { running: number; dropped: number };
  build?: { libraries?: Record<string, string> };
  health: { name: string; ok: boolean; detail?: string }[];
}
