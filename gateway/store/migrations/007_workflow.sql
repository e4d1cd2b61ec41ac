-- The whole workflow: approval, triage, escalation, appointments, reads, second readers, several opinions, critical values,
-- follow-up, quality review, archive.
ALTER TABLE consultation ADD COLUMN based_on TEXT REFERENCES consultation (id);   -- the earlier one that this one goes on from
ALTER TABLE consultation ADD COLUMN target_organisation_id TEXT REFERENCES organisation (id); -- only that institution is asked
ALTER TABLE consultation ADD COLUMN target_account_id TEXT REFERENCES account (id); -- only that person is asked
ALTER TABLE consultation ADD COLUMN approval_for TEXT;                            -- 'submit', 'hop': what the approver decides
ALTER TABLE consultation ADD COLUMN escalation INTEGER NOT NULL DEFAULT 0;        -- tiers above the first that are asked too
ALTER TABLE consultation ADD COLUMN triaged_ms BIGINT;
ALTER TABLE consultation ADD COLUMN scheduled_from_ms BIGINT;
ALTER TABLE consultation ADD COLUMN scheduled_until_ms BIGINT;
ALTER TABLE consultation ADD COLUMN reschedules INTEGER NOT NULL DEFAULT 0;
ALTER TABLE consultation ADD COLUMN preliminary_ms BIGINT;
ALTER TABLE consultation ADD COLUMN verifier_id TEXT REFERENCES account (id);
ALTER TABLE consultation ADD COLUMN critical_ms BIGINT;                           -- a critical value was reported
ALTER TABLE consultation ADD COLUMN critical_known_ms BIGINT;                     -- the requester has acknowledged it
ALTER TABLE consultation ADD COLUMN follow_up TEXT;                               -- JSON: due_ms, text
ALTER TABLE consultation ADD COLUMN review TEXT;                                  -- 'due', 'done'; NULL: not in the sample
ALTER TABLE consultation ADD COLUMN archived_ms BIGINT;
ALTER TABLE consultation ADD COLUMN manifest_sha256 TEXT;                         -- of the archived record
CREATE INDEX consultation_mine ON consultation (requester_id, state, created_ms);
CREATE INDEX consultation_assigned ON consultation (consultant_id, state, created_ms);
CREATE INDEX consultation_asked ON consultation (requester_organisation_id, state, created_ms);
CREATE INDEX consultation_answers ON consultation (consultant_organisation_id, state, created_ms);
CREATE INDEX consultation_scheduled ON consultation (consultant_id, scheduled_from_ms) WHERE scheduled_from_ms IS NOT NULL;
CREATE INDEX consultation_based_on ON consultation (based_on) WHERE based_on IS NOT NULL;
CREATE INDEX consultation_partnership ON consultation (partnership_id, state);
CREATE INDEX consultation_review ON consultation (review, state) WHERE review IS NOT NULL;
ALTER TABLE consultation_offer ADD COLUMN rung_ms BIGINT NOT NULL DEFAULT 0;      -- last time it rang there; 0 = it only stands in the queue
ALTER TABLE consultation_offer ADD COLUMN on_call INTEGER NOT NULL DEFAULT 0;     -- counts off duty too: the roster says so
CREATE INDEX consultation_offer_rung ON consultation_offer (account_id, rung_ms);
CREATE TABLE consultation_ring (            -- how far the ring chain of an offered consultation has come
    consultation_id TEXT PRIMARY KEY REFERENCES consultation (id),
    stage TEXT NOT NULL CHECK (stage IN ('candidate', 'pool', 'on-call', 'coordinator', 'alarm')),
    at_ms BIGINT NOT NULL,
    alarms INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE consultation_archive (         -- what both institutions keep: every original by its hash
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    sha256 TEXT NOT NULL,
    manifest TEXT NOT NULL,                 -- canonical JSON
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (consultation_id, sha256)
);
CREATE TABLE consultation_member (          -- who takes part in a multi-disciplinary consultation, and what each one thinks
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    specialty TEXT NOT NULL REFERENCES specialty (code),
    state TEXT NOT NULL CHECK (state IN ('asked', 'given', 'absent', 'removed')),
    view TEXT CHECK (view IN ('agree', 'agree-partly', 'disagree')), -- of the synthesis
    opinion TEXT,                           -- JSON: text
    absent_reason TEXT,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (consultation_id, account_id)
);
CREATE INDEX consultation_member_account ON consultation_member (account_id, state);
CREATE TABLE quality_review (
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    reviewer_id TEXT NOT NULL REFERENCES account (id),
    result TEXT NOT NULL CHECK (result IN ('good', 'acceptable', 'poor')),
    remarks TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (consultation_id, reviewer_id, at_ms)
);
CREATE INDEX consultation_answers_newest ON consultation (consultant_organisation_id, created_ms); -- history of an institution
-- Who can answer: by specialty, by institution.
CREATE INDEX practitioner_specialty_of ON practitioner_specialty (specialty, practitioner_id);
CREATE INDEX practitioner_organisation ON practitioner (organisation_id);
CREATE INDEX account_practitioner ON account (practitioner_id);
CREATE INDEX partnership_member_of ON partnership_member (organisation_id);
-- Places in the queue, counts of the rounds, the sample of an institution.
CREATE INDEX consultation_waiting ON consultation (specialty, urgency, deadline_ms, submitted_ms, id) WHERE state = 'offered';
CREATE INDEX consultation_count ON consultation (state, partnership_mode, urgency);
CREATE INDEX consultation_review_asked ON consultation (requester_organisation_id, created_ms) WHERE review = 'due';
CREATE INDEX consultation_review_answers ON consultation (consultant_organisation_id, created_ms) WHERE review = 'due';
