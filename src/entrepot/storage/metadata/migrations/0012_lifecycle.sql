-- Lifecycle policies, and previews of what one would do. A program that knows neither leaves both alone.
-- serves: 0006

CREATE TABLE lifecycle_policy (
    repository_id TEXT NOT NULL,
    document TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    last_evaluated_at BIGINT,
    PRIMARY KEY (repository_id)
);
CREATE INDEX lifecycle_policy_by_turn ON lifecycle_policy (due_at, repository_id);

CREATE TABLE lifecycle_preview (
    repository_id TEXT NOT NULL,
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    expiring BIGINT NOT NULL,
    transitioning BIGINT NOT NULL,
    PRIMARY KEY (repository_id)
);
CREATE INDEX lifecycle_preview_by_start ON lifecycle_preview (started_at, repository_id);

CREATE TABLE lifecycle_preview_result (
    repository_id TEXT NOT NULL,
    preview_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    digest TEXT NOT NULL,
    tags TEXT NOT NULL,
    tagged BIGINT NOT NULL,
    pushed_at BIGINT NOT NULL,
    storage_class TEXT NOT NULL,
    action TEXT NOT NULL,
    priority BIGINT NOT NULL,
    PRIMARY KEY (repository_id, preview_id, position)
);
CREATE INDEX preview_result_by_digest ON lifecycle_preview_result (repository_id, preview_id, digest);
CREATE INDEX preview_result_by_tagged ON lifecycle_preview_result (repository_id, preview_id, tagged, position);
