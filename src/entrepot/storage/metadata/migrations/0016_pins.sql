-- Images that are kept: those that somebody pinned, and those that clusters say they run.
-- serves: 0006

-- The registry and the name stand here once more, so that the pins of a whole registry are one stretch.
CREATE TABLE image_pin (
    repository_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    repository_name TEXT NOT NULL,
    pinned_by TEXT NOT NULL,
    pinned_at BIGINT NOT NULL,
    reason TEXT,
    until BIGINT,
    PRIMARY KEY (repository_id, digest)
);
CREATE INDEX image_pin_of_registry ON image_pin (account, region, repository_name, digest);

CREATE TABLE usage_report (
    id TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    cluster TEXT NOT NULL,
    version TEXT NOT NULL,
    reported_by TEXT NOT NULL,
    reported_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    images BIGINT NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX usage_report_by_cluster ON usage_report (account, region, cluster);
CREATE INDEX usage_report_by_end ON usage_report (expires_at, id);

CREATE TABLE image_use (
    repository_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    report_id TEXT NOT NULL,
    PRIMARY KEY (repository_id, digest, report_id)
);
CREATE INDEX image_use_of_report ON image_use (report_id, repository_id, digest);
