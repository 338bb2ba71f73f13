# Compiles the files that standard input names to code objects with an unchecked hash (PEP 552).
#
# Reads pairs of a file and the path that tracebacks show, each ended by a NUL. Writes blocks of a four-byte
# little-endian length and as many bytes: the cache tag, the version, then one for each file, empty if it has no code.
import sys

# The folder that the process runs in must not lend us its modules.
sys.path[:] = [entry for entry in sys.path if entry]

import importlib.util
import marshal
import os


def put(block):
    sys.stdout.buffer.write(len(block).to_bytes(4, "little"))
    sys.stdout.buffer.write(block)


def compiled(file, shown):
    with open(file, "rb") as opened:
        source = opened.read()
    try:
        code = compile(source, os.fsdecode(shown), "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError):
        return b""
    header = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(source)
    return header + marshal.dumps(code)


names = sys.stdin.buffer.read().split(b"\0")
put(sys.implementation.cache_tag.encode())
threads = "t" if "t" in getattr(sys, "abiflags", "") else ""
put("{}.{}{}".format(sys.version_info[0], sys.version_info[1], threads).encode())
for file, shown in zip(names[::2], names[1::2]):
    put(compiled(file, shown))
