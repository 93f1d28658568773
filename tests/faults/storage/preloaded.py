"""What the fork server has before it forks a worker: the program, and botocore's models read by it.

Reading them takes a third of a second, which each of the workers would take anew.
"""

from contextlib import closing

from entrepot.storage.blobs.locations import Bucket as Location
from entrepot.storage.blobs.s3.bucket import Bucket
from tests.faults.storage import archive_worker, crash_worker

__all__ = ["archive_worker", "crash_worker"]

with closing(Bucket(Location("none", "", "http://127.0.0.1", "us-east-1"))):
    pass
