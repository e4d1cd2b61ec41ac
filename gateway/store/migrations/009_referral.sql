-- Two-way referral: up for what is beyond the institution, down for recovery; accepted by the receiving institution, and answered.
CREATE TABLE department (                   -- that receives referred patients
    organisation_id TEXT NOT NULL REFERENCES organisation (id),
    code TEXT NOT NULL,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (organisation_id, code)
);
CREATE TABLE referral (
    id TEXT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,            -- for people: R-YYYYMMDD-NNNN
    version BIGINT NOT NULL,                -- rises with each change; ETag
    state TEXT NOT NULL,                    -- gateway/referral/referral_fsm.def
    state_since_ms BIGINT NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('up', 'down')),
    urgency TEXT NOT NULL CHECK (urgency IN ('routine', 'urgent')),
    consultation_id TEXT REFERENCES consultation (id), -- the one it came from; NULL = none
    based_on TEXT REFERENCES referral (id), -- the referral up that this one down answers, and the other way round
    from_organisation_id TEXT NOT NULL REFERENCES organisation (id),
    to_organisation_id TEXT REFERENCES organisation (id), -- NULL only in a draft
    department TEXT,                        -- code of the receiving department
    partnership_id TEXT REFERENCES partnership (id), -- set by send, as the next two
    agreement_id TEXT REFERENCES agreement (id),
    agreement_version INTEGER,
    created_by TEXT NOT NULL REFERENCES account (id),
    handled_by TEXT REFERENCES account (id),
    patient TEXT NOT NULL,                  -- JSON, as in consultation
    patient_key TEXT NOT NULL,              -- SHA-256 of the identity, to find one person's way; tells nobody
    body TEXT NOT NULL,                     -- JSON: reason_code, summary, diagnosis, done[] (tests and images, not to be repeated), treatment, wishes, consent
    place_id TEXT,                          -- held or taken for this patient
    answer TEXT,                            -- JSON of the return message: outcome, diagnosis, treatment, advice, follow-up
    reason_code TEXT,
    reason_text TEXT,
    deadline_ms BIGINT,
    appointment_ms BIGINT,                  -- when the patient is expected
    created_ms BIGINT NOT NULL,
    sent_ms BIGINT,
    accepted_ms BIGINT,
    arrived_ms BIGINT,
    closed_ms BIGINT,
    acknowledged_ms BIGINT                  -- the sender has read the return message
);
CREATE INDEX referral_from ON referral (from_organisation_id, state, created_ms);
CREATE INDEX referral_to ON referral (to_organisation_id, state, created_ms);
CREATE INDEX referral_author ON referral (created_by, state, created_ms);
CREATE INDEX referral_consultation ON referral (consultation_id);
CREATE INDEX referral_based_on ON referral (based_on) WHERE based_on IS NOT NULL;
CREATE INDEX referral_patient ON referral (patient_key, created_ms);
CREATE TABLE place (                        -- a bed or an hour of the out-patient clinic that can be given to one referred patient
    id TEXT PRIMARY KEY,
    organisation_id TEXT NOT NULL,
    department TEXT NOT NULL,
    code TEXT NOT NULL,                     -- as the institution calls it: bed 12, Monday 9:00
    kind TEXT NOT NULL CHECK (kind IN ('bed', 'clinic')),
    from_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    reserved_for_referred INTEGER NOT NULL, -- senders see and hold these alone
    state TEXT NOT NULL CHECK (state IN ('free', 'held', 'taken')),
    referral_id TEXT REFERENCES referral (id), -- whose it is while held or taken
    version BIGINT NOT NULL,
    UNIQUE (organisation_id, department, code),
    FOREIGN KEY (organisation_id, department) REFERENCES department (organisation_id, code),
    CHECK (until_ms > from_ms),
    CHECK ((state = 'free') = (referral_id IS NULL))
);
CREATE INDEX place_free ON place (organisation_id, department, state, from_ms);
CREATE TABLE referral_number (              -- of the day, for R-YYYYMMDD-NNNN
    day TEXT PRIMARY KEY,
    last INTEGER NOT NULL
);
CREATE TABLE referral_timer (
    referral_id TEXT NOT NULL REFERENCES referral (id),
    kind TEXT NOT NULL,
    due_ms BIGINT NOT NULL,
    PRIMARY KEY (referral_id, kind)
);
CREATE INDEX referral_timer_due ON referral_timer (due_ms);
CREATE TABLE referral_step (                -- what happened to it, as its page and the patient's way show it; the proof is the audit trail
    referral_id TEXT NOT NULL REFERENCES referral (id),
    seq INTEGER NOT NULL,
    at_ms BIGINT NOT NULL,
    event TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    actor_id TEXT REFERENCES account (id),  -- NULL: the system
    reason_code TEXT,
    reason_text TEXT,
    department TEXT,
    PRIMARY KEY (referral_id, seq)
);
CREATE TABLE referral_reading (             -- who looks at it: a new audit row when the last look is long ago
    referral_id TEXT NOT NULL REFERENCES referral (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    last_ms BIGINT NOT NULL,
    PRIMARY KEY (referral_id, account_id)
);
