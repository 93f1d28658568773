-- Moving a registry between stores: copies of blobs that are not known to be whole yet, and, in a database
-- that rows are copied into, where they come from and whether all of them are there.

CREATE TABLE blob_copy (
    target TEXT NOT NULL,
    blob_key TEXT NOT NULL,
    noted_at BIGINT NOT NULL,
    PRIMARY KEY (target, blob_key)
);

CREATE TABLE row_copy (
    id BIGINT NOT NULL,
    source TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    finished_at BIGINT,
    fingerprint TEXT,
    PRIMARY KEY (id)
);
