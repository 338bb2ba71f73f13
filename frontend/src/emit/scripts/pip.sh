set -e
# The base image's own Python, even where the environment is on the PATH already.
PATH=${PATH#/venv/bin:}
python=$(command -v python3 || command -v python)
if [ -x /venv/bin/pip ]; then
    /venv/bin/python -m pip "$@"
else
    "$python" -m pip --python /venv/bin/python "$@"
fi
/venv/bin/python -W ignore /run/pybuild/compile.py /venv/lib /venv/lib
