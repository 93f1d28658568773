-- Policies of repositories and of registries. A program that does not know them would not see what they
-- deny, so none of the release before may serve on the result.

CREATE TABLE repository_policy (
    repository_id TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (repository_id)
);

CREATE TABLE registry_policy (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, region)
);
