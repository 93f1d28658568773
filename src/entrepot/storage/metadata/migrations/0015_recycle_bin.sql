-- The recycle bin, what happened to tags, and which repositories nobody may delete. An image in the bin keeps
-- its rows under the id of its repository's bin; a repository in the bin keeps them as they are. A program
-- that does not know the last table would delete what is protected, so none of the release before may serve
-- on the result.

CREATE TABLE deleted_image (
    repository_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    tags TEXT NOT NULL,
    deleted_at BIGINT NOT NULL,
    deleted_by TEXT,
    rule_priority BIGINT,
    kept_until BIGINT NOT NULL,
    PRIMARY KEY (repository_id, digest)
);
CREATE INDEX deleted_image_by_time ON deleted_image (repository_id, deleted_at, digest);
CREATE INDEX deleted_image_of_registry ON deleted_image (account, region, repository_id, digest);
CREATE INDEX deleted_image_by_end ON deleted_image (kept_until);

CREATE TABLE deleted_repository (
    id TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    mutability TEXT NOT NULL,
    mutability_filters TEXT NOT NULL,
    scan_on_push BIGINT NOT NULL,
    encryption_type TEXT NOT NULL,
    kms_key TEXT,
    deleted_at BIGINT NOT NULL,
    deleted_by TEXT,
    kept_until BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX deleted_repository_by_time ON deleted_repository (account, region, deleted_at, id);
CREATE INDEX deleted_repository_by_name ON deleted_repository (account, region, name, deleted_at, id);
CREATE INDEX deleted_repository_by_end ON deleted_repository (kept_until);

CREATE TABLE tag_event (
    repository_id TEXT NOT NULL,
    id TEXT NOT NULL,
    tag TEXT NOT NULL,
    change TEXT NOT NULL,
    digest TEXT,
    previous_digest TEXT,
    principal_arn TEXT,
    rule_priority BIGINT,
    PRIMARY KEY (repository_id, id)
);
CREATE INDEX tag_event_by_tag ON tag_event (repository_id, tag, id);

CREATE TABLE deletion_protection (
    repository_id TEXT NOT NULL,
    protected_at BIGINT NOT NULL,
    protected_by TEXT,
    PRIMARY KEY (repository_id)
);
