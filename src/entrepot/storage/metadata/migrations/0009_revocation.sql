-- The number that the registry tokens of a key carry, which sessions are the console's, and the keys of an
-- account and of a principal in the order of their ids. A program that does not know the number would take
-- tokens that were revoked, so none of the release before may serve on the result.

ALTER TABLE access_key ADD COLUMN token_number BIGINT;
ALTER TABLE access_key ADD COLUMN session_kind TEXT;
CREATE INDEX access_key_of_account ON access_key (account, id);
CREATE INDEX access_key_by_principal ON access_key (principal_arn, id);
