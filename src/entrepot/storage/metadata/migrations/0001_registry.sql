-- The rows of the registry. Times are microseconds since 1970 UTC, lists and maps are JSON text,
-- ids are made by the program.

CREATE TABLE account (
    id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE setting (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (account, region, name)
);

CREATE TABLE root_key_check (
    version BIGINT NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (version)
);

CREATE TABLE access_key (
    id TEXT NOT NULL,
    account TEXT NOT NULL,
    principal_arn TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    sealed_secret BYTEA NOT NULL,
    session_token_sha256 BYTEA,
    active BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    issued_by TEXT,
    PRIMARY KEY (id)
);
CREATE INDEX access_key_of_principal ON access_key (principal_arn, created_at, id);
CREATE INDEX access_key_by_issuer ON access_key (issued_by);
CREATE INDEX access_key_by_expiry ON access_key (expires_at);

CREATE TABLE signing_key (
    kid TEXT NOT NULL,
    sealed_secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (kid)
);

CREATE TABLE repository (
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
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX repository_by_name ON repository (account, region, name);

CREATE TABLE resource_tag (
    repository_id TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    tag_value TEXT NOT NULL,
    PRIMARY KEY (repository_id, tag_key)
);

CREATE TABLE image (
    repository_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    artifact_type TEXT,
    manifest_bytes BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    subject_digest TEXT,
    annotations TEXT NOT NULL,
    pushed_at BIGINT NOT NULL,
    last_pulled_at BIGINT,
    PRIMARY KEY (repository_id, digest)
);
CREATE INDEX image_by_subject ON image (repository_id, subject_digest, digest);

CREATE TABLE manifest (
    repository_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (repository_id, digest)
);

CREATE TABLE tag (
    repository_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    pointed_at BIGINT NOT NULL,
    PRIMARY KEY (repository_id, tag)
);
CREATE INDEX tag_by_digest ON tag (repository_id, digest, tag);

CREATE TABLE image_layer (
    repository_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    blob_digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    PRIMARY KEY (repository_id, digest, blob_digest)
);
CREATE INDEX image_layer_by_blob ON image_layer (repository_id, blob_digest, digest);

CREATE TABLE image_child (
    repository_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    child_digest TEXT NOT NULL,
    PRIMARY KEY (repository_id, digest, child_digest)
);
CREATE INDEX image_child_by_child ON image_child (repository_id, child_digest, digest);

CREATE TABLE blob (
    blob_key TEXT NOT NULL,
    digest TEXT NOT NULL,
    encryption_key TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    wrapped_key BYTEA,
    created_at BIGINT NOT NULL,
    marked_at BIGINT,
    PRIMARY KEY (blob_key)
);
CREATE UNIQUE INDEX blob_by_digest ON blob (digest, encryption_key);
CREATE INDEX blob_by_mark ON blob (marked_at, blob_key);

CREATE TABLE held_layer (
    repository_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    blob_key TEXT NOT NULL,
    held_at BIGINT NOT NULL,
    PRIMARY KEY (repository_id, digest)
);
CREATE INDEX held_layer_by_blob ON held_layer (blob_key, repository_id);

CREATE TABLE upload (
    id TEXT NOT NULL,
    repository_id TEXT NOT NULL,
    principal_arn TEXT NOT NULL,
    blob_key TEXT NOT NULL,
    encryption_key TEXT NOT NULL,
    wrapped_key BYTEA,
    offset_bytes BIGINT NOT NULL,
    shortest_part_bytes BIGINT,
    last_part_bytes BIGINT,
    sha256_state BYTEA NOT NULL,
    store_state BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    touched_at BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX upload_by_touch ON upload (touched_at, id);
CREATE INDEX upload_by_repository ON upload (repository_id, id);

CREATE TABLE trash (
    blob_key TEXT NOT NULL,
    thrown_at BIGINT NOT NULL,
    PRIMARY KEY (blob_key)
);
CREATE INDEX trash_by_time ON trash (thrown_at, blob_key);

CREATE TABLE job (
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    unique_key TEXT NOT NULL,
    payload TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    leased_until BIGINT,
    lease TEXT,
    attempts BIGINT NOT NULL,
    last_error TEXT,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX job_by_unique_key ON job (kind, unique_key);
CREATE INDEX job_by_time ON job (run_at, id);
