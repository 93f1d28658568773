-- How much repositories hold and how they are used: what each transaction changed, what that adds up to,
-- and a point for each day. A program that knows none of it leaves it alone, and changes images without
-- saying so here: every repository is counted anew once a day.
-- serves: 0006

ALTER TABLE image ADD COLUMN pulls BIGINT;

-- How often a tag was pointed elsewhere: 0 tells a statement that it made the tag.
ALTER TABLE tag ADD COLUMN moves BIGINT;

CREATE TABLE repository_change (
    repository_id TEXT NOT NULL,
    id TEXT NOT NULL,
    images BIGINT NOT NULL,
    tags BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    pulls BIGINT NOT NULL,
    pushed_at BIGINT NOT NULL,
    pulled_at BIGINT NOT NULL,
    PRIMARY KEY (repository_id, id)
);

CREATE TABLE repository_total (
    repository_id TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    images BIGINT NOT NULL,
    tags BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    pulls BIGINT NOT NULL,
    pushed_at BIGINT NOT NULL,
    pulled_at BIGINT NOT NULL,
    counts BIGINT NOT NULL,
    counted_at BIGINT NOT NULL,
    unique_bytes BIGINT,
    unique_at BIGINT NOT NULL,
    unique_due_at BIGINT NOT NULL,
    PRIMARY KEY (repository_id)
);
CREATE INDEX repository_total_by_size ON repository_total (account, region, size_bytes, repository_id);
CREATE INDEX repository_total_by_pulls ON repository_total (account, region, pulls, size_bytes, repository_id);
CREATE INDEX repository_total_by_due ON repository_total (unique_due_at, repository_id);

CREATE TABLE registry_total (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    repositories BIGINT NOT NULL,
    images BIGINT NOT NULL,
    tags BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    pulls BIGINT NOT NULL,
    added_up_at BIGINT NOT NULL,
    stored_bytes BIGINT,
    shared_bytes BIGINT,
    stored_at BIGINT NOT NULL,
    PRIMARY KEY (account, region)
);

CREATE TABLE repository_day (
    repository_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    images BIGINT NOT NULL,
    tags BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    pulls BIGINT NOT NULL,
    PRIMARY KEY (repository_id, day)
);
CREATE INDEX repository_day_by_day ON repository_day (day, repository_id);

CREATE TABLE registry_day (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    day BIGINT NOT NULL,
    repositories BIGINT NOT NULL,
    images BIGINT NOT NULL,
    tags BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    pulls BIGINT NOT NULL,
    stored_bytes BIGINT,
    PRIMARY KEY (account, region, day)
);
