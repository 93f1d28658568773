-- Orders of repositories by what they hold and how they are used, and of images by their pulls (decision 34).
-- A job writes the totals, and pulls are written once a minute: none of it is written by the request itself.
-- serves: 0018

CREATE INDEX repository_total_by_images ON repository_total (account, region, images, repository_id);
CREATE INDEX repository_total_by_push ON repository_total (account, region, pushed_at, repository_id);
CREATE INDEX repository_total_by_pull ON repository_total (account, region, pulled_at, repository_id);
CREATE INDEX image_by_pulls ON image (repository_id, pulls, digest);
