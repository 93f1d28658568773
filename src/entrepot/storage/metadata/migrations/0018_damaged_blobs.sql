-- Since when a blob's bytes are known to be damaged or gone: nobody is given them, and the next push of the
-- same content takes their place. The release before answers such a blob as it always did, with a failure.
-- serves: 0009

ALTER TABLE blob ADD COLUMN damaged_at BIGINT;
