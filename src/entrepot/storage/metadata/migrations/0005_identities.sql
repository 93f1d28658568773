-- Users, groups and roles of an account, their policies, and what is known of sessions and keys beside
-- the access key itself. Names are unique whatever their case, so `name_key` is the name in lower case.

CREATE TABLE iam_identity (
    id TEXT NOT NULL,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    name_key TEXT NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    tags TEXT NOT NULL,
    boundary TEXT,
    trust_policy TEXT,
    description TEXT,
    max_session_seconds BIGINT,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX identity_by_name ON iam_identity (account, kind, name_key);
CREATE INDEX identity_by_boundary ON iam_identity (boundary, id);

CREATE TABLE group_member (
    user_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    PRIMARY KEY (user_id, group_id)
);
CREATE INDEX group_member_by_group ON group_member (group_id, user_id);

CREATE TABLE inline_policy (
    identity_id TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (identity_id, name)
);

CREATE TABLE managed_policy (
    arn TEXT NOT NULL,
    id TEXT NOT NULL,
    account TEXT NOT NULL,
    name_key TEXT NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    description TEXT,
    default_version BIGINT NOT NULL,
    newest_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    tags TEXT NOT NULL,
    PRIMARY KEY (arn)
);
CREATE UNIQUE INDEX managed_policy_by_name ON managed_policy (account, name_key);

CREATE TABLE policy_version (
    policy_arn TEXT NOT NULL,
    number BIGINT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (policy_arn, number)
);

CREATE TABLE policy_attachment (
    identity_id TEXT NOT NULL,
    policy_arn TEXT NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (identity_id, policy_arn)
);
CREATE INDEX policy_attachment_by_policy ON policy_attachment (account, policy_arn, identity_id);

CREATE TABLE oidc_provider (
    account TEXT NOT NULL,
    url TEXT NOT NULL,
    client_ids TEXT NOT NULL,
    thumbprints TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    tags TEXT NOT NULL,
    PRIMARY KEY (account, url)
);

CREATE TABLE session_terms (
    access_key_id TEXT NOT NULL,
    identity_id TEXT NOT NULL,
    is_limited BIGINT NOT NULL,
    policies TEXT NOT NULL,
    policy_arns TEXT NOT NULL,
    tags TEXT NOT NULL,
    transitive_tags TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (access_key_id)
);
CREATE INDEX session_terms_by_expiry ON session_terms (expires_at);

CREATE TABLE access_key_use (
    access_key_id TEXT NOT NULL,
    used_at BIGINT NOT NULL,
    service TEXT NOT NULL,
    region TEXT NOT NULL,
    PRIMARY KEY (access_key_id)
);
