-- A single row with a random number: as long as it stands, what nodes keep of keys, repositories and
-- settings in memory is true.

CREATE TABLE revision (
    id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (id)
);
