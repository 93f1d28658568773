-- A single row with a random number: as long as it stands, what nodes keep of keys, repositories and
-- settings in memory is true. A program that does not know it would change those rows and say nothing,
-- so none may serve beside those that do.

CREATE TABLE revision (
    id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (id)
);
