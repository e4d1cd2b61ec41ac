-- What a partnership and its agreement ask for (gateway/partnership/terms.h), and the roles that this work needs.
CREATE TABLE account_role_new (
    account_id TEXT NOT NULL REFERENCES account (id),
    role TEXT NOT NULL CHECK (role IN ('clinician', 'specialist', 'coordinator', 'operator', 'admin',
                                       'approver', 'manager', 'reviewer', 'referrals')),
    PRIMARY KEY (account_id, role)
);
INSERT INTO account_role_new (account_id, role) SELECT account_id, role FROM account_role;
DROP TABLE account_role;
ALTER TABLE account_role_new RENAME TO account_role;
-- The three switches; NULL = as the type has it (close: continuous, pooled, lead; loose: released, per-service, each-hop).
ALTER TABLE partnership ADD COLUMN record_scope TEXT CHECK (record_scope IN ('continuous', 'released'));
ALTER TABLE partnership ADD COLUMN money TEXT CHECK (money IN ('pooled', 'per-service'));
ALTER TABLE partnership ADD COLUMN governance TEXT CHECK (governance IN ('lead', 'each-hop'));
ALTER TABLE partnership ADD COLUMN version BIGINT NOT NULL DEFAULT 1; -- rises with each change; ETag
ALTER TABLE agreement ADD COLUMN terms TEXT NOT NULL DEFAULT '{}';    -- JSON: see gateway/partnership/terms.h
