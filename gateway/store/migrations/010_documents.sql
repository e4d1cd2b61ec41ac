-- Coded diagnoses, and the printed form of a signed opinion with its verification code.
CREATE TABLE diagnosis_code (               -- ICD-10, imported by consultctl
    code TEXT PRIMARY KEY,
    name_zh TEXT NOT NULL,
    name_en TEXT NOT NULL,
    search TEXT NOT NULL,                   -- both names in lower case: what a search looks through
    active INTEGER NOT NULL DEFAULT 1       -- 0 = not in the last import: stands in old opinions, is not offered any more
);
CREATE TABLE account_key (                  -- who signs in person; the private half lies in the key folder, never here
    account_id TEXT PRIMARY KEY REFERENCES account (id),
    public_key TEXT NOT NULL,               -- Ed25519, hex
    made_ms BIGINT NOT NULL
);
ALTER TABLE opinion ADD COLUMN signer_signature TEXT; -- Ed25519 of the person over canonical, hex; NULL: format consult-opinion-1
ALTER TABLE opinion ADD COLUMN identity_salt TEXT;    -- of patient.identity_sha256; not in the record, so that nobody can guess the number from it
CREATE TABLE document (                     -- the PDF of one signed version, made when it is first asked for
    id TEXT PRIMARY KEY,
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    opinion_version INTEGER NOT NULL,
    edition INTEGER NOT NULL,               -- 0 = the opinion; 1 = with the requester's own decision
    verification_code TEXT NOT NULL,        -- for people; the same for both editions of a version
    sha256 TEXT NOT NULL,                   -- of the PDF; names the blob
    bytes BIGINT NOT NULL,
    made_ms BIGINT NOT NULL,
    UNIQUE (consultation_id, opinion_version, edition)
);
CREATE INDEX document_code ON document (verification_code);
CREATE INDEX document_sha256 ON document (sha256);
