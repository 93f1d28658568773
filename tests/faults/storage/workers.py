"""Processes that are killed: each is forked from one that has imported the program, and is started once."""

import multiprocessing

WORKERS = multiprocessing.get_context("forkserver")
WORKERS.set_forkserver_preload(["tests.faults.storage.preloaded"])
