-- Users and roles whose pulls do not count as the last pull of an image.
-- serves: 0006

CREATE TABLE pull_time_exclusion (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    principal_arn TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account, region, principal_arn)
);
