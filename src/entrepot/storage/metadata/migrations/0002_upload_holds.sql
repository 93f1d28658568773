-- Holds on uploads whose bytes lie in object storage, and the uploads that own what lies there.

CREATE TABLE upload_hold (
    blob_key TEXT NOT NULL,
    holder TEXT NOT NULL,
    held_until BIGINT NOT NULL,
    PRIMARY KEY (blob_key)
);
CREATE INDEX upload_hold_by_end ON upload_hold (held_until);
CREATE INDEX upload_by_blob_key ON upload (blob_key);
