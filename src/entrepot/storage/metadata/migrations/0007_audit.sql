-- What was changed and refused, by whom. Ids sort by time, so the key alone pages through an account's
-- events. A program that does not know the table would change things and write no event, so none of the
-- release before may serve on the result.

CREATE TABLE audit_event (
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    region TEXT NOT NULL,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    username TEXT NOT NULL,
    access_key_id TEXT NOT NULL,
    is_read_only BIGINT NOT NULL,
    resources TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (account, id)
);
