# Bytecode for every module that has none, beside it, without a look at time stamps when it is loaded: it stays
# valid wherever the files are copied. Files that do not compile are some packages' test data.
import importlib.util
import multiprocessing
import os
import py_compile
import sys
from concurrent.futures import ProcessPoolExecutor

root, final = sys.argv[1:3]


def compile_one(path):
    try:
        py_compile.compile(
            path,
            dfile=final + path[len(root) :],
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    except Exception:
        pass


def missing():
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(".py") and not os.path.exists(importlib.util.cache_from_source(path)):
                yield path


# Only forked processes know a function that stands in no file.
with ProcessPoolExecutor(mp_context=multiprocessing.get_context("fork")) as pool:
    for _ in pool.map(compile_one, sorted(missing()), chunksize=16):
        pass
