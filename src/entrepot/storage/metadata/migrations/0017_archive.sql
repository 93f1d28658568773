-- Images that are archived or on their way back, the held layers that only those use, and the blobs that lie
-- in the archive tier. A program that does not know them would hand out archived images, and look for archived
-- layers where they are not, so none of the release before may serve on the result.

ALTER TABLE image ADD COLUMN status TEXT;
ALTER TABLE image ADD COLUMN archived_at BIGINT;
ALTER TABLE image ADD COLUMN activated_at BIGINT;
CREATE INDEX image_by_status ON image (repository_id, status, digest);

ALTER TABLE held_layer ADD COLUMN archived_at BIGINT;

ALTER TABLE blob ADD COLUMN packing TEXT;
ALTER TABLE blob ADD COLUMN packed_bytes BIGINT;

CREATE TABLE tier_move (
    blob_key TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    copy_key TEXT,
    PRIMARY KEY (blob_key)
);
CREATE INDEX tier_move_by_time ON tier_move (due_at, blob_key);
