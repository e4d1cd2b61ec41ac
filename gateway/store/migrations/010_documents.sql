-- Coded diagnoses, and the printed form of a signed opinion with its verification code.
CREATE TABLE diagnosis_code (               -- ICD-10, imported by consultctl
    code TEXT PRIMARY KEY,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE document (                     -- the PDF of one signed version, made once
    id TEXT PRIMARY KEY,
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    opinion_version INTEGER NOT NULL,
    verification_code TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL,                   -- of the PDF; names the blob
    bytes BIGINT NOT NULL,
    made_ms BIGINT NOT NULL,
    UNIQUE (consultation_id, opinion_version)
);
