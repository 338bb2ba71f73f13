# Finds files of locked packages on indexes, and writes their addresses.
set -e
python=$(command -v python3 || command -v python) || {
    echo "pybuild: this base image has no python3 to ask an index with; set [python] build-base" >&2
    exit 1
}
exec "$python" /run/pybuild/locate.py
